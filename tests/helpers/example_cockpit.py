"""A cockpit that shows one of the example fleets, in a terminal or to a browser."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import oxtail.cockpit
from helpers.cockpits import FakeActions
from helpers.example_fleets import EXAMPLES
from oxtail.cockpit.app import Cockpit
from oxtail.cockpit.messages import FleetSeen

ROOT = Path(__file__).resolve().parents[2]
SERVE, LIGHT = "--serve", "--light"


class Example(Cockpit):
    """Looks once, at a fleet that is always the same."""

    CSS_PATH = Path(oxtail.cockpit.__file__).with_name("cockpit.tcss")

    def __init__(self, name: str, *, light: bool = False) -> None:
        self._fleet = EXAMPLES[name].fleet
        super().__init__(FakeActions(), lambda: self._fleet.at + 4, reads_only=True, light=light)

    def on_mount(self) -> None:
        super().on_mount()
        self.post_message(FleetSeen(self._fleet))


@contextlib.contextmanager
def served(name: str, *, light: bool = False) -> Iterator[str]:
    """Serve the example *name* to browsers of this machine, and give the address."""
    paths = os.pathsep.join(str(ROOT / each) for each in ("src", "tests"))
    process = subprocess.Popen(
        [sys.executable, "-m", "helpers.example_cockpit", name, SERVE, *([LIGHT] if light else [])],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().decode().strip()
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _tell(address: str) -> None:
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()


def _serve(*words: str) -> None:
    from oxtail.cockpit.web import LOOPBACK, CockpitServer

    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        command = [sys.executable, "-m", "helpers.example_cockpit", *words]
        server = CockpitServer(command, listener.getsockname()[1], "example")
        asyncio.run(server.listen(listener, _tell))


if __name__ == "__main__":
    if SERVE in sys.argv:
        _serve(*(word for word in sys.argv[1:] if word != SERVE))
    else:
        Example(sys.argv[1], light=LIGHT in sys.argv).run()
