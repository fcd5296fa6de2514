"""Rows about the command and about many processes at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from client import joined, session_id
from harness import Row, World, oxtail_command, run_to_end

CROWD = """
import os, sys, time
from oxtail.app import send
from oxtail.config import from_env
from oxtail.errors import OxtailError
from oxtail.wiring import open_context
target, processes, each = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
gate_out, gate_in = os.pipe()
children = []
for number in range(processes):
    child = os.fork()
    if not child:
        os.close(gate_in)
        failed = each
        try:
            context = open_context(from_env(os.environ), role="cli")
            os.read(gate_out, 1)
            for _ in range(each):
                try:
                    send.send(context, target, "x" * 200, wake="off")
                    failed -= 1
                except OxtailError:
                    pass
        finally:
            os._exit(failed)
    children.append(child)
time.sleep(0.5)
start = time.perf_counter()
os.close(gate_in)
failed = sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)
print(failed, time.perf_counter() - start)
"""


class CommandSend(Row):
    """CPU time of one ``oxtail send``, with whatever it starts."""

    name = "clisend"
    title = "`oxtail send`, CPU"
    bound = 60
    npm14 = npm32 = "no such command"
    floor: ClassVar[dict[str, int]] = {"bare": 1}

    def setup(self) -> None:
        self.world = World(self.folder, self.name)
        self.receiver = joined(self.world, session_id(1))
        self.walls: list[float] = []
        self._once()

    def _once(self) -> float:
        wall, cpu = run_to_end(
            [*oxtail_command(), "send", session_id(1), "hello"],
            self.world.environ(OXTAIL_SESSION_ID=session_id(2)),
            self.world.project,
        )
        self.walls.append(wall)
        self.notes = [f"wall time: least {min(self.walls):.0f} ms"]
        return cpu

    def sample(self) -> Sequence[float]:
        taken = [self._once() for _ in range(3)]
        while self.receiver.call("read_my_messages")["count"]:
            pass
        return taken

    def close(self) -> None:
        self.receiver.close()
        self.world.remove()


class Crowd(Row):
    """128 processes that send 20 messages each to one box: how many sends fail."""

    name = "crowd"
    title = "128 processes x 20 sends to one box: failed"
    unit = "sends"
    bound = 0
    npm14, npm32 = "98 of 2560", "225 of 2560"
    every: ClassVar[int] = 1_000_000

    def setup(self) -> None:
        self.world = World(self.folder, self.name)
        self.receiver = joined(self.world, session_id(1))

    def sample(self) -> Sequence[float]:
        failed, seconds = self.world.run(CROWD, session_id(1), "128", "20").split()
        arrived = 0
        while count := self.receiver.call("read_my_messages")["count"]:
            arrived += count
        self.notes = [f"{arrived} of 2560 arrived, at {2560 / float(seconds):.0f} msg/s"]
        return [float(failed) + 2560 - int(failed) - arrived]

    def close(self) -> None:
        self.receiver.close()
        self.world.remove()


ROWS: list[type[Row]] = [CommandSend, Crowd]
