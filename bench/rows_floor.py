"""The floors: what this machine takes for the least that each thing needs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import ClassVar

from harness import Row, World, run_to_end, timed


class _Start(Row):
    flags: ClassVar[list[str]]

    def setup(self) -> None:
        self.world = World(self.folder, self.name)

    def sample(self) -> Sequence[float]:
        command = [sys.executable, *self.flags, "-c", "pass"]
        environ = self.world.environ()
        return [run_to_end(command, environ, self.world.project)[0] for _ in range(3)]

    def close(self) -> None:
        self.world.remove()


class BareStart(_Start):
    """A Python that does nothing, without site."""

    name = "bare"
    title = "floor: `python3 -I -S -c pass`"
    flags: ClassVar[list[str]] = ["-I", "-S"]


class PlainStart(_Start):
    """A Python that does nothing, as a script starts it."""

    name = "plain"
    title = "floor: `python3 -c pass`"
    flags: ClassVar[list[str]] = []


class SyncedAppend(Row):
    """One line appended and synced."""

    name = "fsync"
    title = "floor: append 300 B + fsync"

    def setup(self) -> None:
        self.path = self.folder / "floor-append"
        self.descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def sample(self) -> Sequence[float]:
        def append() -> None:
            os.write(self.descriptor, b"x" * 299 + b"\n")
            os.fsync(self.descriptor)

        return [timed(append) for _ in range(20)]

    def close(self) -> None:
        os.close(self.descriptor)
        self.path.unlink()


class Folder(Row):
    """One folder made and removed, as every lock of the protocol does."""

    name = "mkdir"
    title = "floor: mkdir + rmdir"

    def sample(self) -> Sequence[float]:
        path = self.folder / "floor-folder"

        def make() -> None:
            path.mkdir()
            path.rmdir()

        return [timed(make) for _ in range(20)]


ROWS: list[type[Row]] = [BareStart, PlainStart, SyncedAppend, Folder]
