"""The end of a transcript, newest line first, in bounded work.

The file belongs to the client and may grow while this reads.  Lines that do not lie wholly within
the last :data:`~oxtail.core.activity.BYTES_MAX` bytes are not looked at.
"""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING, Final

from oxtail.core.activity import BYTES_MAX, LINES_MAX, Activity, ToolScan

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK_BYTES: Final = 65_536
"""How much is read at once; most often the newest call is in the first chunk."""

CACHE_MAX: Final = 1_024
"""Most transcripts whose activity is remembered."""

_Stamp = tuple[int, int, int]


def lines_from_end(
    descriptor: int, size: int, most: int = BYTES_MAX, chunk: int = CHUNK_BYTES
) -> Iterator[bytes]:
    """Yield the lines that lie in the last *most* bytes of *size*, the last one first.

    Raises:
        OSError: the file cannot be read.
    """
    rest, end, floor = b"", size, max(0, size - most)
    while end > floor:
        start = max(floor, end - chunk)
        data = os.pread(descriptor, end - start, start) + rest
        rest, *whole = data.split(b"\n")
        yield from reversed(whole)
        end = start
    if floor == 0:
        yield rest


class Tails:
    """What the ends of transcripts say; one that has not changed is not read again."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[_Stamp, Activity]] = {}

    def activity(self, path: str, client_type: str, descriptor: int) -> Activity:
        """Return what the end of the open file *descriptor* says.

        Raises:
            OSError: the file cannot be read.
        """
        found = os.fstat(descriptor)
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        scan = ToolScan(client_type)
        for line in islice(lines_from_end(descriptor, found.st_size), LINES_MAX):
            if not scan.take(line):
                break
        activity = Activity(found.st_mtime, scan.found)
        self._known.pop((path, client_type), None)
        if len(self._known) >= CACHE_MAX:
            del self._known[next(iter(self._known))]
        self._known[path, client_type] = (stamp, activity)
        return activity

    def unchanged(self, path: str, client_type: str) -> Activity | None:
        """Return what was found before, if the file has not changed since; costs one look.

        Raises:
            OSError: there is no such file, or it cannot be looked at.
        """
        try:
            found = os.stat(path)
        except ValueError:  # a NUL: no file can have this name
            return None
        known = self._known.get((path, client_type))
        if known and known[0] == (found.st_mtime_ns, found.st_size, found.st_ino):
            return known[1]
        return None
