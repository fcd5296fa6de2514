"""A transcript that grows: its new lines, each once, in bounded work.

The file belongs to the client.  It may be written while this reads, end in half a line, be cut, be
replaced by another one, or hold lines of any length.  A :class:`~oxtail.core.follow.Mark` says how
far it was read; a file that is not the one of the mark any more is read from its beginning.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from oxtail.core.follow import Mark

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_BYTES: Final = 4 * 1024 * 1024
"""Most bytes that one look reads; reading and searching as many takes some ten milliseconds."""

LINE_MAX_BYTES: Final = 1024 * 1024
"""Longest line that is looked at; an answer with all that one read may show is shorter."""

EDGE_BYTES: Final = 64
"""How much of what was read last is compared, to notice a file that was written anew in place."""

CHUNK_BYTES: Final = 65_536


class Limits:
    """How much one look may take; smaller ones are for tests."""

    def __init__(self, look: int = LOOK_BYTES, line: int = LINE_MAX_BYTES) -> None:
        if look <= line:
            raise ValueError("a look must be able to pass the longest line")
        self.look = look
        self.line = line


def grown(
    descriptor: int,
    mark: Mark | None,
    wanted: Callable[[bytes], bool],
    limits: Limits | None = None,
) -> tuple[list[tuple[int, bytes]], Mark, bool]:
    """Return what the open file *descriptor* holds beyond *mark*.

    A last line without its end is left for the next look.  A line over the limit is passed over
    and counted.

    Args:
        descriptor: A regular file, open for reading.
        mark: Where the last look ended; None reads from the beginning.
        wanted: Tells which lines are returned.
        limits: How much to read.

    Returns:
        The wanted lines with their numbers, counted from 1; where this look ended; and whether it
        ended before the end of the file.

    Raises:
        OSError: the file cannot be read.
    """
    limits = limits or Limits()
    status = os.fstat(descriptor)
    if mark is None or not _is_same(descriptor, status, mark):
        mark = Mark(status.st_dev, status.st_ino)
    found: list[tuple[int, bytes]] = []
    number, place, skips = mark.lines, mark.offset, mark.skips
    line = bytearray()
    left = limits.look
    while left > 0 and (data := os.pread(descriptor, min(CHUNK_BYTES, left), place)):
        left -= len(data)
        place += len(data)
        *ends, rest = data.split(b"\n")
        for piece in ends:
            number += 1
            line += piece
            if not skips and len(line) <= limits.line and wanted(whole := bytes(line)):
                found.append((number, whole))
            line.clear()
            skips = False
        if not skips:
            line += rest
            if len(line) > limits.line:
                skips = True
                line.clear()
    offset = place - len(line)
    reach = min(offset, EDGE_BYTES)
    edge = os.pread(descriptor, reach, offset - reach)
    more = left <= 0 and place < status.st_size
    return found, Mark(status.st_dev, status.st_ino, offset, number, edge, skips), more


def _is_same(descriptor: int, status: os.stat_result, mark: Mark) -> bool:
    """Tell whether the file still begins with what was read up to *mark*."""
    if (status.st_dev, status.st_ino) != (mark.device, mark.inode) or status.st_size < mark.offset:
        return False
    return os.pread(descriptor, len(mark.edge), mark.offset - len(mark.edge)) == mark.edge
