"""Bytes in, bytes out: the two pipes to the client.

Belongs here: descriptors, lines, partial writes.  Never here: what a line means.
"""

from __future__ import annotations

import os
import select
import threading
from typing import TYPE_CHECKING, Final

from oxtail.core.value import Value
from oxtail.errors import NotEmitted

if TYPE_CHECKING:
    from collections.abc import Callable

LINE_MAX_BYTES: Final = 1_048_576
"""Longest line that is read; the largest legal call is below 100 kB."""

READ_BYTES: Final = 65_536
"""One read; the capacity of a pipe on Linux."""

WRITE_BYTES: Final = 4_096
"""One write: what a pipe that polls writable takes without blocking (``PIPE_BUF``)."""

LOOK_SECONDS: Final = 30.0
"""How often a blocked write looks whether the client is still there."""


class Stdio(Value):
    """The client's pipes under private numbers.

    Attributes:
        source: What the client writes.
        sink: What the client reads.
        was_closed: Whether standard input was closed before the server looked.
    """

    source: int
    sink: int
    was_closed: bool


def take_over() -> Stdio:
    """Move the client's pipes away from descriptors 0 and 1.

    From then on a stray ``print`` goes to standard error, and a child process can neither read the
    client's requests nor write into its answers.
    """
    was_closed = False
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            was_closed = was_closed or descriptor == 0
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    source, sink = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return Stdio(source, sink, was_closed)


class Stop:
    """The request to end, which every blocking call of the server also waits for."""

    def __init__(self) -> None:
        self.fd, self.signal_fd = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self.signal_fd, False)
        self.reason: str | None = None

    def request(self, reason: str) -> None:
        """Ask the server to end; the first *reason* counts.  Safe in a signal handler."""
        self.reason = self.reason or reason
        try:
            os.write(self.signal_fd, b"\0")
        except BlockingIOError:
            return  # full of earlier requests, which are never read away

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self.fd)
        os.close(self.signal_fd)


class Lines:
    """Splits a stream of bytes into lines of bounded length."""

    def __init__(self, limit: int = LINE_MAX_BYTES) -> None:
        self._limit = limit
        self._start = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes | None]:
        """Return the lines that *data* completes, without their ends; None for one too long.

        A line that is too long is reported as soon as it is, then skipped up to its end.
        """
        *complete, rest = data.split(b"\n")
        lines: list[bytes | None] = []
        for piece in complete:
            self._extend(piece, lines)
            if not self._skipping:
                lines.append(bytes(self._start))
            self._start.clear()
            self._skipping = False
        self._extend(rest, lines)
        return lines

    def _extend(self, piece: bytes, lines: list[bytes | None]) -> None:
        if self._skipping:
            return
        if len(self._start) + len(piece) > self._limit:
            self._skipping = True
            self._start.clear()
            lines.append(None)
        else:
            self._start += piece


class Output:
    """Writes whole lines to the client, one at a time, from any thread."""

    def __init__(
        self, sink: int, stop: Stop, is_gone: Callable[[], bool], look_seconds: float = LOOK_SECONDS
    ) -> None:
        self._sink = sink
        self._stop = stop
        self._is_gone = is_gone
        self._look_ms = int(look_seconds * 1000)
        self._lock = threading.Lock()
        self._broken = False

    @property
    def is_broken(self) -> bool:
        """Whether nothing can be written any more."""
        return self._broken

    def write(self, line: bytes) -> None:
        """Write *line*; when this returns the client's pipe has all of it.

        A slow client is waited for, but not after the server was asked to end.

        Raises:
            NotEmitted: the client does not read any more, and the server was asked to end.
        """
        with self._lock:
            if self._broken:
                raise NotEmitted
            try:
                self._write_all(memoryview(line))
            except NotEmitted:
                # Half a line may be out, so nothing may follow it.
                self._broken = True
                raise

    def _write_all(self, data: memoryview) -> None:
        poll = select.poll()
        poll.register(self._sink, select.POLLOUT)
        poll.register(self._stop.fd, select.POLLIN)
        while data:
            ready = dict(poll.poll(self._look_ms))
            if not ready:
                if self._is_gone():
                    self._stop.request("reparented")
                continue
            if self._sink not in ready:
                raise NotEmitted
            try:
                data = data[os.write(self._sink, data[:WRITE_BYTES]) :]
            except BlockingIOError:
                continue
            except OSError as error:
                self._stop.request("stdout_closed")
                raise NotEmitted from error
