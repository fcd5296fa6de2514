"""What the scenarios about doors share: clients whose server opens its door, and a sender.

Rule of this file: it runs inside the namespaces; a sender here sees what a sender would see.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any, Final

from e2e.clients import claude, codex, door_server
from e2e.clients.model import Mind
from e2e.clients.stage import PLAIN, until

SCREEN: Final = ("-x", "100", "-y", "30")


def serve_doors() -> None:
    """From now on, a client that is started has the door server in the place of oxtail's."""

    def server(name: str) -> tuple[str, list[str], dict[str, str]]:
        paths = [os.environ["SCENARIO_SOURCE"], os.environ["PYTHONPATH"]]
        arguments = [door_server.__file__, name, name]
        return sys.executable, arguments, {"PYTHONPATH": os.pathsep.join(paths)}

    claude.oxtail_server = lambda: server("claude")
    codex.oxtail_server = lambda: server("codex")


class Door:
    """The door of one client's server."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._offers = 0

    def offer(self, text: str) -> dict[str, Any]:
        """Let the server offer *text*, and return what became of it."""
        orders = os.path.join(door_server.FOLDER, f"{self._name}.in")
        until(lambda: os.path.exists(orders), f"the server of {self._name} runs")
        with open(orders, "a", encoding="utf-8") as file:
            file.write(text + "\n")
        self._offers += 1
        reports = until(self._reports, f"the server of {self._name} has made its offer")
        report: dict[str, Any] = json.loads(reports[-1])
        return report

    def _reports(self) -> list[str]:
        try:
            with open(os.path.join(door_server.FOLDER, f"{self._name}.out"), encoding="utf-8") as f:
                lines = f.readlines()
        except FileNotFoundError:
            return []
        return lines if len(lines) >= self._offers else []


def arrival(mind: Mind, offered: dict[str, Any], text: str) -> dict[str, Any]:
    """Wait for the client's next request; report whether *text* is in it, and how long it took."""
    seen = text in mind.sees()
    return {**offered, "seen": seen, "latency": round(time.time() - offered["at"], 3)}


def tmux(*arguments: str) -> str:
    """Run one tmux command on the scenario's server."""
    done = subprocess.run(
        ["tmux", "-f", "/dev/null", *arguments], env=PLAIN, capture_output=True, text=True
    )
    return done.stdout.rstrip("\n")


def pane_of(session: str) -> str:
    """Return the pane of a session; a name alone could be taken for that of a window."""
    return tmux("list-panes", "-t", f"={session}:", "-F", "#{pane_id}")


def screen(session: str) -> str:
    """Return what the client in a session shows."""
    return tmux("capture-pane", "-p", "-t", pane_of(session))
