"""A user of Claude Code holds texts from other programs, those of the session's server included."""

from __future__ import annotations

import json
import os

from e2e.clients.claude import ClaudeCode
from e2e.clients.doors import Door, screen, serve_doors
from e2e.clients.stage import stage, until


def main() -> None:
    """Report what the door says, and what becomes of a text that is posted all the same."""
    serve_doors()
    with stage() as scene:
        client = ClaudeCode(scene)
        with open(os.path.expanduser("~/.claude/settings.json"), "w", encoding="utf-8") as file:
            json.dump({"crossSessionInbound": "hold"}, file)
        client.show("Wait for mail.")
        client.mind.call("get_my_session")
        client.mind.say("Waiting.")
        door = Door("claude")
        scene.facts["offered"] = door.offer("a nudge")
        turns = len(client.mind.turns)
        scene.facts["posted"] = door.offer("!a nudge all the same")
        until(lambda: "Held peer message" in screen("claude"), "the client tells its user")
        scene.facts["turns"] = len(client.mind.turns) - turns


if __name__ == "__main__":
    main()
