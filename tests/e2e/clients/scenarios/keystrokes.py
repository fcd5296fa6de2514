"""A sender types into the panes of the real clients, and into none where it could do harm."""

from __future__ import annotations

import os
import time
from typing import Any, Final

from e2e.clients import anthropic, codex, terminal
from e2e.clients.claude import ClaudeCode
from e2e.clients.codex import Codex
from e2e.clients.doors import pane_of, screen, serve_doors, tmux
from e2e.clients.model import Mind
from e2e.clients.stage import PLAIN, Stage, client_program, stage, until
from oxtail.core.entry import Client, Entry
from oxtail.disk.atomic import Disk
from oxtail.identity.ancestry import is_client
from oxtail.identity.process import is_same_process, run_ps, start_token
from oxtail.store.files.locks import Locks
from oxtail.tmux.server import Tmux
from oxtail.trace import silent
from oxtail.wake.keystrokes import WAKE_TEXT
from oxtail.wake.records import FileTypings
from oxtail.wake.tmux_door import System, TmuxDoor
from oxtail.wake.waker import DoorWaker
from oxtail.wiring import SystemClock

SESSION: Final = "11111111-1111-4111-8111-111111111111"
PATIENCE: Final = 8
"""How much slower the clock of a sender that pastes goes: a client that is merely slow has the time
to show what it took, so a second Enter means that the first one was swallowed."""
SIGNS: Final = {"claude": "auto mode on", "codex": "Ask Codex"}


def _patient() -> float:
    return time.monotonic() / PATIENCE


class Sender:
    """A sender that knows one peer; its trace is kept."""

    def __init__(self, name: str, kind: str, server_pid: int) -> None:
        self.name = name
        self.pane = pane_of(name)
        client = Client(kind, SESSION, None, None, "/")
        token = start_token(server_pid)
        self.peer = Entry(server_pid, 1, client, tmux_pane=self.pane, start_token=token)
        self.events: list[dict[str, Any]] = []

    def trace(self, event: str, **members: Any) -> None:
        if event != "tmux_call":
            self.events.append({"event": event, **members})

    def wake(self, strategy: str = "auto") -> dict[str, Any]:
        """Wake the peer once, as a process of its own would; report what it came to."""
        disk = Disk(os.path.expanduser("~/.oxtail"))
        locks = Locks(disk, 1.0, silent)
        system = System(
            run_ps=run_ps,
            is_client=is_client,
            is_same_process=is_same_process,
            lock=lambda pane: locks.holding(disk.layout.pane_lock(pane), "door_lock_stolen"),
            has_marker=lambda _: True,
        )
        typings = FileTypings(disk, SystemClock(), window_ms=1)
        tmux_server = Tmux(PLAIN, self.trace)
        door = TmuxDoor(
            tmux_server,
            system,
            typings,
            strategy=strategy,
            trace=self.trace,
            monotonic=_patient if strategy == "auto" else time.monotonic,
        )
        waker = DoorWaker(
            strategy, self.trace, monotonic=time.monotonic, debounce_ms=1, doors=[door]
        )
        self.events.clear()
        at = time.monotonic()
        status, reason = waker.try_to_wake(self.peer)
        took = round(time.monotonic() - at, 3)
        enters = [one["enters"] for one in self.events if one["event"] == "tmux_door_typed"]
        return {"status": status, "reason": reason, "took": took, "enters": enters}


def keys(sender: Sender, *names: str) -> None:
    tmux("send-keys", "-t", sender.pane, *names)


def shows(name: str, text: str) -> None:
    until(lambda: text in screen(name), f"{name} shows {text!r}")


def idle(name: str) -> None:
    until(
        lambda: SIGNS[name] in (seen := screen(name)) and "esc to interrupt" not in seen,
        f"{name} is idle",
    )


def told(mind: Mind) -> int:
    """Return how often the model has been told of mail, by the turn that waits for an answer."""
    return mind.sees().count(WAKE_TEXT)


def wake_idle(sender: Sender, mind: Mind, strategy: str) -> dict[str, Any]:
    """Wake an idle client; report how often its model has been told by now."""
    idle(sender.name)
    report = sender.wake(strategy)
    report["told"] = told(mind)
    mind.say("Looked.")
    return report


def refused(sender: Sender) -> dict[str, Any]:
    """Try to wake a client that must not be typed to; report, and whether text appeared."""
    start = WAKE_TEXT[:20]
    before = screen(sender.name).count(start)
    report = sender.wake()
    return {**report, "appeared": screen(sender.name).count(start) > before}


def play(scene: Stage, sender: Sender, mind: Mind, dialog: Any) -> None:
    """Report wakes of an idle and a busy client, and refusals."""
    facts: dict[str, Any] = {}
    for number in range(3):
        for strategy in ("auto", "legacy"):
            facts[f"{strategy} {number}"] = wake_idle(sender, mind, strategy)
    idle(sender.name)

    keys(sender, "-l", "a draft of a person")
    shows(sender.name, "a draft of a person")
    facts["draft"] = refused(sender)
    keys(sender, "C-u")
    idle(sender.name)

    tmux("copy-mode", "-t", sender.pane)
    facts["copy mode"] = refused(sender)
    keys(sender, "q")

    keys(sender, "-l", "Work.")
    shows(sender.name, "Work.")
    keys(sender, "Enter")
    mind.turn()
    facts["busy"] = sender.wake()
    mind.say("Worked.")
    facts["busy"]["told"] = told(mind)
    dialog()
    facts["dialog"] = refused(sender)
    keys(sender, "Escape")
    scene.facts[sender.name] = facts


def play_claude(scene: Stage) -> None:
    client = ClaudeCode(scene)
    client.show("Wait.")
    server = client.mind.call("mcp__oxtail__get_my_session")["pid"]
    client.mind.say("Waiting.")

    def dialog() -> None:
        options = [{"label": one, "description": one} for one in ("This", "That")]
        question = {"question": "Which?", "header": "Pick", "options": options}
        client.mind.use("AskUserQuestion", questions=[{**question, "multiSelect": False}])
        shows("claude", "Enter to select")

    play(scene, Sender("claude", "claude-code", server), client.mind, dialog)


def play_codex(scene: Stage) -> None:
    # Codex runs its servers in a daemon without a terminal, which proves no pane.  So a process
    # stands in for the server that is below the screen itself.
    client = Codex(scene)
    client._write_settings()
    stand_in = 'sleep 600 & echo $! >~/stand-in; exec "$0" "$@"'
    argv = ["/bin/sh", "-c", stand_in, client_program("codex"), "Wait."]
    terminal.show("codex", argv, codex.ENVIRON, scene.project)
    server = client.mind.call("get_my_session")["pid"]
    client.mind.say("Waiting.")
    with open(os.path.expanduser("~/stand-in"), encoding="ascii") as file:
        sender = Sender("codex", "codex", int(file.read()))

    def dialog() -> None:
        client.mind.say("Looked.")
        idle("codex")
        keys(sender, "-l", "/model")
        shows("codex", "/model")
        time.sleep(0.5)  # Codex takes an Enter that follows at once for a part of a paste
        keys(sender, "Enter")
        shows("codex", "1.")

    play(scene, sender, client.mind, dialog)
    scene.facts["daemon"] = Sender("codex", "codex", server).wake()


def main() -> None:
    """Report what became of each wake."""
    serve_doors()
    anthropic.TOOL_PREFIX = ""  # type: ignore[misc]  # a dialog needs a tool of the client's own
    with stage() as scene:
        play_claude(scene)
        play_codex(scene)


if __name__ == "__main__":
    main()
