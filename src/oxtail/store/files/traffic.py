"""What has passed of late, in small files of fixed-size records: one a pair and one a sender.

A record is appended in one write, under no lock and without a sync, because every send pays for it
and nothing but the governor reads it.  For the same reason a process keeps the files open that it
used last.  Rules of this file:

* Nothing here fails a send: what cannot be read counts as nothing, and is traced.
* A file is cut by replacing it with its own end; what others append meanwhile is lost.
* An open file counts as long as it has a name; one that was replaced is opened anew.

``docs/formats/traffic.md`` is the format.
"""

from __future__ import annotations

import _thread
import os
import time
from struct import Struct
from typing import TYPE_CHECKING, Final, overload

from oxtail.core.governor import HOPS_MAX, Passed
from oxtail.disk.opened import Opened
from oxtail.errors import DamagedRecord, OxtailError
from oxtail.store.files.flock import drop_flock, take_flock
from oxtail.store.retention import NEWS_SECONDS, TRAFFIC_KEPT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oxtail.disk.atomic import Disk

_RECORD: Final = Struct("<QHB4xB")
"""Unix milliseconds, hops, flags, and a mark that garbage rarely has in every sixteenth place.

Sixteen bytes never lie across two pages, so nobody sees half of one that is being appended."""

SIZE: Final = _RECORD.size
_MARK: Final = 0xA7
_EMPTY: Final = 1
_ANSWER: Final = 2
_DOWN: Final = 4
"""Set where the sender's id is the greater one of the pair, in the order of characters."""

_AT_MAX: Final = (1 << 63) - 1

CUT_BYTES: Final = 2 * TRAFFIC_KEPT * SIZE
"""Size from which a file is cut to :data:`.TRAFFIC_KEPT` records."""

_FLAGS: Final = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_PATHS_MAX: Final = 512
_OPEN_MAX: Final = 32

NEWS_LOCK_SECONDS: Final = 1.0
"""How long one waits for another one that looks at the same matter, which takes microseconds."""


class _Tape:
    """Records as a sequence that unpacks only what is looked at: most sends look at one or two."""

    def __init__(self, data: bytes, back: int | None) -> None:
        self._data = data
        self._back = back

    def __len__(self) -> int:
        return len(self._data) // SIZE

    def __iter__(self) -> Iterator[Passed]:
        return iter(self[:])

    @overload
    def __getitem__(self, place: int) -> Passed: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Passed]: ...

    def __getitem__(self, place: int | slice) -> Passed | Sequence[Passed]:
        if isinstance(place, int):
            place = range(len(self))[place]
            return self[place : place + 1][0]
        start, stop, _ = place.indices(len(self))
        back, data = self._back, self._data[start * SIZE : stop * SIZE]
        return [
            Passed(at_ms, flags & _EMPTY != 0, flags & _DOWN == back, hops, flags & _ANSWER != 0)
            for at_ms, hops, flags, _ in _RECORD.iter_unpack(data)
        ]


def _is_news(descriptor: int, now: float) -> bool:
    """Look at the file of a matter, which the caller has locked, and remember that it came up.

    It is empty until the matter has come up once; then its time stamp says when that was last.
    """
    found = os.fstat(descriptor)
    is_news = not found.st_size or abs(now - found.st_mtime_ns / 1e9) >= NEWS_SECONDS
    if not found.st_size:
        os.pwrite(descriptor, b"\n", 0)
    os.utime(descriptor, (now, now))
    return is_news


