"""Removing what has outlived its use; a job of its own, which never fails the work around it."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from oxtail.core.names import is_box, is_message_id
from oxtail.errors import StoreError
from oxtail.store.files.marks import STALE_SECONDS
from oxtail.store.retention import (
    RECORD_KEEP_SECONDS,
    REMINDED_KEEP_SECONDS,
    TRAFFIC_KEEP_SECONDS,
    WAITER_WAKE_KEEP_SECONDS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from oxtail.disk.atomic import Disk
    from oxtail.ports import Clock
    from oxtail.store.files.locks import Locks

TEMPORARY_KEEP_SECONDS: Final = 60
"""How long the temporary file of a dead writer is left alone; a write takes milliseconds."""

_TEMPORARY: Final = re.compile(
    r".+(?:\.tmp\.([1-9][0-9]{0,9})\.[0-9a-f]+|\.([1-9][0-9]{0,9})\.tmp)"
)

_TRAFFIC: Final = re.compile(r"[pms]-[0-9a-f]{32}")
_EVIDENCE: Final = re.compile(r"[oc]-[0-9a-f]{16}")

# npm peers write temporary files beside the first, and leave the second's old ones under new names.
_WISH: Final = re.compile(r"w.*")
_WAITERS_WAKE: Final = re.compile(r"[0-9a-f]{32}(?:\..*)?")
_REMINDER: Final = re.compile(r"o-[0-9a-f]{32}")


class Sweeper:
    """Removes old records, the temporary files of the dead, and boxes that nobody reads."""

    def __init__(self, disk: Disk, locks: Locks, clock: Clock, pending_wake_ttl: float) -> None:
        self._disk = disk
        self._locks = locks
        self._clock = clock
        self._pending_wake_ttl = pending_wake_ttl

    def records(self) -> None:
        """Remove receipts, sender's records and evidence that are older than a week."""
        layout = self._disk.layout
        for folder in (layout.receipts, layout.outbox):
            for name in self._disk.names(folder):
                path = os.path.join(folder, name)
                if is_message_id(name) and self._age(path) > RECORD_KEEP_SECONDS:
                    self._disk.remove(path)
        for name in self._disk.names(layout.evidence):
            path = os.path.join(layout.evidence, name)
            if _EVIDENCE.fullmatch(name) and self._age(path) > RECORD_KEEP_SECONDS:
                self._disk.remove(path)

    def wakes(self) -> None:
        """Remove wishes that are too old, and records of wakes and reminders of long ago."""
        layout = self._disk.layout
        for folder, shape, seconds in (
            (layout.pending_wakes, _WISH, self._pending_wake_ttl),
            (layout.waiter_wakes, _WAITERS_WAKE, WAITER_WAKE_KEEP_SECONDS),
            (layout.operator_wakes, _WAITERS_WAKE, WAITER_WAKE_KEEP_SECONDS),
            (layout.reminded, _REMINDER, REMINDED_KEEP_SECONDS),
        ):
            for name in self._disk.names(folder):
                path = os.path.join(folder, name)
                if shape.fullmatch(name) and self._age(path) >= seconds:
                    self._disk.remove(path)

    def traffic(self) -> None:
        """Forget what passed between sessions that have been silent for a day."""
        folder = self._disk.layout.traffic
        for name in self._disk.names(folder):
            path = os.path.join(folder, name)
            if _TRAFFIC.fullmatch(name) and self._age(path) > TRAFFIC_KEEP_SECONDS:
                self._disk.remove(path)

    def temporaries(self) -> None:
        """Remove temporary files whose writer has ended."""
        layout = self._disk.layout
        for folder in (
            layout.mailboxes,
            layout.received,
            layout.sessions,
            layout.claimed,
            layout.known,
            layout.asks,
            layout.pending_asks,
            layout.work,
            layout.receipts,
            layout.outbox,
            layout.evidence,
            layout.damaged,
            layout.autowake,
            layout.pending_wakes,
            layout.waiter_wakes,
            layout.reminded,
            layout.operator_wakes,
            layout.activity,
            layout.sticky_claims,
            layout.traffic,
            layout.policies,
            layout.lineage,
            layout.expired,
            layout.home,
        ):
            for name in self._disk.names(folder):
                match = _TEMPORARY.fullmatch(name)
                path = os.path.join(folder, name)
                if match and self._age(path) > TEMPORARY_KEEP_SECONDS:
                    self._remove_if_orphan(path, int(match[1] or match[2]))

    def _remove_if_orphan(self, path: str, pid: int) -> None:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            self._disk.remove(path)
        except (PermissionError, OverflowError):
            return

    def locks(self) -> None:
        """Clear the locks and markers that the dead have left and nobody has asked for since."""
        layout = self._disk.layout
        for folder in (layout.mailboxes, layout.received, layout.home):
            for name in self._disk.names(folder):
                path = os.path.join(folder, name)
                if not name.endswith((".lock", ".lock.steal")) or self._age(path) <= STALE_SECONDS:
                    continue
                if name.endswith(".steal"):
                    with suppress(OSError):
                        os.rmdir(path)
                else:
                    with self._locks.holding(path.removesuffix(".lock"), "stale_lock_swept"):
                        pass

    def unread_boxes(self, referenced: Collection[str]) -> None:
        """Remove empty boxes that no session reads and nobody has touched for a week."""
        folder = self._disk.layout.mailboxes
        for name in self._disk.names(folder):
            stem, ending = os.path.splitext(name)
            if ending != ".jsonl" or not is_box(stem) or stem in referenced:
                continue
            path = os.path.join(folder, name)
            if self._is_unused(path):
                self._remove_box(stem, path)

    def _is_unused(self, path: str) -> bool:
        stamp = self._disk.stamp(path)
        return stamp is not None and not stamp.size and self._age(path) > RECORD_KEEP_SECONDS

    def _remove_box(self, box: str, path: str) -> None:
        with self._locks.holding(path, "mailbox_lock_stale_clear", box=box):
            if not self._is_unused(path):
                return
            self._disk.remove(path)
            # Whoever waits for this side file looks again whether it is still the one.
            self._disk.remove(f"{path}.lock.flock")
            with suppress(OSError):
                os.rmdir(f"{path}.lock.spare")
        self._disk.trace("mailbox_gc_removed", box=box)

    def _age(self, path: str) -> float:
        """Return the age of a file in seconds, negative if it is gone."""
        stamp = self._disk.stamp(path)
        return -1.0 if stamp is None else self._clock.now() - stamp.mtime_ns / 1e9


def run(jobs: Collection[Callable[[], None]], disk: Disk) -> None:
    """Do all *jobs*; one that fails is traced and does not keep the others from their work."""
    for job in jobs:
        try:
            job()
        except (OSError, StoreError) as error:
            disk.trace("sweep_failed", job=getattr(job, "__name__", "sweep"), error=str(error))
