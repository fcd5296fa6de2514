"""Which session id follows which, on files.

``<hash>.next`` of an id names the one that follows it and is made by exclusive creation, so that of
several heirs one wins; it is the truth.  ``<hash>.json`` of an heir lists the earlier ids, and each
of them counts only as long as the chain of ``.next`` leads from it to that heir.  Looking takes no
lock; changes take one, and what a dead process began is finished by the next who looks.
``docs/formats/lineage.md`` is the format.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from oxtail.core import codec
from oxtail.core.lineage import FORMER_MAX, Past, chain_of, heir_of, past_of, verified
from oxtail.core.names import hash32, is_session_id
from oxtail.errors import DamagedRecord, LockBusy, StoreError
from oxtail.store.files.flock import drop_flock, take_flock

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import TypeGuard

    from oxtail.disk.atomic import Disk, Stamp
    from oxtail.ports import Clock

KEEP_SECONDS: Final = 30 * 86_400
"""How long records that lead to no session in use are kept: as long as a session stays known."""

LOCK_SECONDS: Final = 0.5
"""Longest wait for the lock: a change takes milliseconds, and a hook keeps an agent waiting."""

RECORD_MAX_BYTES: Final = 131_072
"""Largest record that is read; a larger one is damage.  65 ids of 200 characters are less."""

_CACHE_MAX: Final = 1_024


class FileLineage:
    """A :class:`oxtail.ports.Lineage` on the folder ``lineage/``."""

    def __init__(self, disk: Disk, clock: Clock) -> None:
        self._disk = disk
        self._clock = clock
        self._read: dict[str, tuple[Stamp, dict[str, Any]]] = {}

    # ------------------------------------------------------------------ looking

    def heir(self, session_id: str) -> str:
        """Return the id that *session_id* goes by now; see :meth:`oxtail.ports.Lineage.heir`."""
        return heir_of(session_id, self._next)

    def former(self, session_id: str) -> tuple[str, ...]:
        """Return the earlier ids; see :meth:`oxtail.ports.Lineage.former`."""
        past = self._past(session_id)
        if past.taking is not None:
            with self._alone():
                self._finish(session_id)
            past = self._past(session_id)
        if not past.former or self._next(session_id) is not None:
            return ()
        return verified(session_id, past.former, self._next)

    def _next(self, session_id: str) -> str | None:
        members = self._members(self._disk.layout.successor(session_id))
        return _successor(members, session_id) if members else None

    def _past(self, session_id: str) -> Past:
        members = self._members(self._disk.layout.past(session_id))
        return (members and _past(members, session_id)) or Past()

    def _members(self, path: str) -> dict[str, Any] | None:
        """Return the record at *path*; an empty one is damaged, None is none.

        Raises:
            StoreError: it cannot be read.
        """
        stamp = self._disk.stamp(path)
        if stamp is None:
            return None
        kept = self._read.get(path)
        if kept and kept[0] == stamp:
            return kept[1]
        try:
            data = self._disk.read(path, RECORD_MAX_BYTES)
            value = None if data is None else codec.decode(data)
        except (DamagedRecord, ValueError):
            value = {}
        members: dict[str, Any] = value if _is_record(value) else {}
        if len(self._read) >= _CACHE_MAX:
            self._read.clear()
        self._read[path] = (stamp, members)
        return members

    # ------------------------------------------------------------------ changing

    def record(self, former: str, heir: str, source: str) -> bool:
        """Record an heir; see :meth:`oxtail.ports.Lineage.record`.

        Commit point: the exclusive creation of ``<hash of former>.next``, synced.  A crash before
        it leaves an intent in the record of *heir*, which the next look finishes.

        Raises:
            LockBusy: somebody else changes the lineage and does not end; nothing was changed.
            StoreError: the disk refused.
        """
        if former == heir or not (is_session_id(former) and is_session_id(heir)):
            return False
        with self._alone():
            self._mend(former, heir)
            self._finish(former)
            self._finish(heir)
            past = self._past(heir)
            if self.heir(former) != heir:
                if self._next(former) is not None:
                    return False
                self._write_past(heir, past._replace(taking=former), source)
                self._finish(heir, source)
            elif former not in past.former[:1]:
                listed = past_of(heir, (former,), past.former)
                self._write_past(heir, Past(listed), source)
            return self.heir(former) == heir

    def returned(self, session_id: str) -> None:
        """Let an id be itself again; see :meth:`oxtail.ports.Lineage.returned`.

        Commit point: the removal of its ``.next``.
        """
        path = self._disk.layout.successor(session_id)
        if self._disk.stamp(path) is None:
            return
        with self._alone():
            self._finish(session_id)
            self._remove(path)

    def _finish(self, heir: str, source: str = "finished") -> None:
        """Carry out what the record of *heir* says has been begun; the lock is held."""
        past = self._past(heir)
        if past.taking is None:
            return
        former, now = past.taking, self._clock.now()
        members = {
            "schema_version": 1,
            "session_id": former,
            "successor": heir,
            "source": source,
            "at": int(now),
        }
        self._remove(self._disk.layout.successor(heir))
        path = self._disk.layout.successor(former)
        try:
            if self._next(former) is None:
                self._disk.create(path, codec.encode_compact(members), durable=True, mtime=now)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error
        won = self._next(former) == heir
        listed = past.former
        if won:
            before = verified(former, self._past(former).former, self._next)
            listed = past_of(heir, (former,), before, past.former)
        self._write_past(heir, Past(listed), source)

    def _write_past(self, heir: str, past: Past, source: str) -> None:
        members: dict[str, Any] = {
            "schema_version": 1,
            "session_id": heir,
            "former": list(past.former),
        }
        if past.taking is not None:
            members["taking"] = past.taking
        now = self._clock.now()
        members |= {"source": source, "at": int(now)}
        path = self._disk.layout.past(heir)
        try:
            self._disk.publish(path, codec.encode_compact(members), mtime=now)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error

    def _mend(self, former: str, heir: str) -> None:
        """Set aside what is damaged where a record is to be; the lock is held."""
        layout = self._disk.layout
        for path in (layout.successor(former), layout.successor(heir), layout.past(heir)):
            members = self._members(path)
            if members is not None and not _is_named(os.path.basename(path), members):
                self._disk.set_aside(path, "not a lineage record")
        for session_id in (former, heir):
            if self._next(session_id) and not chain_of(session_id, self._next):
                self._disk.set_aside(layout.successor(session_id), "a lineage that is a loop")

    def _remove(self, path: str) -> None:
        try:
            self._disk.remove(path)
        except OSError as error:
            raise StoreError(f"cannot remove {path}: {error.strerror}", path=path) from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock of the folder.

        Raises:
            LockBusy: somebody kept it too long; nothing was changed.
            StoreError: it cannot be had.
        """
        path = self._disk.layout.lineage_lock()
        descriptor = None
        try:
            self._disk.folder(self._disk.layout.lineage)
            descriptor, _ = self._disk.open_side(path)
            if not take_flock(descriptor, time.monotonic() + LOCK_SECONDS):
                os.close(descriptor)
                raise LockBusy(path=path)
        except OSError as error:
            if descriptor is not None:
                os.close(descriptor)
            raise StoreError(f"cannot lock {path}: {error.strerror}", path=path) from error
        try:
            self._read.clear()
            yield
        finally:
            drop_flock(descriptor)

    # ------------------------------------------------------------------ sweeping

    def sweep(self, in_use: Collection[str]) -> None:
        """Forget what is old, and set damage aside; see :meth:`oxtail.ports.Lineage.sweep`."""
        folder = self._disk.layout.lineage
        names = self._disk.names(folder)
        oldest = self._clock.now() - KEEP_SECONDS
        with self._alone():
            for name in names:
                path = os.path.join(folder, name)
                if not name.endswith((".json", ".next")):
                    continue
                members = self._members(path)
                if members is None:
                    continue
                if not _is_named(name, members):
                    self._disk.set_aside(path, "not a lineage record")
                    continue
                session_id = members["session_id"]
                stamp = self._disk.stamp(path)
                is_old = stamp is not None and stamp.mtime_ns / 1e9 < oldest
                if is_old and session_id not in in_use and self.heir(session_id) not in in_use:
                    self._remove(path)


