"""One run of the life cycle at a time in a project.

The lock is that of :mod:`oxtail.store.files.locks` with the name and the age of npm peers: a fleet
takes minutes to bring up.  While it is held a thread keeps its folder young, so that no npm peer
takes over from a run that is slow; a run that has died frees it at once for Python peers.
``docs/formats/lock.md`` has both.
"""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from oxtail.core.fleet_errors import FleetBusy
from oxtail.disk.fleet_layout import FleetLayout
from oxtail.errors import LockBusy
from oxtail.store.files.locks import Locks
from oxtail.store.files.marks import read_token
from oxtail.trace import Trace, silent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oxtail.disk.atomic import Disk
    from oxtail.store.files.locks import Held

STALE_SECONDS: Final = 300.0
"""Age above which npm peers take the lock over; the same number here."""

BEAT_SECONDS: Final = 20.0
"""How often the folder is made young; many times within that age."""

BUDGET_SECONDS: Final = 3.0
"""How long a run waits for another one; as npm peers do."""

assert BEAT_SECONDS * 5 < STALE_SECONDS


class _Hold:
    """See :class:`oxtail.ports.lifecycle.Hold`."""

    def __init__(self, held: Held) -> None:
        self._held = held

    def check(self) -> None:
        """Make sure that the lock was not taken over; see the port."""
        try:
            self._held.check()
        except LockBusy as error:
            raise FleetBusy(
                "Another run took over while this one slept; nothing more is changed.",
                path=self._held.path,
            ) from error


class FileFleetLocks:
    """See :class:`oxtail.ports.lifecycle.FleetLocks`; on the folder ``fleet-locks/``."""

    def __init__(
        self,
        disk: Disk,
        trace: Trace = silent,
        *,
        budget: float = BUDGET_SECONDS,
        beat: float = BEAT_SECONDS,
    ) -> None:
        self._disk = disk
        self._trace = trace
        self._beat = beat
        self._locks = Locks(disk, budget, trace, ending="", stale=STALE_SECONDS)

    @contextmanager
    def holding(self, root: str) -> Iterator[_Hold]:
        """Hold the lock of a project; see :meth:`oxtail.ports.lifecycle.FleetLocks.holding`."""
        path = FleetLayout(self._disk.layout.home).fleet_lock(root)
        with ExitStack() as stack:
            locked = self._locks.holding(path, "fleet_lock_stale_cleared", root=root)
            try:
                held = stack.enter_context(locked)
            except LockBusy as error:
                raise FleetBusy(path=path) from error
            ended = threading.Event()
            thread = threading.Thread(target=self._keep_young, args=(held, ended), daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(ended.set)
            yield _Hold(held)

    def _keep_young(self, held: Held, ended: threading.Event) -> None:
        while not ended.wait(self._beat):
            if read_token(held.path) != held.token:
                return
            try:
                os.utime(held.path)
            except OSError as error:
                self._trace("fleet_lock_beat_failed", lock=held.path, error=str(error))
