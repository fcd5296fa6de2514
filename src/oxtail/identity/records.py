"""A folder of small JSON files that other programs write, read so that none of them can do harm.

Rules of this file:

* Reading never raises because of what a file holds.
* A damaged file is set aside, unless it was replaced since it was read.
* A forged file, which speaks for somebody else, is ignored where it is.
* An unreadable file is skipped.  Each is traced once, not at each look.

A look costs one ``stat`` of the folder while no name in it changes, else one listing and one
``lstat`` a file; a file is parsed again only when its modification time, size or inode changes.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from oxtail.core.codec import decode
from oxtail.core.value import Value
from oxtail.disk.layout import join
from oxtail.errors import DamagedRecord, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.disk.atomic import Disk, Stamp

RECORD_MAX_BYTES: Final = 65_536
"""Largest record that is read; a real one has some hundred bytes."""

SETTLED_NANOSECONDS: Final = 1_000_000_000
"""Age from which the time stamp of a folder is believed; no file system counts more coarsely."""

T = TypeVar("T")


class Seen(Value, Generic[T]):
    """A record and the stamp of the file that it was read from."""

    record: T
    stamp: Stamp


class Records(Generic[T]):
    """The records in one folder.

    Args:
        disk: The state folder.
        folder: The folder of the records.
        parse: Turns a file's name and JSON value into a record.  It returns None for what is not
            wanted, and raises :class:`~oxtail.errors.DamagedRecord` for damage, with
            ``forged=True`` where the file speaks for somebody else.
        accepts: Tells from a name whether the file is a record at all.
        keep_damaged: True to leave damaged files where they are.
    """

    def __init__(
        self,
        disk: Disk,
        folder: str,
        parse: Callable[[str, object], T | None],
        *,
        accepts: Callable[[str], bool],
        keep_damaged: bool = False,
    ) -> None:
        self._disk = disk
        self._folder = folder
        self._parse = parse
        self._accepts = accepts
        self._keep_damaged = keep_damaged
        self._cache: dict[str, tuple[Stamp, T | None]] = {}
        self._found: dict[str, Seen[T]] = {}
        self._settled: int | None = None

    def path(self, name: str) -> str:
        """Return the path of the record *name*, which this folder accepts."""
        if not self._accepts(name):
            raise ValueError(f"not a record: {name[:80]!r}")
        return join(self._folder, name)

    def all(self) -> dict[str, Seen[T]]:
        """Return every readable record by its file name, sorted by that name.

        Raises:
            StoreError: the folder is there and cannot be listed.
        """
        changed_at = self._changed_at()
        if changed_at is not None and changed_at == self._settled:
            return dict(self._found)
        cache: dict[str, tuple[Stamp, T | None]] = {}
        found: dict[str, Seen[T]] = {}
        for name in self._disk.names(self._folder):
            if not self._accepts(name):
                continue
            stamp = self._disk.stamp(self.path(name))
            if stamp is None:
                continue
            cached = self._cache.get(name)
            record = cached[1] if cached and cached[0] == stamp else self._load(name, stamp)
            cache[name] = (stamp, record)
            if record is not None:
                found[name] = Seen(record, stamp)
        self._cache, self._found = cache, found
        # A folder that changed just now may change again without a later time stamp.
        is_old = changed_at is not None and time.time_ns() - changed_at > SETTLED_NANOSECONDS
        self._settled = changed_at if is_old else None
        return dict(found)

    def unreadable(self) -> tuple[str, ...]:
        """Return the names that the last look found and could not make a record of."""
        return tuple(name for name, (_, record) in self._cache.items() if record is None)

    def _changed_at(self) -> int | None:
        """Return when a name of the folder last changed, in nanoseconds, None if that is unknown.

        Records are only ever made, replaced and removed by name, by every kind of peer.
        """
        try:
            return os.stat(self._folder).st_mtime_ns
        except OSError:
            return None

    def fresh(self, name: str) -> Seen[T] | None:
        """Read the record *name* anew; None if it is gone or no good."""
        stamp = self._disk.stamp(self.path(name))
        record = self._load(name, stamp) if stamp else None
        return Seen(record, stamp) if record is not None and stamp else None

    def remove(self, name: str, stamp: Stamp) -> bool:
        """Remove the record *name* if it was not replaced since *stamp*; tell whether it was.

        Raises:
            OSError: it cannot be removed.
        """
        return self._disk.remove_unchanged(self.path(name), stamp)

    def _load(self, name: str, stamp: Stamp) -> T | None:
        path = self.path(name)
        try:
            data = self._disk.read(path, RECORD_MAX_BYTES)
            return None if data is None else self._parse(name, self._decode(data))
        except DamagedRecord as error:
            if error.fields.get("forged"):
                self._disk.trace("record_forged", path=path, problem=error.problem)
            elif self._keep_damaged:
                self._disk.trace("record_damaged", path=path, problem=error.problem)
            elif self._disk.stamp(path) == stamp:
                self._disk.set_aside(path, error.problem)
        except StoreError as error:
            self._disk.trace("record_unreadable", path=path, error=error.message)
        return None

    @staticmethod
    def _decode(data: bytes) -> object:
        try:
            value: object = decode(data)
        except ValueError as error:
            raise DamagedRecord("not JSON") from error
        return value
