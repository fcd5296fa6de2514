"""Talking to a server as a client does: JSON lines over two pipes, every wait bounded."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from helpers.waiting import PATIENCE
from oxtail.app.context import Context
from oxtail.server import stdio
from oxtail.server.endpoint import Endpoint
from oxtail.server.timers import Timers
from oxtail.server.wire import Output, Stop
from oxtail.server.worker import Worker

SRC = Path(__file__).resolve().parents[2] / "src"


class Wire:
    """One client's end of the pipes."""

    def __init__(self, to_server: int, from_server: int) -> None:
        self.to_server = to_server
        self.from_server = from_server
        self.last_id = 0
        self._buffer = b""
        self._answers: dict[Any, dict[str, Any]] = {}
        self.others: list[dict[str, Any]] = []

    def send_raw(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self.to_server, view) :]

    def send(self, message: object) -> None:
        self.send_raw(json.dumps(message).encode() + b"\n")

    def notify(self, method: str, **params: Any) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def start(self, method: str, params: Mapping[str, Any] | None = None) -> int:
        """Send a request and return its id."""
        self.last_id += 1
        message = {"jsonrpc": "2.0", "id": self.last_id, "method": method}
        self.send(message if params is None else {**message, "params": params})
        return self.last_id

    def start_call(self, tool: str, _meta: object = None, **arguments: Any) -> int:
        params: dict[str, Any] = {"name": tool, "arguments": arguments}
        return self.start("tools/call", params if _meta is None else {**params, "_meta": _meta})

    def line(self, within: float = PATIENCE) -> bytes | None:
        """Return the next line, or None at the end of the stream."""
        deadline = time.monotonic() + within
        while b"\n" not in self._buffer:
            ready = select.select([self.from_server], [], [], max(deadline - time.monotonic(), 0))
            assert ready[0], f"no line within {within} s; have {self._buffer[:200]!r}"
            data = os.read(self.from_server, 65_536)
            if not data:
                assert not self._buffer, f"the stream ends inside a line: {self._buffer[:200]!r}"
                return None
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def receive(self, within: float = PATIENCE) -> dict[str, Any]:
        """Return the next message."""
        line = self.line(within)
        assert line is not None, "the server closed its output"
        return json.loads(line)

    def answer(self, identifier: object, within: float = PATIENCE) -> dict[str, Any]:
        """Return the response to the request *identifier*; keep what else comes meanwhile."""
        while identifier not in self._answers:
            message = self.receive(within)
            if "id" in message and message["id"] is not None:
                assert message["id"] not in self._answers, f"answered twice: {message}"
                self._answers[message["id"]] = message
            else:
                self.others.append(message)
        return self._answers.pop(identifier)

    def request(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send a request and return its response."""
        return self.answer(self.start(method, params))

    def result_of(self, identifier: int, within: float = PATIENCE) -> dict[str, Any]:
        """Return the JSON that a tool call answered with."""
        response = self.answer(identifier, within)
        assert "result" in response, response
        (item,) = response["result"]["content"]
        assert item["type"] == "text"
        return json.loads(item["text"])

    def call(self, tool: str, _meta: object = None, **arguments: Any) -> dict[str, Any]:
        """Call a tool and return the JSON that it answered with."""
        return self.result_of(self.start_call(tool, _meta, **arguments))

    def handshake(self, name: str = "test-client", version: str = "2025-11-25") -> dict[str, Any]:
        params = {
            "protocolVersion": version,
            "capabilities": {},
            "clientInfo": {"name": name, "version": "1"},
        }
        result = self.request("initialize", params)["result"]
        self.notify("notifications/initialized")
        return result

    def assert_alive(self) -> None:
        assert self.request("ping")["result"] == {}


class InProcess(Wire):
    """A server on threads of this process, over *ctx*; a context manager."""

    def __init__(self, ctx: Context, tick_seconds: float = 30.0) -> None:
        self._to_server = os.pipe()
        self._from_server = os.pipe()
        super().__init__(self._to_server[1], self._from_server[0])
        self.ctx = ctx
        self.why: str | None = None
        self.has_lost_parent = False
        self.stop = Stop()
        self.timers = Timers(ctx.clock.monotonic)
        self.worker = Worker(ctx.trace)
        gone = self._is_gone
        self.output = Output(self._from_server[1], self.stop, gone, tick_seconds)
        self.endpoint = Endpoint(ctx, self.output, self.worker, self.timers)
        self._tick_seconds = tick_seconds
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._open = {*self._to_server, *self._from_server}

    def _is_gone(self) -> bool:
        return self.has_lost_parent

    def _run(self) -> None:
        self.worker.start()
        self.why = stdio.run(
            self._to_server[0],
            self.stop,
            self.endpoint.handle,
            self.timers,
            self._is_gone,
            self._tick_seconds,
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.end()
        for descriptor in list(self._open):
            self.close(descriptor)
        self.stop.close()

    def close(self, descriptor: int) -> None:
        self._open.discard(descriptor)
        os.close(descriptor)

    def end(self) -> str | None:
        """Let the server end as its reason to end demands; return that reason."""
        if self._thread.is_alive() and self.to_server in self._open:
            self.close(self.to_server)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the loop did not end"
        assert self.endpoint.finish(PATIENCE), "a call did not end"
        return self.why


class ServerProcess(Wire):
    """A real server process with a home of its own; a context manager."""

    def __init__(
        self,
        home: Path,
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        command: tuple[str, ...] = ("-m", "oxtail", "serve"),
    ) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
        self.trace_file = home / "trace.jsonl"
        self.process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd or home,
            env={
                **kept,
                "HOME": str(home),
                "PYTHONPATH": str(SRC),
                "MCP_TRACE_FILE": str(self.trace_file),
                **(env or {}),
            },
            bufsize=0,
        )
        assert self.process.stdin
        assert self.process.stdout
        super().__init__(self.process.stdin.fileno(), self.process.stdout.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe
            pipe.close()

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the trace events called *name*."""
        if not self.trace_file.exists():
            return []
        lines = self.trace_file.read_bytes().splitlines()
        return [event for event in map(json.loads, lines) if event["event"] == name]

    def end(self) -> int:
        """Close standard input and return the exit status."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.process.wait(PATIENCE)
