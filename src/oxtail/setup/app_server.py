"""Talks to ``codex app-server``: requests and answers, one JSON object a line, for a bounded time.

It is the interface that Codex's own screens use; only what setup needs is here.
"""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from oxtail import __version__
from oxtail.errors import CodexError
from oxtail.setup.programs import end

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SECONDS: Final = 20.0
"""How long the whole conversation may take; it takes less than one."""


class AppServer:
    """A running ``codex app-server``."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self._process = process
        self._until = time.monotonic() + seconds
        self._count = 0
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        try:
            for line in stream:
                self._lines.put(line)
        except ValueError:
            pass  # closed under us, which ends the conversation as well
        self._lines.put(b"")

    def _write(self, value: Mapping[str, object]) -> None:
        stream = self._process.stdin
        assert stream is not None
        try:
            stream.write(json.dumps(value).encode() + b"\n")
            stream.flush()
        except (OSError, ValueError) as error:
            raise CodexError(f"codex app-server ended: {error}") from error

    def notify(self, method: str) -> None:
        """Tell the server *method*; it does not answer."""
        self._write({"method": method})

    def call(self, method: str, params: Mapping[str, object]) -> dict[str, Any]:
        """Return the result of *method*.

        Raises:
            CodexError: there is none in time, or it is an error.
        """
        self._count += 1
        number = self._count
        self._write({"id": number, "method": method, "params": params})
        while True:
            try:
                left = self._until - time.monotonic()
                line = self._lines.get(timeout=max(left, 0.001))
            except queue.Empty:
                raise CodexError(f"codex app-server did not answer {method} in time") from None
            if not line:
                raise CodexError(f"codex app-server ended before it answered {method}")
            try:
                answer = json.loads(line)
            except ValueError:
                continue
            if not isinstance(answer, dict) or answer.get("id") != number or "method" in answer:
                continue
            result = answer.get("result")
            if not isinstance(result, dict):
                raise CodexError(f"codex app-server refused {method}: {answer.get('error')}")
            return result


@contextmanager
def app_server(
    program: str, environ: Mapping[str, str], cwd: str, seconds: float = SECONDS
) -> Iterator[AppServer]:
    """Start *program*'s app-server, greet it, and end it.

    Raises:
        CodexError: it cannot be started, or does not answer.
    """
    try:
        process = subprocess.Popen(
            [program, "app-server"],
            env=dict(environ),
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise CodexError(f"{program} cannot be started: {error.strerror}") from error
    try:
        server = AppServer(process, seconds)
        about = {"name": "oxtail", "title": "oxtail", "version": __version__}
        server.call("initialize", {"clientInfo": about})
        server.notify("initialized")
        yield server
    finally:
        end(process)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue  # what was still to be written has no reader any more
