"""Runs a client on a screen: a tmux server of the scenario's own.

Rule of this file: nobody types; a client is given its prompt when it starts.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from typing import Final

from e2e.clients.stage import PLAIN, until

TMUX: Final = ("tmux", "-f", "/dev/null")
SIZE: Final = ("-x", "150", "-y", "45")


class OnScreen:
    """A client in a tmux session named like it."""

    def __init__(self, name: str, argv: list[str], environ: Mapping[str, str], cwd: str) -> None:
        self.name = name
        settings = [part for item in environ.items() for part in ("-e", "=".join(item))]
        _tmux("new-session", "-d", "-s", name, *SIZE, "-c", cwd, *settings, *argv)
        self.pid = int(_tmux("list-panes", "-t", name, "-F", "#{pane_pid}"))

    def screen(self) -> str:
        """Return what the client shows."""
        return _tmux("capture-pane", "-p", "-t", self.name)

    def kill(self) -> None:
        """End the client as a crash would, and wait until it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        until(lambda: not os.path.exists(f"/proc/{self.pid}"), f"{self.name} has ended")


def _tmux(*arguments: str) -> str:
    done = subprocess.run(
        [*TMUX, *arguments], env=PLAIN, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise AssertionError(f"tmux {arguments[0]}: {done.stderr.strip()}")
    return done.stdout
