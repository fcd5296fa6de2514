"""A real NATS server on loopback, and a link to it that can be cut.

The server listens on a port that the system chose, keeps it when it is started again, and dies with
the test.  :class:`Link` stands between a carrier and the server: what goes through it can be cut
off, or held back, while both ends live.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import resource
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from helpers.capabilities import where
from helpers.waiting import until

PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class NatsServer:
    """One server process at a time, on one port and one folder."""

    def __init__(self, folder: Path, extra: str = "", *, name: str = "server") -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.config = folder / f"{name}.conf"
        self.monitor = free_port()
        self.config.write_text(
            f'listen: "127.0.0.1:{self.port}"\nhttp: "127.0.0.1:{self.monitor}"\n'
            f'server_name: "{name}"\n'
            f'jetstream {{ store_dir: "{folder}/store" }}\n{extra}\n'
        )
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    def of(cls, folder: Path, config: Path, port: int) -> Self:
        """A server with a configuration that somebody else wrote."""
        server = cls.__new__(cls)
        server.folder, server.config, server.port = folder, config, port
        server.log = folder / "server.log"
        server.process = None
        return server

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self, *, file_bytes: int | None = None) -> None:
        """Start it; with *file_bytes* it can write no file beyond, as if the disk were full."""
        assert self.process is None

        def prepare() -> None:
            _die_with_parent()
            if file_bytes is not None:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

        command = [str(where("nats")), "-c", str(self.config), "-l", str(self.log)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=prepare,  # noqa: PLW1509 - calls that take no lock
        )
        until(self.is_ready)

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                return probe.recv(4) == b"INFO"
        except OSError:
            return False

    def info(self) -> dict[str, object]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
            line = probe.makefile("rb").readline()
        found: dict[str, object] = json.loads(line.removeprefix(b"INFO "))
        return found

    def varz(self) -> dict[str, Any]:
        """What the server counts; not of one with a configuration of others."""
        url = f"http://127.0.0.1:{self.monitor}/varz"
        with urllib.request.urlopen(url, timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def kill(self) -> None:
        """End the server without a word, as a crash does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        process, self.process = self.process, None
        if process:
            process.send_signal(number)
            process.wait(timeout=60)


@contextlib.contextmanager
def nats_server(folder: Path, extra: str = "") -> Iterator[NatsServer]:
    """A running server, gone at the end of the block."""
    server = NatsServer(folder, extra)
    server.start()
    try:
        yield server
    finally:
        server.kill()


class Link:
    """A way to a port that can be cut; a context manager."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        self._cut = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Break every connection, and accept none."""
        with self._lock:
            self._cut = True
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            for end in pair:
                _hang_up(end)

    def restore(self) -> None:
        with self._lock:
            self._cut = False

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._target), timeout=60)
            except OSError:
                _hang_up(near)
                continue
            with self._lock:
                if self._cut:
                    _hang_up(near)
                    _hang_up(far)
                    continue
                self._pairs.add((near, far))
            for ends in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=ends, daemon=True).start()

    @staticmethod
    def _copy(source: socket.socket, goal: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                goal.sendall(data)
        _hang_up(source)
        _hang_up(goal)


def _hang_up(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        end.close()
