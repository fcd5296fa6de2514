"""Rows about the server: its start, its size, a send, an answer."""

from __future__ import annotations

import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import ClassVar

from client import Server, joined, session_id
from harness import Row, World, timed

FILL = """
import sys
from oxtail.config import from_env
from oxtail.core.address import Route
from oxtail.core.envelope import Envelope
from oxtail.wiring import open_context
import os, time
session, box, count, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
context = open_context(from_env({**os.environ, "OXTAIL_FSYNC": "off"}), role="cli")
for number in range(count):
    context.store.put(
        Route(box, session, None),
        Envelope(context.ids.new_id(), "x" * size, int(time.time()), from_session_id="filler"),
    )
"""

HOLD = """
import os, sys, time
from oxtail.config import from_env
from oxtail.disk.atomic import Disk
from oxtail.store.files.locks import Locks
home = from_env(os.environ).home
locks = Locks(Disk(home), 5.0, lambda event, **members: None)
locks.take(os.path.join(home, "mailboxes", sys.argv[1] + ".jsonl"), "bench")
print("READY", flush=True)
time.sleep(60)
"""

HANDLES = """
import sys
from oxtail.config import from_env
from oxtail.wiring import open_context
import os
context = open_context(from_env(os.environ), role="cli")
print(sum(context.store.lookup(sys.argv[1], line.strip()) is None for line in open(sys.argv[2])))
"""


def _box(session: str) -> str:
    from oxtail.core.names import session_box

    return session_box(session)


class Start(Row):
    """From spawn to the answer of tools/list, as a client sees it."""

    name = "start"
    title = "spawn → tools/list"
    bound = 100
    npm14, npm32 = "556", "608"
    floor: ClassVar[dict[str, int]] = {"bare": 1}

    def setup(self) -> None:
        self.world = World(self.folder, self.name)
        self.bytes = 0
        self._once()  # compiles the modules, as an installer does

    def _once(self) -> float:
        server = Server(self.world)
        server.initialize()
        server.request("tools/list", {})
        self.bytes = len(server.line())
        took = (time.perf_counter() - server.started) * 1000
        server.close()
        return took

    def sample(self) -> Sequence[float]:
        return [self._once() for _ in range(2)]

    def close(self) -> None:
        self.world.remove()


class Listing(Start):
    """Bytes of the answer to tools/list."""

    name = "listing"
    title = "tools/list answer"
    unit = "bytes"
    bound = 8000
    npm14, npm32 = "15,098", "25,403"
    floor: ClassVar[dict[str, int]] = {}
    every: ClassVar[int] = 1_000_000

    def sample(self) -> Sequence[float]:
        return [float(self.bytes)]


class Memory(Row):
    """Resident memory of a server that has listed its tools and knows who it is."""

    name = "rss"
    title = "RSS of an idle server"
    unit = "MiB"
    bound = 20
    npm14, npm32 = "71", "72"
    every: ClassVar[int] = 3

    def setup(self) -> None:
        self.world = World(self.folder, self.name)

    def sample(self) -> Sequence[float]:
        server = joined(self.world, session_id(1))
        server.answer(server.request("tools/list", {}))
        shown = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(server.process.pid)], capture_output=True, text=True
        )
        server.close()
        return [int(shown.stdout) / 1024]

    def close(self) -> None:
        self.world.remove()


class Send(Row):
    """One synced send: the call to its answer."""

    name = "send"
    title = "send, near-empty ledger"
    bound = 2
    npm14, npm32 = "5.3 (no sync)", "15 (no sync)"
    floor: ClassVar[dict[str, int]] = {"fsync": 2, "mkdir": 2}
    fill: ClassVar[int] = 0
    size: ClassVar[int] = 200

    def setup(self) -> None:
        self.world = World(self.folder, self.name)
        self.sender = joined(self.world, session_id(1))
        self.receiver = joined(self.world, session_id(2))
        if self.fill:
            receiver = session_id(2)
            self.world.run(FILL, receiver, _box(receiver), str(self.fill), str(self.size))
        self.receiver.call("read_my_messages")
        self._send()

    def _send(self) -> None:
        self.sender.call("send_message", target=session_id(2), body="x" * self.size, wake="off")

    def _empty(self) -> None:
        while self.receiver.call("read_my_messages")["count"]:
            pass

    def sample(self) -> Sequence[float]:
        taken = [timed(self._send) for _ in range(20)]
        self._empty()
        return taken

    def close(self) -> None:
        for server in (self.sender, self.receiver):
            server.close()
        self.world.remove()


class SendFull(Send):
    """The same with a ledger as large as it gets."""

    name = "sendfull"
    title = "send, ledger of 1000 x 8 KB"
    bound = None  # relative: see report.py
    npm14, npm32 = "79 (no sync)", "93 (no sync)"
    fill: ClassVar[int] = 1000
    size: ClassVar[int] = 8000


