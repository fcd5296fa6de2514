"""File stores for tests: several processes on one folder, whose death tests decide."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from helpers.fakes import FakeTrace
from oxtail.core.address import Route
from oxtail.core.envelope import Envelope
from oxtail.core.names import session_box
from oxtail.core.owner import Owner
from oxtail.disk.atomic import Disk
from oxtail.store.files.store import FileStore

ALICE = "11111111-1111-4111-8111-111111111111"
BOB = "22222222-2222-4222-8222-222222222222"
BOX = session_box(BOB)
TO_BOB = Route(BOX, BOB, 42)
HERE = "pid:[1]"


class RealClock:
    """The machine's clock, moved by *ahead* seconds."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return time.time() + self.ahead

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def advance(self, seconds: float) -> None:
        self.ahead += seconds


class RandomIds:
    def new_id(self) -> str:
        return os.urandom(8).hex()


class Hosts:
    """One state folder; :meth:`process` opens a store as a process of its own."""

    def __init__(self, home: Path | str, *, fsync: bool = False) -> None:
        self.home = str(home)
        self.fsync = fsync
        self.clock = RealClock()
        self.trace = FakeTrace()
        self.dead: set[int] = set()
        self._last = 1_000_000

    @property
    def disk(self) -> Disk:
        return Disk(self.home, fsync=self.fsync, trace=self.trace)

    def process(
        self,
        pid: int | None = None,
        *,
        host: str = "here",
        namespace: str = HERE,
        budget_ms: int = 5_000,
        **settings: Any,
    ) -> FileStore:
        if pid is None:
            self._last += 1
            pid = self._last
        options = {"received_max": 1_000, "pending_ask_ttl_ms": 3_600_000, **settings}
        store = FileStore(
            self.disk,
            self.clock,
            RandomIds(),
            owner=Owner(pid, None, None, namespace, host),
            provably_dead=lambda owner: owner.host == "here" and owner.pid in self.dead,
            lock_budget_ms=budget_ms,
            trace=self.trace,
            **options,
        )
        store.pid = pid  # type: ignore[attr-defined]
        return store

    def kill(self, store: FileStore) -> None:
        self.dead.add(store.pid)  # type: ignore[attr-defined]
        # The kernel frees the lock of a dead process's journal, which was written by this clock.
        journal = store._sent._journal
        if journal and os.path.exists(journal.path):
            os.utime(journal.path, (self.clock.now(), self.clock.now()))
        store._sent._leave()

    def path(self, *parts: str) -> Path:
        return Path(self.home, *parts)

    def names(self, *parts: str) -> list[str]:
        folder = self.path(*parts)
        return sorted(os.listdir(folder)) if folder.is_dir() else []


def letter(body: str = "hello", *, message_id: str | None = None, **members: Any) -> Envelope:
    members.setdefault("from_session_id", ALICE)
    return Envelope(message_id or os.urandom(8).hex(), body, 1_800_000_000, **members)


def bodies(messages: Any) -> list[str]:
    return [message.body for message in messages]
