"""A terminal of a test's own: a program on it sees a screen and keys, and no person is there."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

END_SECONDS = 60.0


class Terminal:
    """A program on a terminal; what it writes is kept.

    Attributes:
        process: The program.
    """

    def __init__(
        self,
        words: Sequence[str],
        environ: Mapping[str, str],
        cwd: Path,
        *,
        columns: int = 100,
        rows: int = 30,
    ) -> None:
        self._keys, screen = pty.openpty()
        fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *words],
            stdin=screen,
            stdout=screen,
            stderr=screen,
            env=dict(environ),
            cwd=cwd,
        )
        os.close(screen)
        self._written = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._keys, 65_536)
            except OSError:
                return  # the last program on the terminal has ended
            if not data:
                return
            self._written += data

    @property
    def written(self) -> str:
        """All that the program has written so far."""
        return self._written.decode("utf-8", "replace")

    def press(self, keys: str) -> None:
        """Send *keys* as a keyboard would."""
        os.write(self._keys, keys.encode())

    def end(self) -> int:
        """Wait until the program has ended by itself; return its status."""
        return self.process.wait(END_SECONDS)

    def close(self) -> None:
        """End the program if it still runs, as a terminal that is closed does."""
        try:
            if self.process.poll() is None:
                self.process.terminate()
                self.process.wait(END_SECONDS)
        finally:
            os.close(self._keys)
            self._reader.join(END_SECONDS)


@contextmanager
def terminal(
    words: Sequence[str], environ: Mapping[str, str], cwd: Path, **size: int
) -> Iterator[Terminal]:
    """Run *words* on a terminal; it is closed with the block."""
    screen = Terminal(words, environ, cwd, **size)
    try:
        yield screen
    finally:
        screen.close()