def _is_record(value: object) -> TypeGuard[dict[str, Any]]:
    """Tell whether *value* is a record of a form that is understood."""
    return isinstance(value, dict) and codec.is_schema_one(value.get("schema_version"))


def _is_named(name: str, members: dict[str, Any]) -> bool:
    """Tell whether the file *name* holds the record that belongs there."""
    session_id = members.get("session_id")
    if not isinstance(session_id, str) or hash32(session_id) != name.partition(".")[0]:
        return False
    if name.endswith(".next"):
        return _successor(members, session_id) is not None
    return _past(members, session_id) is not None


def _successor(members: dict[str, Any], session_id: str) -> str | None:
    """Return the id that follows *session_id*, or None if the record is no such thing."""
    after = members.get("successor")
    if members.get("session_id") != session_id or after == session_id:
        return None
    return after if isinstance(after, str) and is_session_id(after) else None


def _past(members: dict[str, Any], session_id: str) -> Past | None:
    """Return the earlier ids of *session_id*, or None if the record is no such thing."""
    former, taking = members.get("former"), members.get("taking")
    if members.get("session_id") != session_id or not isinstance(former, list):
        return None
    ids = [each for each in former[:FORMER_MAX] if isinstance(each, str) and is_session_id(each)]
    is_taking = isinstance(taking, str) and is_session_id(taking) and taking != session_id
    return Past(past_of(session_id, ids), taking if is_taking else None)
