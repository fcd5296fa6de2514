"""Traffic between two hosts: sessions that send, sessions that read, and what must hold of both."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence

from helpers.carriers import FileHost
from helpers.stores import letter
from oxtail.core.envelope import Envelope
from oxtail.core.names import session_box


class Reader(threading.Thread):
    """Takes mail out of a box as a session does: claim, show, acknowledge."""

    def __init__(self, host: FileHost, session_id: str) -> None:
        super().__init__(daemon=True)
        self.shown: list[Envelope] = []
        self.ended = threading.Event()
        self.session_id = session_id
        self._host = host

    def run(self) -> None:
        store, box = self._host.store, session_box(self.session_id)
        while not self.ended.wait(0.02):
            ids = [message.id for message in store.peek([box]).messages[:200]]
            if not ids:
                continue
            claim = store.claim([box], ids)
            self.shown += claim.messages
            store.ack(claim, "python", self.session_id)


class Traffic:
    """Each sender of one host writes to each reader of the other, in turn.

    Args:
        source: The host that sends.
        goal: The host that reads.
        each: Messages of one sender.
        pause: Seconds between two messages of one sender, so that what breaks breaks in between.
    """

    def __init__(self, source: FileHost, goal: FileHost, each: int, pause: float = 0.0) -> None:
        self.sent: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.count = each * len(source.sessions)
        self.readers = [Reader(goal, session_id) for session_id in goal.sessions]
        self._source, self._goal, self._each, self._pause = source, goal, each, pause
        self._never = threading.Event()
        self._senders = [
            threading.Thread(target=self._send, args=(name,), daemon=True)
            for name in source.sessions
        ]

    def _send(self, sender: str) -> None:
        to: Sequence[str] = self._goal.sessions
        for index in range(self._each):
            reader = to[index % len(to)]
            message = letter(f"{index}", from_session_id=sender)
            self._source.send(self._goal.host.host_id, reader, message)
            self.sent[sender, reader].append(message.id)
            self._never.wait(self._pause)

    def start(self) -> None:
        self.start_readers()
        self.start_senders()

    def start_readers(self) -> None:
        for reader in self.readers:
            reader.start()

    def start_senders(self) -> None:
        for sender in self._senders:
            sender.start()

    def join(self) -> None:
        """Wait until everything is sent."""
        for sender in self._senders:
            sender.join()

    def shown(self) -> int:
        return sum(len(reader.shown) for reader in self.readers)

    def is_over(self) -> bool:
        return self.shown() >= self.count

    def end(self) -> None:
        for reader in self.readers:
            reader.ended.set()
            reader.join(timeout=60)

    def check(self) -> None:
        """Nothing is lost, nothing is shown twice, and no message overtook one of its sender."""
        shown = [message.id for reader in self.readers for message in reader.shown]
        assert len(shown) == len(set(shown)) == self.count
        assert set(shown) == {message_id for ids in self.sent.values() for message_id in ids}
        for (sender, name), ids in self.sent.items():
            reader = next(r for r in self.readers if r.session_id == name)
            assert [m.id for m in reader.shown if m.from_session_id == sender] == ids
        assert self._goal.set_asides == []
