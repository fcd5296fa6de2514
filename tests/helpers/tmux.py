"""A tmux server of a test's own, which nobody else's tmux ever sees."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from helpers.capabilities import needs, where

needs_tmux = needs("tmux")


class PrivateTmux:
    """A tmux server with its own socket.

    Attributes:
        folder: Its ``TMUX_TMPDIR``; short, because a socket path may have about 100 characters.
        socket: Its socket.
        environ: The environment of a program that would find this server and nothing else.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"ox-{secrets.token_hex(4)}"
        self.socket = folder / f"tmux-{os.getuid()}" / self.name
        self.clean = {
            "HOME": str(folder),
            "PATH": f"{where('tmux').parent}:/usr/bin:/bin",
            "TMUX_TMPDIR": str(folder),
            "TERM": "dumb",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
        }
        self.environ = {**self.clean, "TMUX": f"{self.socket},1,0"}

    def run(self, *arguments: str | bytes, check: bool = True) -> str:
        """Run one tmux command on this server and return what it printed."""
        done = subprocess.run(
            [str(where("tmux")), "-u", "-L", self.name, "-f", "/dev/null", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            env=self.clean,
            cwd=self.folder,
        )
        if check and done.returncode:
            raise AssertionError(f"tmux {arguments}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")

    def session(
        self,
        name: str,
        command: str = "exec sleep 600",
        *,
        cwd: str | bytes | Path | None = None,
        width: int = 80,
        height: int = 24,
    ) -> str:
        """Start a detached session that runs *command* in a shell; return its pane id."""
        return self.run(
            *("new-session", "-d", "-P", "-F", "#{pane_id}", "-s", name),
            *("-x", str(width), "-y", str(height)),
            *("-c", os.fsencode(cwd or self.folder), command),
        )

    def pid_of(self, pane_id: str) -> int:
        """Return the process that a pane runs."""
        return int(self.run("display-message", "-p", "-t", pane_id, "#{pane_pid}"))

    def stop(self) -> None:
        """End this server and remove its socket, which tmux leaves behind; never raises."""
        with suppress(OSError, subprocess.SubprocessError, AssertionError):
            self.run("kill-server", check=False)
        with suppress(OSError):
            self.socket.unlink()


@contextmanager
def private_tmux() -> Iterator[PrivateTmux]:
    """Yield a tmux server of the test's own; it ends with the block."""
    folder = Path("/tmp") / f"ox-{secrets.token_hex(3)}"
    folder.mkdir(mode=0o700)
    server = PrivateTmux(folder)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
