"""Lines of a growing file, from either end, in bounded memory.

Belongs here: bytes to lines, and which lines are worth keeping.  Never here: what a line means.
Both directions keep the same messages; the one from the end stops as soon as it has enough.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final, TypeAlias

from oxtail.core.codec import utf8_length
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from oxtail.core.transcript import Said

CHUNK_BYTES: Final = 65_536
"""How much is read at once."""

CHUNK_MIN_BYTES: Final = 16

LINE_MAX_BYTES: Final = 16 * 1024 * 1024
"""The longest line that is looked at; clients put pictures into lines, but not larger ones."""

Parse: TypeAlias = "Callable[[bytes], Said | None]"


class Kept(Value):
    """The newest messages of a file, oldest first.

    Attributes:
        messages: What a reader with these budgets could show; older text is not kept.
        more_before: There are more messages than the limit.
        total: How many messages there are, None where the scan stopped before it knew.
    """

    messages: tuple[Said, ...]
    more_before: bool
    total: int | None


class _Line:
    """Pieces of one line; of one that grows too long no more is kept."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._length = 0

    def add(self, piece: bytes) -> None:
        self._length += len(piece)
        if self._length <= LINE_MAX_BYTES:
            self._pieces.append(piece)

    def take(self, *, backward: bool) -> bytes:
        """Return the line, empty if it was too long, and start the next one."""
        pieces = [] if self._length > LINE_MAX_BYTES else self._pieces
        line = b"".join(reversed(pieces) if backward else pieces)
        self._pieces, self._length = [], 0
        return line


def _read(descriptor: int, count: int, offset: int) -> bytes:
    """Return exactly *count* bytes at *offset*.

    Raises:
        OSError: the file ends before them, so it has been cut since its size was taken.
    """
    data = os.pread(descriptor, count, offset)
    while len(data) < count:
        more = os.pread(descriptor, count - len(data), offset + len(data))
        if not more:
            raise OSError(errno.ESTALE, "the file was cut while it was read")
        data += more
    return data


def lines(descriptor: int, size: int, chunk: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Yield the lines in the first *size* bytes, first to last; the last may have no line end."""
    line = _Line()
    chunk = max(chunk, CHUNK_MIN_BYTES)
    for offset in range(0, size, chunk):
        first, *rest = _read(descriptor, min(chunk, size - offset), offset).split(b"\n")
        line.add(first)
        for piece in rest:
            yield line.take(backward=False)
            line.add(piece)
    yield line.take(backward=False)


def lines_backward(descriptor: int, size: int, chunk: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Yield the lines in the first *size* bytes, last to first.

    Bytes of a line that begins further left are carried undecoded, so that no character is torn.
    """
    line = _Line()
    chunk = max(chunk, CHUNK_MIN_BYTES)
    end = size
    while end > 0:
        start = max(0, end - chunk)
        *rest, last = _read(descriptor, end - start, start).split(b"\n")
        line.add(last)
        for piece in reversed(rest):
            yield line.take(backward=True)
            line.add(piece)
        end = start
    yield line.take(backward=True)


def keep_newest(source: Iterator[bytes], parse: Parse, limit: int, max_bytes: int) -> Kept:
    """Return the last *limit* messages of *source*, whose lines come first to last.

    A message is let go once the text of the newer ones alone exceeds *max_bytes*: no reader with
    that budget would reach it.
    """
    from collections import deque  # a server that starts looks for a transcript and reads none

    kept: deque[tuple[Said, int]] = deque()
    held = total = 0
    for line in source:
        said = parse(line) if line else None
        if said is None:
            continue
        total += 1
        size = utf8_length(said.text)
        kept.append((said, size))
        held += size
        while len(kept) > limit or (len(kept) > 1 and held - kept[0][1] > max_bytes):
            held -= kept.popleft()[1]
    return Kept(tuple(said for said, _ in kept), total > limit, total)


def keep_first(source: Iterator[bytes], parse: Parse, limit: int, max_bytes: int) -> Kept:
    """Return the same as :func:`keep_newest` for a *source* whose lines come last to first.

    One message beyond the limit is looked for, so that a file with exactly *limit* messages is
    known to have no more; then the scan stops and the total stays unknown.
    """
    kept: list[Said] = []
    held = total = 0
    for line in source:
        said = parse(line) if line else None
        if said is None:
            continue
        total += 1
        if total > limit:
            break
        if held <= max_bytes:
            kept.append(said)
            held += utf8_length(said.text)
    return Kept(tuple(reversed(kept)), total > limit, total if total <= limit else None)
