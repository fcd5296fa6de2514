"""Messages of the past, from the ledgers; see :class:`oxtail.ports.History`.

Rules of this file:

* Nothing is written and no lock is taken; a ledger may be compacted at any moment.
* What is kept of a message while others are read is numbers: its time, its place, a hash of its id.
"""

from __future__ import annotations

from array import array
from contextlib import closing
from heapq import merge
from itertools import repeat
from typing import TYPE_CHECKING

from oxtail.core.history import Bookmark, Problem, Record, record_of
from oxtail.core.value import Value
from oxtail.errors import StoreError
from oxtail.store.files.ledger_scan import (
    Ledger,
    Mark,
    OpenLedgers,
    bad_lines,
    continues,
    ledger_names,
    ledger_path,
    message_on,
    opened,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oxtail.core.history import Wanted
    from oxtail.core.words import Words
    from oxtail.disk.atomic import Disk, Stamp


class Seen(Value):
    """What a bookmark says of one ledger: how far it was read, and the hashes of the ids in it."""

    stamp: Stamp | None
    mark: Mark
    ids: array[int]


class _Spots:
    """Where the wanted records of one ledger are, oldest first: four numbers each."""

    def __init__(self, name: str, receiver: str | None, inode: int) -> None:
        self.name = name
        self.receiver = receiver
        self.inode = inode
        self.times = array("q")
        self.starts = array("q")
        self.sizes = array("q")
        self.ids = array("q")

    def fill(self, found: list[tuple[int, int, int, int]]) -> None:
        for numbers, column in zip(zip(*found, strict=True), self._columns(), strict=False):
            column.extend(numbers)

    def _columns(self) -> tuple[array[int], ...]:
        return self.times, self.starts, self.sizes, self.ids

    def keys(self) -> Iterator[tuple[int, str, int, int, int]]:
        return zip(self.times, repeat(self.name), self.starts, self.sizes, self.ids, strict=False)


class _Reader:
    """Reads records at their places, also when their ledger is compacted meanwhile."""

    def __init__(self, ledgers: OpenLedgers) -> None:
        self._ledgers = ledgers
        self._moved: dict[str, tuple[int, dict[int, tuple[int, int]]]] = {}

    def record(self, spots: _Spots, start: int, size: int, identity: int) -> Record | None:
        """Return the record at this place, or None if its ledger has dropped it meanwhile."""
        ledger = self._ledgers.ledger(spots.name)
        inode, places = self._moved.get(spots.name, (spots.inode, None))
        for _ in range(2):
            if ledger.inode == inode:
                place = (start, size) if places is None else places.get(identity)
                message = ledger.message(*place) if place else None
                if message and hash(message.id) == identity:
                    return record_of(spots.receiver, spots.name, message)
            if ledger.inode == inode and places is not None:
                break
            # Another file has the name now; what it kept of this one is somewhere else in it.
            places = {identity: (start, size) for identity, (start, size) in _places(ledger)}
            inode = ledger.inode
            self._moved[spots.name] = (inode, places)
        return None


def _places(ledger: Ledger) -> Iterator[tuple[int, tuple[int, int]]]:
    for line in ledger.lines():
        message = message_on(line.raw) if line.raw else None
        if message and line.raw:
            yield hash(message.id), (line.start, len(line.raw))


class _Newest:
    """Keeps the newest records of those that it is given, or all of them."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._kept: list[tuple[tuple[int, str, int], Record]] = []

    def add(self, record: Record, start: int) -> None:
        self._kept.append(((record.message.enqueued_at, record.ledger, start), record))
        if self._most is not None and len(self._kept) > 2 * self._most + 64:
            self._trim()

    def _trim(self) -> None:
        self._kept.sort(key=lambda item: item[0])
        if self._most is not None:
            del self._kept[: max(len(self._kept) - self._most, 0)]

    def records(self) -> tuple[Record, ...]:
        self._trim()
        return tuple(record for _, record in self._kept)


class FileHistory:
    """The ledgers of one state folder.

    Args:
        disk: The state folder.
    """

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def _meant(self, wanted: Wanted) -> list[tuple[str, str | None]]:
        owners = wanted.ledgers()
        names = ledger_names(self._disk)
        return [(name, owners.get(name)) for name in names if wanted.others or name in owners]

    # ------------------------------------------------------------------ all

    def records(self, wanted: Wanted) -> Iterator[Record]:
        """Yield what is wanted, oldest first; see :meth:`oxtail.ports.History.records`.

        Each ledger is read once to find and once to show, so that little is in memory in between.
        """
        return self._records(self._meant(wanted), wanted)

    def _records(self, meant: Sequence[tuple[str, str | None]], wanted: Wanted) -> Iterator[Record]:
        found: dict[str, _Spots] = {}
        for name, receiver in meant:
            try:
                found[name] = self._find(name, receiver, wanted)
            except StoreError as error:
                wanted.report(Problem(name, error.message))
        order = merge(*(spots.keys() for spots in found.values()))
        if wanted.newest is not None:
            left = sum(len(spots.times) for spots in found.values()) - wanted.newest
            for _ in range(left):
                next(order)
        with closing(OpenLedgers(self._disk)) as ledgers:
            reader = _Reader(ledgers)
            for _, name, start, size, identity in order:
                try:
                    record = reader.record(found[name], start, size, identity)
                except StoreError as error:
                    wanted.report(Problem(name, error.message))
                    continue
                if record:
                    yield record

    def _find(self, name: str, receiver: str | None, wanted: Wanted) -> _Spots:
        places: dict[int, tuple[int, int, int, int]] = {}
        bad = 0
        with opened(self._disk, name) as ledger:
            spots = _Spots(name, receiver, ledger.inode)
            for line in ledger.lines():
                message = message_on(line.raw) if line.raw else None
                if message is None or line.raw is None:
                    bad += line.raw is None or bool(line.raw.strip())
                    continue
                identity = hash(message.id)
                places.pop(identity, None)  # of several lines with one id the newest counts
                if wanted.has(record_of(receiver, name, message)):
                    at = message.enqueued_at
                    places[identity] = (at, line.start, len(line.raw), identity)
        if bad:
            wanted.report(Problem(name, bad_lines(bad)))
        kept = sorted(places.values())
        if wanted.newest is not None:
            del kept[: max(len(kept) - wanted.newest, 0)]
        spots.fill(kept)
        return spots

    # ------------------------------------------------------------------ growth

    def after(self, mark: Bookmark, wanted: Wanted) -> tuple[tuple[Record, ...], Bookmark]:
        """Return what came since *mark*; see :meth:`oxtail.ports.History.after`."""
        marks: dict[str, Seen] = dict(mark.marks)
        found = _Newest(wanted.newest)
        for name, receiver in self._meant(wanted):
            stamp = self._disk.stamp(ledger_path(self._disk, name))
            before = marks.get(name)
            if before and before.stamp == stamp:
                continue
            try:
                marks[name], new = self._grown(name, receiver, before, stamp, wanted)
            except StoreError as error:
                wanted.report(Problem(name, error.message))
                continue
            for record, start in new:
                found.add(record, start)
        return found.records(), Bookmark(tuple(marks.items()))

    def _grown(
        self,
        name: str,
        receiver: str | None,
        before: Seen | None,
        stamp: Stamp | None,
        wanted: Wanted,
    ) -> tuple[Seen, list[tuple[Record, int]]]:
        new: list[tuple[Record, int]] = []
        with opened(self._disk, name) as ledger:
            if before and continues(ledger, before.mark):
                mark, ids, old = before.mark, before.ids[:], set(before.ids)
            else:
                mark, ids = Mark(ledger.inode), array("q")
                old = set(before.ids) if before else set()
            bad = 0
            for line in ledger.lines(mark.stop):
                mark = mark.moved(line)
                message = message_on(line.raw) if line.raw else None
                if message is None:
                    bad += line.raw is None or bool(line.raw.strip())
                    continue
                identity = hash(message.id)
                ids.append(identity)
                if identity in old:
                    continue
                old.add(identity)
                record = record_of(receiver, name, message)
                if wanted.has(record):
                    new.append((record, line.start))
        if bad:
            wanted.report(Problem(name, bad_lines(bad)))
        return Seen(stamp, mark, ids), new

    # ------------------------------------------------------------------ words

    def search(self, words: Words, wanted: Wanted) -> tuple[tuple[Record, ...], str | None]:
        """Look for words; see :meth:`oxtail.ports.History.search`."""
        from oxtail.store.files.search import Search

        return Search(self._disk, self._records).run(words, wanted, self._meant(wanted))
