"""The demo's private world: a folder of its own, and processes that end with it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from typing import IO, TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from types import FrameType

END_SECONDS: Final = 2.0
"""How long a process may take to end by itself before it is killed."""

_INHERITED: Final = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "PYTHONDONTWRITEBYTECODE")
_ENDINGS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class World:
    """A folder with a home and a project, and all processes that were started in it.

    Use it in a ``with`` block: at the end, however it comes, no process runs and the folder is
    gone.  A process that is started here sees nothing of the user's own home or sessions.
    """

    def __init__(self) -> None:
        self.folder = ""
        self._processes: list[subprocess.Popen[bytes]] = []
        self._handlers: dict[int, Any] = {}
        self._deferring = True
        self._interrupted = False

    def __enter__(self) -> Self:
        self._handlers = {number: signal.signal(number, self._interrupt) for number in _ENDINGS}
        self.folder = tempfile.mkdtemp(prefix="oxtail-demo-")
        os.mkdir(self.home, 0o700)
        os.makedirs(os.path.join(self.project, ".git"))
        return self

    def __exit__(self, *exc: object) -> None:
        self._deferring = True
        for process in self._processes:
            self._end(process)
        shutil.rmtree(self.folder, ignore_errors=True)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        # Between the start of a process and the moment we know it, an interrupt has to wait;
        # and so it has while everything ends.
        first, self._interrupted = not self._interrupted, True
        if first and not self._deferring:
            raise KeyboardInterrupt

    @property
    def home(self) -> str:
        """The home folder of everything that runs here."""
        return os.path.join(self.folder, "home")

    @property
    def project(self) -> str:
        """The project that everything works in."""
        return os.path.join(self.folder, "project")

    @property
    def state(self) -> str:
        """The state folder."""
        return os.path.join(self.home, ".oxtail")

    def environment(self, extra: dict[str, str]) -> dict[str, str]:
        """Return the variables for a process: few inherited ones, the private home, *extra*."""
        kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        if paths := os.environ.get("PYTHONPATH"):
            # The processes work in another folder, so a relative path would lead elsewhere.
            parts = [os.path.abspath(part) for part in paths.split(os.pathsep) if part]
            kept["PYTHONPATH"] = os.pathsep.join(parts)
        # A tmux of the user's is neither asked nor typed into.
        return {**kept, "HOME": self.home, "TMUX_TMPDIR": self.folder, **extra}

    def start(self, *arguments: str, **extra: str) -> subprocess.Popen[bytes]:
        """Start Python with *arguments* and the variables *extra*, its pipes held by us."""
        self._deferring = True
        with self._log() as log:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=self.project,
                env=self.environment(extra),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                start_new_session=True,
            )
        self._processes.append(process)
        self._deferring = False
        if self._interrupted:
            raise KeyboardInterrupt
        return process

    def _log(self) -> IO[bytes]:
        return open(os.path.join(self.folder, "errors.txt"), "ab")

    def complaints(self) -> str:
        """Return what the processes wrote to standard error."""
        try:
            with open(
                os.path.join(self.folder, "errors.txt"), encoding="utf-8", errors="replace"
            ) as log:
                return log.read()[-2000:].strip()
        except OSError:
            return ""

    def still_running(self) -> int:
        """Return how many of the processes run."""
        return sum(process.poll() is None for process in self._processes)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        if process.poll() is None:
            process.kill()
        process.wait(END_SECONDS)
