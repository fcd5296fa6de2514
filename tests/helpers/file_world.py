"""Sessions on a real state folder: the fakes' world with the file store under it.

Each :class:`FileWorld` is the view of one process; several on one folder are several processes.
"""

from __future__ import annotations

import time
from pathlib import Path

from helpers.fakes import ALICE, BOB, CAROL, FakeClock, World
from helpers.stores import RandomIds
from oxtail.app.context import Context
from oxtail.disk.atomic import Disk
from oxtail.identity.process import current_owner, provably_dead
from oxtail.store.files.locks import Locks
from oxtail.store.files.sides import file_sides
from oxtail.store.files.store import FileStore


class FileWorld(World):
    """A world on the state folder *home*, with Alice, Bob and Carol in it."""

    def __init__(self, home: Path | str, *, fsync: bool = False, budget_ms: int = 5_000) -> None:
        super().__init__()
        self.clock = FakeClock(float(int(time.time())))
        self.ids = RandomIds()  # type: ignore[assignment] - several worlds make ids on one folder
        disk = Disk(str(home), fsync=fsync, trace=self.trace)
        self.store = FileStore(  # type: ignore[assignment]
            disk,
            self.clock,
            RandomIds(),
            received_max=1_000,
            pending_ask_ttl_ms=3_600_000,
            lock_budget_ms=budget_ms,
            owner=current_owner(),
            provably_dead=provably_dead,
            trace=self.trace,
        )
        self.sides = file_sides(disk, self.clock, Locks(disk, budget_ms / 1000, self.trace))
        self.disk = disk
        self.alice: Context = self.context(ALICE, pid=1)
        self.bob: Context = self.context(BOB, pid=2)
        self.carol: Context = self.context(CAROL, pid=3)