class Lock(Send):
    """The next send after the holder of the receiver's lock was killed."""

    name = "lock"
    title = "lock of a killed holder: next send"
    bound = 100
    floor: ClassVar[dict[str, int]] = {}
    npm14, npm32 = "30,000", "30,000"
    every: ClassVar[int] = 2

    def sample(self) -> Sequence[float]:
        holder = self.world.start([sys.executable, "-c", HOLD, _box(session_id(2))])
        assert holder.stdout
        if holder.stdout.readline() != b"READY\n":
            raise RuntimeError("the lock could not be taken")
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        return [timed(self._send)]


class Senders(Row):
    """Eight servers that send to one receiver at once, each with one call outstanding."""

    name = "senders"
    title = "8 senders → 1 receiver"
    unit = "msg/s"
    bound = 1000
    more_is_better = True
    floor: ClassVar[dict[str, int]] = {"protocol": 1}
    npm14, npm32 = "161 (no sync)", "47 (no sync)"
    every: ClassVar[int] = 1
    each: ClassVar[int] = 60

    def setup(self) -> None:
        self.world = World(self.folder, self.name)
        self.receiver = joined(self.world, session_id(1))
        self.senders = [joined(self.world, session_id(10 + number)) for number in range(8)]
        self.sent: list[str] = []
        for sender in self.senders:
            sender.end(self._begin(sender))

    def _begin(self, sender: Server) -> int:
        return sender.begin("send_message", target=session_id(1), body="x" * 200, wake="off")

    def sample(self) -> Sequence[float]:
        by_descriptor = {sender.descriptor: sender for sender in self.senders}
        left = dict.fromkeys(by_descriptor, self.each)
        lines: list[tuple[Server, bytes]] = []
        poll = select.poll()
        start = time.perf_counter()
        for descriptor, sender in by_descriptor.items():
            poll.register(descriptor, select.POLLIN)
            self._begin(sender)
        while len(lines) < self.each * len(left):
            for descriptor, _ in poll.poll(60_000):
                sender = by_descriptor[descriptor]
                lines.append((sender, sender.line()))  # read now, looked at when the clock stands
                left[descriptor] -= 1
                if left[descriptor]:
                    self._begin(sender)
        took = time.perf_counter() - start
        answers = [sender.result(line) for sender, line in lines]
        self.sent = [answer["message_id"] for answer in answers]
        self._check_handles()
        while self.receiver.call("read_my_messages")["count"]:
            pass
        return [len(answers) / took]

    def _check_handles(self) -> None:
        path = self.world.home / "ids"
        path.write_text("\n".join(self.sent), encoding="utf-8")
        lost = self.world.run(HANDLES, session_id(1), str(path)).strip()
        note = f"reply handles lost: {lost} of {len(self.sent)}"
        self.notes = [note]
        if lost != "0":
            raise RuntimeError(note)

    def close(self) -> None:
        for server in [self.receiver, *self.senders]:
            server.close()
        self.world.remove()


class Answered(Row):
    """From the answer to reply_to_message until the answer to ask_peer."""

    name = "ask"
    title = "reply returned → ask returned, at once"
    bound = 10
    npm14, npm32 = "478", "441"
    pause: ClassVar[float] = 0.0
    repeats: ClassVar[int] = 4

    def setup(self) -> None:
        self.world = World(self.folder, self.name)
        self.asker = joined(self.world, session_id(1))
        self.replier = joined(self.world, session_id(2))
        self._once()

    def _once(self) -> float:
        asked = self.asker.begin("ask_peer", target=session_id(2), body="ready?", timeout_ms=20_000)
        while not (mail := self.replier.call("read_my_messages"))["count"]:
            time.sleep(0.002)
        time.sleep(self.pause)
        message = mail["messages"][0]["id"]
        replied = self.replier.begin("reply_to_message", message_id=message, body="yes")
        self.replier.end(replied)
        done = time.perf_counter()
        answer = self.asker.end(asked)
        took = (time.perf_counter() - done) * 1000
        if not answer["reply"]:
            raise RuntimeError(str(answer))
        return took

    def sample(self) -> Sequence[float]:
        return [self._once() for _ in range(self.repeats)]

    def close(self) -> None:
        for server in (self.asker, self.replier):
            server.close()
        self.world.remove()


class AnsweredLate(Answered):
    """The same for an answer that takes its time."""

    name = "asklate"
    title = "reply returned → ask returned, after 1 s"
    npm14, npm32 = "122", "140"
    pause: ClassVar[float] = 1.0
    repeats: ClassVar[int] = 1


ROWS: list[type[Row]] = [
    Start,
    Memory,
    Listing,
    Send,
    SendFull,
    Senders,
    Answered,
    AnsweredLate,
    Lock,
]
