"""Much mail between two hosts while the way between them breaks again and again."""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from helpers.capabilities import needs
from helpers.carriers import CarrierThread, FileHost, prepare
from helpers.nats_server import Link, NatsServer, nats_server
from helpers.stores import letter
from helpers.storm import messages
from helpers.waiting import until
from oxtail.core.envelope import Envelope
from oxtail.core.names import session_box
from oxtail.store.nats.settings import Engine

pytestmark = [needs("nats"), pytest.mark.slow, pytest.mark.timeout(1_200)]

COUNT = messages(1_000)
BREAKS = 20
A, B = "a" * 16, "b" * 16
SENDERS = [f"sender-{number}" for number in range(10)]
READERS = ["reader-0", "reader-1"]


class Reader(threading.Thread):
    """Takes mail out of a box as a session does: claim, show, acknowledge."""

    def __init__(self, host: FileHost, session_id: str) -> None:
        super().__init__(daemon=True)
        self.shown: list[Envelope] = []
        self.ended = threading.Event()
        self._host = host
        self._session_id = session_id

    def run(self) -> None:
        store, box = self._host.store, session_box(self._session_id)
        while not self.ended.wait(0.02):
            ids = [message.id for message in store.peek([box]).messages[:200]]
            if not ids:
                continue
            claim = store.claim([box], ids)
            self.shown += claim.messages
            store.ack(claim, "python", self._session_id)


class Trouble(threading.Thread):
    """Kills the server, cuts the link, and lets another carrier of *host* take over, in turn.

    Each time a part of the mail has come: what breaks breaks in traffic, however slow that is.
    """

    def __init__(
        self, server: NatsServer, link: Link, host: FileHost, shown: Callable[[], int]
    ) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self._server = server
        self._link = link
        self._host = host
        self._shown = shown
        self._carrier = CarrierThread(host, Engine((server.url,)))

    def __enter__(self) -> Self:
        self._carrier.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.ended.set()
        if self.is_alive():
            self.join(timeout=60)
        self._carrier.stop()

    def run(self) -> None:
        for break_it in itertools.cycle((self._kill, self._cut, self._take_over)):
            due = self._shown() + COUNT // BREAKS
            while self._shown() < due:
                if self.ended.wait(0.02):
                    return
            break_it()

    def _kill(self) -> None:
        self._server.kill()
        self.ended.wait(0.3)
        self._server.start()

    def _cut(self) -> None:
        self._link.cut()
        self.ended.wait(0.3)
        self._link.restore()

    def _take_over(self) -> None:
        self._carrier.stop()
        self._carrier = CarrierThread(self._host, Engine((self._server.url,)))
        self._carrier.__enter__()


def test_nothing_is_lost_doubled_or_overtaken(tmp_path: Path) -> None:
    sent: dict[tuple[str, str], list[str]] = defaultdict(list)
    ann = FileHost(tmp_path / "a", A, SENDERS)
    bob = FileHost(tmp_path / "b", B, READERS)
    readers = [Reader(bob, session_id) for session_id in READERS]

    def shown() -> int:
        return sum(len(reader.shown) for reader in readers)

    def send(sender: str) -> None:
        for index in range(COUNT // len(SENDERS)):
            reader = READERS[index % len(READERS)]
            message = letter(f"{index}", from_session_id=sender)
            ann.send(B, reader, message)
            sent[sender, reader].append(message.id)

    senders = [threading.Thread(target=send, args=(name,), daemon=True) for name in SENDERS]
    with nats_server(tmp_path / "nats") as server, Link(server.port) as link:
        prepare(Engine((server.url,)))
        with (
            Trouble(server, link, bob, shown) as trouble,
            CarrierThread(ann, Engine((link.url,))),
        ):
            until(lambda: bob.hosts.host_of(SENDERS[0]))
            until(lambda: ann.hosts.host_of(READERS[0]))
            for thread in (*senders, *readers, trouble):
                thread.start()
            for thread in senders:
                thread.join()
            until(
                lambda: sum(len(r.shown) for r in readers) >= COUNT,
                within=600 + COUNT / 10,
                every=0.2,
            )
    for reader in readers:
        reader.ended.set()
        reader.join(timeout=60)

    got_ids = [message.id for reader in readers for message in reader.shown]
    assert len(got_ids) == len(set(got_ids)) == COUNT
    assert set(got_ids) == {message_id for ids in sent.values() for message_id in ids}
    for reader, name in zip(readers, READERS, strict=True):
        for sender in SENDERS:
            got = [m.id for m in reader.shown if m.from_session_id == sender]
            assert got == sent[sender, name]
    assert bob.set_asides == []
