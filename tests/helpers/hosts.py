"""Several hosts on memory stores, and the mail between them as their carriers would move it."""

from __future__ import annotations

from typing import Any

from helpers.fakes import FakeIds, World
from oxtail.app.announce import Here
from oxtail.app.arrive import Arriving
from oxtail.app.context import Context
from oxtail.core.arrival import Arrived
from oxtail.core.names import relay_box
from oxtail.core.remote import Mail, unrelayed
from oxtail.store.nats import encoding


class FakeArrivals:
    """Arrivals in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[str, Arrived] = {}
        self.set_asides: list[bytes] = []

    def keep(self, arrived: Arrived) -> None:
        self.kept[arrived.message_id] = arrived

    def all(self) -> tuple[Arrived, ...]:
        return tuple(self.kept.values())

    def get(self, message_id: str) -> Arrived | None:
        return self.kept.get(message_id)

    def forget(self, message_id: str) -> None:
        self.kept.pop(message_id, None)

    def set_aside(self, data: bytes, problem: str) -> None:
        self.set_asides.append(data)


class MemoryHost:
    """A host with sessions of its own."""

    def __init__(self, letter: str) -> None:
        self.host_id = letter * 16
        self.world = World()
        self.world.ids = FakeIds(ord(letter))
        self.arrivals = FakeArrivals()
        self.local: Arriving | None = None

    def session(self, session_id: str, **options: Any) -> Context:
        pid = 100 + len(self.world.entries)
        return self.world.context(session_id, pid=pid, **options)

    def open(self) -> Arriving:
        """The carrier's side of it, made once its sessions are there."""
        if self.local is None:
            carrier = self.world.context(None, pid=900, announced=False, returns=False)
            here = Here(self.host_id, f"host-{self.host_id[0]}", self.host_id)
            self.local = Arriving(carrier, here, self.arrivals)
        return self.local

    def outgoing(self, other: str) -> list[Mail]:
        """Take what lies here for *other*."""
        store, box = self.world.store, relay_box(other)
        found = store.peek((box,)).messages
        if not found:
            return []
        claim = store.claim((box,), [message.id for message in found])
        store.forward(claim, [message.id for message in found])
        return [mail for mail in map(unrelayed, found) if mail]


class Between:
    """Hosts that know of each other; :meth:`carry` moves all there is."""

    def __init__(self, *hosts: MemoryHost) -> None:
        self.hosts = hosts
        self.meet()

    def meet(self) -> None:
        for host in self.hosts:
            said = host.open().describe()
            for part in [encoding.decode_host(encoding.encode_host(said), host.host_id, 0)]:
                assert not isinstance(part, encoding.Unreadable), part
                for other in self.hosts:
                    if other is not host:
                        other.open().heard(part)

    def carry(self, rounds: int = 8) -> None:
        """Move mail and receipts until there are none; each payload comes twice."""
        for _ in range(rounds):
            moved = [self._mail(a, b) + self._reports(a, b) for a, b in self._pairs()]
            if not any(moved):
                return
        raise AssertionError("the hosts never come to rest")

    def _pairs(self) -> list[tuple[MemoryHost, MemoryHost]]:
        return [(a, b) for a in self.hosts for b in self.hosts if a is not b]

    def _mail(self, source: MemoryHost, goal: MemoryHost) -> int:
        mails = source.outgoing(goal.host_id)
        for mail in mails:
            parcel = encoding.decode(encoding.encode_mail(mail))
            assert isinstance(parcel, Mail), parcel
            source.open().carried(goal.host_id, [mail.envelope.id])
            for _ in range(2):
                assert goal.open().arrive(parcel, source.host_id).is_settled, parcel
        return len(mails)

    def _reports(self, source: MemoryHost, goal: MemoryHost) -> int:
        reports = [report for host, report in source.open().reports() if host == goal.host_id]
        for report in reports:
            for _ in range(2):
                goal.open().reported(report, source.host_id)
            source.open().told(goal.host_id, report)
        return len(reports)
