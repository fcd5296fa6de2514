"""The boxes: one file of lines each, changed only under its lock.

Every kind of peer appends to a box and empties it, and some replace it by renaming; so a box is
opened by its path under the lock each time.  ``docs/formats/box.md`` is the format.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from oxtail.errors import DamagedRecord, StoreError
from oxtail.store.files import lines

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from oxtail.disk.atomic import Disk
    from oxtail.store.files.bell import Bells
    from oxtail.store.files.locks import Held, Locks


_CLEARED: Final = "mailbox_lock_stale_clear"
"""Traced when the stale lock of a box is cleared."""


class OpenBox:
    """A box whose lock is held.

    Attributes:
        name: Its name.
        path: Its path.
    """

    def __init__(self, name: str, path: str, disk: Disk, held: Held) -> None:
        self.name = name
        self.path = path
        self._disk = disk
        self._held = held

    def read(self) -> bytes:
        """Return the content; what is no file, or cannot be one, is set aside and counts as none.

        Raises:
            StoreError: it cannot be read.
        """
        try:
            return self._disk.read(self.path) or b""
        except DamagedRecord as error:
            self._disk.set_aside(self.path, error.problem)
            return b""

    def append(self, data: bytes) -> int:
        """Append *data* and return the descriptor, to be synced and closed.

        Raises:
            OSError, StoreError: nothing was added.
        """
        try:
            return self._disk.append(self.path, data)[0]
        except DamagedRecord as error:
            self._disk.set_aside(self.path, error.problem)
            return self._disk.append(self.path, data)[0]

    def replace(self, raws: Iterable[bytes]) -> None:
        """Make *raws* the content, durably; without any, the file is emptied in place.

        Raises:
            LockBusy: the lock was lost; nothing was changed.
            OSError, StoreError: as above.
        """
        data = lines.join(raws)
        self._held.check()
        if data:
            self._disk.publish(self.path, data)
        else:
            self._disk.empty(self.path)


class Boxes:
    """All boxes of one state folder."""

    def __init__(self, disk: Disk, locks: Locks, bells: Bells) -> None:
        self._disk = disk
        self._locks = locks
        self._bells = bells

    def path(self, name: str) -> str:
        """Return the path of the box *name*; ValueError if that is no box name."""
        return self._disk.layout.box(name)

    def is_empty(self, name: str) -> bool:
        """Tell whether nothing lies in the box *name*; takes no lock."""
        stamp = self._disk.stamp(self.path(name))
        return stamp is None or not stamp.size

    @contextmanager
    def holding(self, name: str) -> Iterator[OpenBox]:
        """Hold the lock of the box *name*; an ``OSError`` of the block becomes a ``StoreError``.

        Raises:
            LockBusy: somebody kept it for the whole budget.
            StoreError: the disk refused.
        """
        path = self.path(name)
        with self._locks.holding(path, _CLEARED, box=name) as held:
            try:
                yield OpenBox(name, path, self._disk, held)
            except OSError as error:
                raise StoreError(f"cannot change {path}: {error.strerror}", path=path) from error

    def read(self, name: str) -> bytes:
        """Return the content of a box without its lock; the last line may be incomplete.

        Raises:
            DamagedRecord: it is no file, or cannot be one.
            StoreError: it cannot be read.
        """
        return self._disk.read(self.path(name)) or b""

    def append(
        self, name: str, line: bytes, unless: Callable[[OpenBox], bool] | None = None
    ) -> None:
        """Append *line* and ring, unless *unless* says under the lock that it is there.

        Commit point: the line is in the box and synced.  The sync is done after the lock is given
        back, so that others need not wait for the disk.

        Raises:
            LockBusy: somebody kept the lock; nothing was added.
            StoreError: the disk refused; nothing was added, or it could not be synced.
        """
        path = self.path(name)
        held = self._locks.take(path, _CLEARED, box=name)
        try:
            box = OpenBox(name, path, self._disk, held)
            if unless and unless(box):
                return
            descriptor = box.append(line)
        except OSError as error:
            raise StoreError(f"cannot change {path}: {error.strerror}", path=path) from error
        finally:
            self._locks.give(held)
        try:
            self._disk.sync(descriptor)
        except OSError as error:
            raise StoreError(f"cannot sync {path}: {error.strerror}", path=path) from error
        finally:
            os.close(descriptor)
        self._bells.ring(name)

    def ring(self, name: str) -> None:
        """Ring the bells of whoever waits for this box.  Never raises."""
        self._bells.ring(name)

    def adopt(self, source: str, target: str, ids: Collection[str] | None = None) -> int:
        """Move mail of *source* to *target*; see :meth:`oxtail.ports.Store.adopt_box`."""
        if self.path(source) == self.path(target):
            return 0

        def goes(line: lines.Line) -> bool:
            return ids is None or line.message is None or line.message.id in ids

        # Locks nest in this order only, in every peer: source, then target.
        with self.holding(source) as left:
            everything = lines.parse(left.read())
            found = [line for line in everything if goes(line)]
            if not found:
                return 0
            with self.holding(target) as right:
                present = {line.message.id for line in lines.parse(right.read()) if line.message}
                self.set_damaged_aside(left, found)
                moved: dict[str, bytes] = {}
                for line in found:
                    if line.message and line.message.id not in present:
                        moved.setdefault(line.message.id, line.raw)
                if moved:
                    descriptor = right.append(lines.join(moved.values()))
                    try:
                        self._disk.sync(descriptor)
                    finally:
                        os.close(descriptor)
            left.replace(line.raw for line in everything if not goes(line))
        if moved:
            self._bells.ring(target)
        return len(moved)

    def quarantine(self, name: str, reason: str) -> int:
        """Set all of a box aside; see :meth:`oxtail.ports.Store.quarantine_box`."""
        with self.holding(name) as box:
            raws = [line.raw for line in lines.parse(box.read())]
            if raws:
                self._disk.set_lines_aside(box.path, raws, reason)
                box.replace(())
        return len(raws)

    def set_damaged_aside(self, box: OpenBox, found: Iterable[lines.Line]) -> bool:
        """Keep the damaged ones of *found* in ``damaged/``; tell whether there were any.

        Raises:
            OSError, StoreError: they could not be kept, so they must stay where they are.
        """
        damaged = [line for line in found if line.message is None]
        if damaged:
            problem = "; ".join(sorted({line.problem for line in damaged}))
            self._disk.set_lines_aside(box.path, [line.raw for line in damaged], problem)
        return bool(damaged)
