"""The floors: what this machine takes for the least that each thing needs."""

from __future__ import annotations

import os
import sys
import time
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


PROTOCOL = """
import fcntl, os, sys, time
folder, count = sys.argv[1], int(sys.argv[2])
def add(path):
    side = os.open(path + ".side", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(side, fcntl.LOCK_EX)
    os.mkdir(path + ".lock")
    os.link(path + ".side", path + ".owner")
    line = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(line, b"x" * 299 + b"\\n")
    os.unlink(path + ".owner")
    os.rmdir(path + ".lock")
    fcntl.flock(side, fcntl.LOCK_UN)
    os.close(side)
    os.fsync(line)
    os.close(line)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(count):
    add(folder + "/ledger")
    add(folder + "/box")
print("done", flush=True)
"""


class Protocol(Row):
    """Eight processes that lock, append and sync twice a message, and do nothing else."""

    name = "protocol"
    title = "floor: 8 x two locks, two synced appends"
    unit = "msg/s"
    more_is_better = True
    every: ClassVar[int] = 3
    each: ClassVar[int] = 60

    def setup(self) -> None:
        self.world = World(self.folder, self.name)

    def sample(self) -> Sequence[float]:
        command = [sys.executable, "-I", "-S", "-c", PROTOCOL, str(self.world.home), str(self.each)]
        started = [self.world.start(command) for _ in range(8)]

        def say(word: str) -> None:
            for process in started:
                assert process.stdout
                if process.stdout.readline().strip() != word.encode():
                    raise RuntimeError(f"a process did not say {word}")

        try:
            say("ready")
            start = time.perf_counter()
            for process in started:
                assert process.stdin
                process.stdin.write(b"\n")
            say("done")
            took = time.perf_counter() - start
        finally:
            for process in started:
                process.kill()
                process.communicate()
        return [8 * self.each / took]

    def close(self) -> None:
        self.world.remove()


ROWS: list[type[Row]] = [BareStart, PlainStart, SyncedAppend, Folder, Protocol]
