"""After ``/clear`` the hooks carry a new session id: the server follows, and old mail is read."""

from __future__ import annotations

import os
import subprocess

from e2e.clients.claude import ClaudeCode
from e2e.clients.hooks import hooked, marker, seen, send
from e2e.clients.stage import PLAIN, stage, until

EMPTY = "auto mode on"


def tmux(*arguments: str) -> str:
    """Run one tmux command on the scenario's server."""
    done = subprocess.run(
        ["tmux", "-f", "/dev/null", *arguments], env=PLAIN, capture_output=True, text=True
    )
    return done.stdout


def screen(name: str) -> str:
    """Return what the client shows."""
    return tmux("capture-pane", "-p", "-t", f"={name}:")


def idle(name: str) -> None:
    """Wait until the client shows an empty input line and no work."""
    until(lambda: EMPTY in (now := screen(name)) and "esc to interrupt" not in now, "it is idle")


def enter(name: str, text: str) -> None:
    """Type *text* as the user would."""
    tmux("send-keys", "-t", f"={name}:", "-l", text)
    tmux("send-keys", "-t", f"={name}:", "Enter")


def main() -> None:
    """Report who the server is before and after, and which mail the model sees."""
    with stage() as scene:
        claude = ClaudeCode(scene)
        mind, old = claude.mind, claude.session_id
        hooked(claude)
        claude.show("Work.")
        scene.facts["before"] = mind.call("get_my_session")["entry"]["client"]
        mind.say("Done.")
        idle("claude")
        sent = send(scene, old, "for the old id")
        enter("claude", "/clear")
        # The end of the old conversation takes its marker away.
        until(lambda: marker(old) is None, "the conversation has ended")
        idle("claude")
        enter("claude", "Next.")
        scene.facts["old mail"] = seen(claude, "for the old id", sent)
        scene.facts["new id"] = mind.turn().headers["x-claude-code-session-id"]
        scene.facts["markers"] = {
            name: marker(name) for name in os.listdir(os.path.expanduser("~/.oxtail/activity"))
        }
        scene.facts["after"] = mind.call("get_my_session")["entry"]["client"]
        sent = send(scene, scene.facts["new id"], "for the new id")
        mind.call("get_my_session")
        scene.facts["new mail"] = seen(claude, "for the new id", sent)


if __name__ == "__main__":
    main()
