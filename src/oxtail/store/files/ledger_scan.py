"""Ledgers read from outside, line by line, in little memory and without a lock.

Whoever may write to the state folder may write to a ledger, so nothing about one is believed: not
that it is a file, nor how long a line is, nor that a line is a message.  A line counts once its
newline is there.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from oxtail.core.digest import sha256_hex
from oxtail.core.envelope import LINE_MAX_BYTES, Envelope, decode
from oxtail.core.value import Value
from oxtail.disk.atomic import READ_MAX_BYTES
from oxtail.errors import DamagedRecord, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oxtail.disk.atomic import Disk

_NAME: Final = re.compile(r"([0-9a-f]{32})\.jsonl")
_PIECE_BYTES: Final = 1 << 18


class Line(Value):
    """A line of a ledger: where it starts, its bytes without the newline, where it ends.

    *raw* is None for a line that is far too long for a message.
    """

    start: int
    raw: bytes | None
    stop: int


class Ledger(Value):
    """An open ledger.

    Attributes:
        name: The hash that names it.
        descriptor: Open for reading.
        inode: Which file has the name.
        size: Its length when it was opened; what comes later is not looked at.
    """

    name: str
    descriptor: int
    inode: int
    size: int

    def lines(self, start: int = 0) -> Iterator[Line]:
        """Yield the lines from *start* on that are whole, blank ones included.

        Raises:
            StoreError: the ledger cannot be read on.
        """
        rest, at, too_long = b"", start, False
        reached = start
        while reached < self.size:
            piece = self.read(reached, min(_PIECE_BYTES, self.size - reached))
            if not piece:
                return
            reached += len(piece)
            *whole, rest = (rest + piece).split(b"\n") if not too_long else piece.split(b"\n")
            for raw in whole:
                if too_long:
                    stop = reached - len(piece) + len(raw) + 1
                    yield Line(at, None, stop)
                    too_long = False
                else:
                    stop = at + len(raw) + 1
                    yield Line(at, raw, stop)
                at = stop
            if too_long or len(rest) > LINE_MAX_BYTES:
                rest, too_long = b"", True

    def read(self, start: int, size: int) -> bytes:
        """Return up to *size* bytes from *start* on.

        Raises:
            StoreError: they cannot be read.
        """
        try:
            return os.pread(self.descriptor, size, start)
        except OSError as error:
            raise StoreError(f"cannot be read: {error.strerror}") from error

    def message(self, start: int, size: int) -> Envelope | None:
        """Return the message whose line has *size* bytes from *start* on, or None.

        Raises:
            StoreError: the ledger cannot be read.
        """
        return message_on(self.read(start, size))


def message_on(raw: bytes) -> Envelope | None:
    """Return the message on the line *raw*, or None if it is none."""
    try:
        return decode(raw)
    except DamagedRecord:
        return None


def fingerprint(raw: bytes) -> str:
    """Return what tells the line *raw* from other lines."""
    return sha256_hex(raw)[:32]


def ledger_names(disk: Disk) -> list[str]:
    """Return the hashes of all ledgers, sorted.

    Raises:
        StoreError: their folder cannot be read.
    """
    found = (_NAME.fullmatch(name) for name in disk.names(disk.layout.received))
    return [match[1] for match in found if match]


def ledger_path(disk: Disk, name: str) -> str:
    """Return the path of the ledger that the hash *name* names."""
    return os.path.join(disk.layout.received, name + ".jsonl")


def open_ledger(disk: Disk, name: str) -> Ledger:
    """Open the ledger *name*; the caller closes it.

    Raises:
        StoreError: it is gone, is no regular file, is far too large, or cannot be read.
    """
    path = ledger_path(disk, name)
    try:
        descriptor, _ = disk.open_regular(path)
    except OSError as error:
        raise StoreError(f"cannot be read: {error.strerror}", path=path) from error
    found = os.fstat(descriptor)
    if found.st_size > READ_MAX_BYTES:
        os.close(descriptor)
        raise DamagedRecord(f"larger than {READ_MAX_BYTES} bytes", path=path)
    return Ledger(name, descriptor, found.st_ino, found.st_size)


@contextmanager
def opened(disk: Disk, name: str) -> Iterator[Ledger]:
    """Give the ledger *name*, open for reading; raises as :func:`open_ledger`."""
    ledger = open_ledger(disk, name)
    try:
        yield ledger
    finally:
        os.close(ledger.descriptor)


OPEN_MAX: Final = 64
"""Most ledgers that are open at a time; macOS allows a process 256 files."""


class OpenLedgers:
    """Ledgers that are read here and there; few of them are open at a time."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._open: dict[str, Ledger] = {}

    def ledger(self, name: str) -> Ledger:
        """Return the ledger *name*, open for now; raises as :func:`open_ledger`."""
        ledger = self._open.pop(name, None) or open_ledger(self._disk, name)
        self._open[name] = ledger
        if len(self._open) > OPEN_MAX:
            os.close(self._open.pop(next(iter(self._open))).descriptor)
        return ledger

    def close(self) -> None:
        """Close all."""
        while self._open:
            os.close(self._open.popitem()[1].descriptor)


class Mark(Value):
    """How far a ledger was read, and how to tell whether it still is the same file up to there.

    An inode alone proves nothing, because systems give it to a later file; so the last line is
    looked at again.

    Attributes:
        inode: Which file had the name.
        stop: Where the next line starts.
        last: Where the last line that could be read starts.
        size: Its length.
        digest: Its fingerprint; empty where there was none.
    """

    inode: int = 0
    stop: int = 0
    last: int = 0
    size: int = 0
    digest: str = ""

    def moved(self, line: Line) -> Mark:
        """Return the mark behind *line*, the next one."""
        if line.raw is None:
            return self._replace(stop=line.stop)
        size = len(line.raw)
        return Mark(self.inode, line.stop, line.start, size, fingerprint(line.raw))


def continues(ledger: Ledger, mark: Mark) -> bool:
    """Tell whether *ledger* is what was read up to *mark*, perhaps with more lines.

    Raises:
        StoreError: it cannot be read.
    """
    if ledger.inode != mark.inode or ledger.size < mark.stop:
        return False
    return not mark.digest or fingerprint(ledger.read(mark.last, mark.size)) == mark.digest


def bad_lines(count: int) -> str:
    """Say how many lines of a ledger are no messages."""
    return "1 line is no message" if count == 1 else f"{count} lines are no messages"
