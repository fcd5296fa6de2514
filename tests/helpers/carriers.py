"""Hosts for carrier tests: a state folder each, with a carrier that can be started and ended."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from helpers.fakes import FakeTrace
from helpers.stores import RandomIds, RealClock
from helpers.waiting import until
from oxtail.core.address import Route
from oxtail.core.arrival import SETTLED, UNKNOWN_SENDER, Arrival
from oxtail.core.envelope import Envelope
from oxtail.core.mail import Receipt
from oxtail.core.names import relay_box, session_box
from oxtail.core.remote import ABILITIES, Mail, RemoteHost, RemoteSession, Report, arrived, relayed
from oxtail.disk.atomic import Disk
from oxtail.errors import StoreError
from oxtail.identity.process import current_owner, provably_dead
from oxtail.store.files.hosts import FileHosts
from oxtail.store.files.marks import PYTHON_MODE
from oxtail.store.files.spares import Spares
from oxtail.store.files.store import FileStore
from oxtail.store.nats.settings import Engine, Host


class FileHost:
    """One host: a state folder, its sessions, and what came for them; see ``Local``."""

    def __init__(self, home: Path, host_id: str, sessions: Collection[str] = ()) -> None:
        self.host = Host(host_id, f"host {host_id[:1]}", "1" + host_id[1:])
        self.sessions = tuple(sessions)
        self.can = ABILITIES
        self.clock = RealClock()
        self.trace = FakeTrace()
        self.disk = Disk(str(home), fsync=False, trace=self.trace)
        self.store = FileStore(
            self.disk,
            self.clock,
            RandomIds(),
            received_max=1_000,
            pending_ask_ttl_ms=3_600_000,
            lock_budget_ms=5_000,
            owner=current_owner(),
            provably_dead=provably_dead,
            trace=self.trace,
            spares=Spares(PYTHON_MODE),
        )
        self.hosts = FileHosts(self.disk, self.clock)
        self.arrivals: list[str] = []
        self.refused: list[tuple[str, str]] = []
        self.set_asides: list[tuple[str, str]] = []
        self.notices: list[tuple[str, str]] = []
        self.undeliverables: list[tuple[str, str]] = []
        self.gone: set[str] = set()
        self.to_tell: list[tuple[str, Report]] = []
        self.failures: list[Exception] = []

    # ------------------------------------------------------------------ sending

    def send(self, other: str, session_id: str, message: Envelope) -> None:
        route = Route(relay_box(other), session_id, None, is_held=True)
        self.store.put(route, relayed(Mail(session_id, None, message), other))

    def box(self, session_id: str) -> list[Envelope]:
        return list(self.store.peek([session_box(session_id)]).messages)

    def waiting(self, other: str) -> list[str]:
        box = relay_box(other)
        return [m.id for m in self.store.peek([box]).messages]

    # ------------------------------------------------------------------ as Local

    def describe(self) -> RemoteHost:
        rows = tuple(RemoteSession(session_id) for session_id in self.sessions)
        return RemoteHost(
            self.host.host_id,
            self.host.name,
            self.host.instance,
            int(self.clock.now()),
            sessions=rows,
            can=self.can,
        )

    def heard(self, host: RemoteHost) -> bool:
        stolen = self.hosts.keep(host, lambda s: s in self.sessions)
        for session_id in stolen:
            self.say("session_of_two_hosts", session_id)
        return not stolen

    def still_there(self, hosts: Collection[str]) -> None:
        self.hosts.touch(hosts)

    def relays(self) -> tuple[str, ...]:
        return self.hosts.hosts()

    def arrive(self, mail: Mail, host: str) -> Arrival:
        if self.failures:
            raise self.failures.pop(0)
        sender = mail.envelope.from_session_id
        if sender is not None and not self.hosts.is_of(host, sender):
            return UNKNOWN_SENDER
        route = Route(session_box(mail.to), mail.to, None)
        self.store.put(route, arrived(mail.envelope, host), repeat=True)
        self.arrivals.append(mail.envelope.id)
        return SETTLED

    def carried(self, host: str, message_ids: Collection[str]) -> None:
        self.gone.update(message_ids)

    def undeliverable(self, host: str, message_id: str, problem: str) -> None:
        self.undeliverables.append((message_id, problem))

    def reports(self) -> tuple[tuple[str, Report], ...]:
        return tuple(self.to_tell)

    def told(self, host: str, report: Report) -> None:
        self.to_tell.remove((host, report))

    def reported(self, report: Report, host: str) -> None:
        receipt = Receipt(report.message_id, report.at, report.via or "", report.session_id)
        self.store.shown_elsewhere(receipt)

    def refuse(self, mail: Mail, host: str) -> None:
        self.refused.append((host, mail.envelope.id))

    def set_aside(self, data: bytes, problem: str, host: str) -> None:
        self.set_asides.append((host, problem))

    def say(self, kind: str, text: str) -> None:
        self.notices.append((kind, text))


class CarrierThread:
    """A carrier in a thread of the test; a context manager that ends it."""

    def __init__(self, host: FileHost, engine: Engine | Callable[[], Engine]) -> None:
        self._host = host
        self._engine = engine if callable(engine) else lambda: engine
        self._loop: asyncio.AbstractEventLoop | None = None
        self._carrier: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            asyncio.run(self._carry())
        except BaseException as error:  # noqa: BLE001 - told by stop()
            self._error = error

    async def _carry(self) -> None:
        from oxtail.store.nats.carrier import Backoff, Carrier

        self._loop = asyncio.get_running_loop()
        host = self._host
        self._carrier = Carrier(
            self._engine,
            host.host,
            host,
            host.store,
            host.disk,
            host.clock,
            backoff=Backoff(0.05, 0.5),
            trace=host.trace,
        )
        await self._carrier.run()

    def __enter__(self) -> CarrierThread:  # noqa: PYI034 - nobody derives from it
        self._thread.start()
        until(lambda: self._carrier or self._error)
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        if self._loop and self._carrier and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._carrier.stop)
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()
        if self._error:
            raise self._error


def disk_full() -> StoreError:
    return StoreError("no space left on device")


def prepare(engine: Engine, **bounds: int) -> None:
    """Make stream and bucket, as an administrator does."""

    async def work() -> None:
        from oxtail.store.nats.client import Client
        from oxtail.store.nats.streams import Bounds
        from oxtail.store.nats.streams import prepare as make

        client = await Client.connect(engine, "0" * 16, "test")
        try:
            await make(client, Bounds(**bounds))
        finally:
            await client.close()

    asyncio.run(work())
