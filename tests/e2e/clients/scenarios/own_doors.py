"""A session's own server brings a text to its client, which is idle or busy on a screen."""

from __future__ import annotations

import os
import time
from typing import Any, Final

from e2e.clients import door_server
from e2e.clients.claude import ClaudeCode
from e2e.clients.codex import Codex
from e2e.clients.doors import Door, arrival, screen, serve_doors
from e2e.clients.stage import Stage, stage, until
from oxtail.wake.claude_inbox import TOKEN_VARIABLE

IDLE_SIGNS: Final = {"claude": "auto mode on", "codex": "Ask Codex"}


def idle(name: str) -> None:
    """Wait until the client shows an empty input line and no work."""
    sign = IDLE_SIGNS[name]
    until(
        lambda: sign in (seen := screen(name)) and "esc to interrupt" not in seen, f"{name} is idle"
    )


def play(scene: Stage, client: ClaudeCode | Codex) -> None:
    """Report what becomes of a text that is offered to an idle and to a busy client."""
    name, mind, door = client.name, client.mind, Door(client.name)
    client.show("Wait for mail.")
    mind.call("get_my_session")
    mind.say("Waiting.")
    idle(name)
    facts: dict[str, dict[str, Any]] = {}
    for number in range(4):
        text = f"nudge {number} about {os.urandom(4).hex()}"
        facts[f"idle {number}"] = arrival(mind, door.offer(text), text)
        mind.say("Seen.")
        idle(name)

    first = f"nudge a about {os.urandom(4).hex()}"
    second = f"nudge b about {os.urandom(4).hex()}"
    door.offer(first)
    mind.turn()
    busy = door.offer(second)
    time.sleep(0.5)  # the client may take it now or after the turn; both are reported
    mind.use("get_my_session")
    facts["busy"] = arrival(mind, busy, second)
    mind.say("Turn ends.")
    if not facts["busy"]["seen"]:
        facts["after the turn"] = arrival(mind, busy, second)
        mind.say("Seen.")
    idle(name)
    scene.facts[name] = facts


def main() -> None:
    """Report arrivals, and what the doors traced about them."""
    serve_doors()
    with stage() as scene:
        for client in (ClaudeCode(scene), Codex(scene)):
            play(scene, client)
        with open(f"{door_server.FOLDER}/trace", encoding="utf-8") as file:
            trace = file.read()
        scene.facts["events"] = trace.count("own_door_offered")
        scene.facts["token is traced"] = any(token in trace for token in _tokens())


def _tokens() -> set[str]:
    """Return the tokens of all inboxes, from the environments of the processes that have one."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                variables = file.read().split(b"\0")
        except OSError:
            continue
        for one in variables:
            name, _, value = one.decode(errors="replace").partition("=")
            if name == TOKEN_VARIABLE and value:
                found.add(value)
    assert found
    return found


if __name__ == "__main__":
    main()