class FileTraffic:
    """See :class:`oxtail.ports.Traffic`; on the folder ``traffic/``."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._paths: dict[tuple[str, ...], str] = {}
        self._open: dict[str, Opened] = {}
        self._lock = _thread.allocate_lock()

    def note(self, sender: str, receiver: str, passed: Passed) -> None:
        """Remember that a message has passed; see :meth:`oxtail.ports.Traffic.note`."""
        flags = _EMPTY * passed.is_empty | _ANSWER * passed.is_answer
        at_ms, hops = min(max(passed.at_ms, 0), _AT_MAX), min(max(passed.hops, 0), HOPS_MAX)
        pair_flags = flags | (_DOWN if sender > receiver else 0)
        self._append(self._pair(sender, receiver), _RECORD.pack(at_ms, hops, pair_flags, _MARK))
        self._append(self._own(sender), _RECORD.pack(at_ms, hops, flags, _MARK))

    def between(self, sender: str, receiver: str, most: int) -> Sequence[Passed]:
        """Return what passed between two; see :meth:`oxtail.ports.Traffic.between`."""
        back = 0 if sender > receiver else _DOWN
        return _Tape(self._read(self._pair(sender, receiver), most), back)  # type: ignore[return-value]

    def of(self, sender: str, most: int) -> Sequence[Passed]:
        """Return what a session sent; see :meth:`oxtail.ports.Traffic.of`."""
        return _Tape(self._read(self._own(sender), most), None)  # type: ignore[return-value]

    def is_news(self, matter: str, now: float) -> bool:
        """Tell whether a matter is news; see :meth:`oxtail.ports.Traffic.is_news`."""
        path = self._disk.layout.matter(matter)
        try:
            descriptor, _ = self._disk.open_side(path)
            try:
                # Whoever has the lock for so long is telling of the matter.
                return take_flock(descriptor, time.monotonic() + NEWS_LOCK_SECONDS) and _is_news(
                    descriptor, now
                )
            finally:
                drop_flock(descriptor)
        except (OSError, OxtailError) as error:
            self._disk.trace("traffic_failed", path=path, error=str(error))
            return True

    # ------------------------------------------------------------------ files

    def _pair(self, one: str, other: str) -> str:
        return self._paths.get((one, other)) or self._keep(
            (one, other), self._disk.layout.traffic_between(one, other)
        )

    def _own(self, sender: str) -> str:
        return self._paths.get((sender,)) or self._keep(
            (sender,), self._disk.layout.traffic_of(sender)
        )

    def _keep(self, key: tuple[str, ...], path: str) -> str:
        """Keep *path*, whose hash costs more than the rest of a look."""
        if len(self._paths) >= _PATHS_MAX:
            self._paths.clear()
        self._paths[key] = path
        return path

    def _append(self, path: str, record: bytes) -> None:
        try:
            with self._lock:
                descriptor, found = self._opened(path, os.O_CREAT)
                os.write(descriptor, record)
            # Others may have appended meanwhile; whole records, and whoever is next looks again.
            if found.st_size >= CUT_BYTES or found.st_size % SIZE:
                self._disk.publish(path, self._read(path, TRAFFIC_KEPT) or record, durable=False)
        except (OSError, OxtailError) as error:
            self._disk.trace("traffic_failed", path=path, error=str(error))

    def _read(self, path: str, most: int) -> bytes:
        """Return the last *most* records of a file; one with anything else in it is removed."""
        try:
            with self._lock:
                descriptor, found = self._opened(path)
                size = found.st_size
                wanted = max(0, min(most, TRAFFIC_KEPT)) * SIZE
                data = os.pread(descriptor, wanted, max(0, size - wanted))
        except FileNotFoundError:
            return b""
        except (OSError, OxtailError) as error:
            self._disk.trace("traffic_failed", path=path, error=str(error))
            return b""
        if size % SIZE or len(data) % SIZE or data[SIZE - 1 :: SIZE].strip(bytes((_MARK,))):
            self._disk.trace("traffic_failed", path=path, error="not a file of records")
            self._forget(path)
            return b""
        return data

    def _opened(self, path: str, make: int = 0) -> tuple[int, os.stat_result]:
        """Return the file *path*, which stays open, and what it is; the caller has the lock."""
        opened = self._open.get(path)
        if opened:
            if found := opened.look():
                return opened.descriptor, found
            del self._open[path]
        try:
            descriptor, found = self._disk.open_regular(path, _FLAGS | make)
        except FileNotFoundError:
            if not make:
                raise
            self._disk.remake_folder(self._disk.layout.traffic)
            descriptor, found = self._disk.open_regular(path, _FLAGS | make)
        except DamagedRecord as error:
            self._disk.set_aside(path, error.problem)
            descriptor, found = self._disk.open_regular(path, _FLAGS | make)
        if len(self._open) >= _OPEN_MAX:
            del self._open[next(iter(self._open))]
        self._open[path] = Opened(descriptor)
        return descriptor, found

    def _forget(self, path: str) -> None:
        try:
            self._disk.remove(path)
        except OSError as error:
            self._disk.trace("traffic_failed", path=path, error=str(error))
