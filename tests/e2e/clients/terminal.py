"""Runs a client on a screen: a tmux server of the scenario's own.

Rule of this file: nobody types; a client is given its prompt when it starts, and ends with the
namespaces.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from typing import Final

from e2e.clients.stage import PLAIN

SIZE: Final = ("-x", "150", "-y", "45")


def show(name: str, argv: list[str], environ: Mapping[str, str], cwd: str) -> None:
    """Start *argv* in a tmux session called *name*."""
    settings = [part for item in environ.items() for part in ("-e", "=".join(item))]
    session = ["new-session", "-d", "-s", name, *SIZE, "-c", cwd, *settings, *argv]
    subprocess.run(["tmux", "-f", "/dev/null", *session], env=PLAIN, check=True)
