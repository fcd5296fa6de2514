"""The context of a hook: files only, and only those that an event needs.

The counterpart of :mod:`oxtail.wiring` for a process that lives for milliseconds.  What a hook
never uses is not there: using it fails, and a failing hook keeps the mail.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, cast

from oxtail.app.context import Context
from oxtail.app.hook import LOCK_BUDGET_MS
from oxtail.core.later import Later
from oxtail.core.names import pid_box, session_box
from oxtail.disk.atomic import Disk
from oxtail.disk.doorstep import FileDoorstep
from oxtail.errors import StoreError
from oxtail.identity.process import current_owner, provably_dead
from oxtail.identity.siblings import pids_of
from oxtail.store.files.locks import Locks
from oxtail.store.files.sides import file_sides
from oxtail.store.files.store import FileStore
from oxtail.wake.markers import FileMarkers

if TYPE_CHECKING:
    from oxtail.config import Settings
    from oxtail.identity.projects import FileProjects
    from oxtail.identity.registry import FileRegistry
    from oxtail.ports import Lineage, Projects, Registry
    from oxtail.trace import Trace


class HookClock:
    """The time of this machine."""

    def now(self) -> float:
        """Return the wall clock in unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()


class HookIds:
    """Ids from the system's source of randomness."""

    def new_id(self) -> str:
        """Return sixteen random hex digits."""
        return os.urandom(8).hex()


class HookSession:
    """The session of one event, as far as showing mail needs it.

    Attributes:
        id: What the client calls it.
    """

    def __init__(self, disk: Disk, session_id: str, lineage: Lineage) -> None:
        self.id = session_id
        self._disk = disk
        self._lineage = lineage

    def ids(self) -> tuple[str, ...]:
        """Return the session id and the earlier ids of this conversation, the youngest first."""
        if self._disk.stamp(self._disk.layout.past(self.id)) is None:
            return (self.id,)  # as most are, and the module need not be loaded
        try:
            return (self.id, *self._lineage.former(self.id))
        except StoreError as error:
            self._disk.trace("lineage_failed", session_id=self.id, error=error.message)
            return (self.id,)

    def boxes(self) -> tuple[str, ...]:
        """Return every box in which mail for the session may lie, its own box first.

        Raises:
            StoreError: the folder of the entries cannot be listed.
        """
        ids = self.ids()
        boxes = [session_box(self.id), *FileDoorstep(self._disk).boxes(self.id)]
        for each in ids:
            boxes += (session_box(each), *map(pid_box, pids_of(self._disk, each)))
        return tuple(dict.fromkeys(boxes))


def _registry(disk: Disk, clock: HookClock) -> FileRegistry:
    """Return the registry, for looking only: a hook publishes nothing and collects nothing."""
    from oxtail.identity.registry import FileRegistry

    absent: Any = None
    return FileRegistry(disk, clock, has_mail=absent, adopt_box=absent, quarantine_box=absent)


def _projects(settings: Settings) -> FileProjects:
    from oxtail.identity.projects import FileProjects

    return FileProjects(settings.scope)


def open_context(settings: Settings, trace: Trace, session_id: str) -> Context:
    """Return the context for one event of *session_id*; touches no file."""
    disk = Disk(settings.home, fsync=settings.fsync, trace=trace)
    clock, ids = HookClock(), HookIds()
    budget_ms = min(settings.lock_budget_ms, LOCK_BUDGET_MS)
    sides = file_sides(disk, clock, Locks(disk, budget_ms / 1000, trace))
    absent: Any = None
    return Context(
        settings=settings,
        session=cast("Any", HookSession(disk, session_id, sides.lineage)),
        store=FileStore(
            disk,
            clock,
            ids,
            owner=current_owner(),
            provably_dead=provably_dead,
            received_max=settings.received_max,
            pending_ask_ttl_ms=settings.pending_ask_ttl_ms,
            lock_budget_ms=budget_ms,
            trace=trace,
        ),
        # Only a session that has a policy asks who a sender is.
        registry=cast("Registry", Later(lambda: _registry(disk, clock))),
        projects=cast("Projects", Later(lambda: _projects(settings))),
        presence=FileMarkers(disk),
        wake_records=absent,
        waker=absent,
        panes=absent,
        terminals=absent,
        transcripts=absent,
        clock=clock,
        ids=ids,
        trace=trace,
        **sides._asdict(),
    )
