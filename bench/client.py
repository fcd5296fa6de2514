"""A small MCP client over stdio that measures, and that can keep many servers busy at once."""

from __future__ import annotations

import json
import os
import select
import time
from typing import Any

from harness import World, oxtail_command

ANSWER_SECONDS = 60


class Server:
    """One ``oxtail serve`` process, and the requests to it."""

    def __init__(self, world: World, **environ: str) -> None:
        self.started = time.perf_counter()
        self.process = world.start([*oxtail_command(), "serve"], **environ)
        assert self.process.stdin
        assert self.process.stdout
        self._in, self._out = self.process.stdin.fileno(), self.process.stdout.fileno()
        self._buffer = b""
        self._last = 0

    @property
    def descriptor(self) -> int:
        """What to wait on for an answer."""
        return self._out

    def request(self, method: str, params: dict[str, Any]) -> int:
        """Send a request and return its id."""
        self._last += 1
        self._write({"jsonrpc": "2.0", "id": self._last, "method": method, "params": params})
        return self._last

    def _write(self, message: dict[str, Any]) -> None:
        os.write(self._in, json.dumps(message).encode() + b"\n")

    def line(self) -> bytes:
        """Return the next line that the server wrote."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self._out], [], [], deadline - time.monotonic())
            piece = os.read(self._out, 1 << 20) if ready else b""
            if not piece:
                raise RuntimeError("the server did not answer")
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def answer(self, identifier: int) -> dict[str, Any]:
        """Return the result of the request *identifier*; what else arrives is dropped."""
        while True:
            message: dict[str, Any] = json.loads(self.line())
            if message.get("id") == identifier and "method" not in message:
                if "error" in message:
                    raise RuntimeError(str(message["error"]))
                result: dict[str, Any] = message["result"]
                return result

    def initialize(self) -> None:
        self.answer(
            self.request(
                "initialize",
                {
                    "protocolVersion": "2025-06-18",
                    "capabilities": {},
                    "clientInfo": {"name": "bench", "version": "1"},
                },
            )
        )
        self._write({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def begin(self, tool: str, **arguments: object) -> int:
        """Call *tool* and do not wait."""
        return self.request("tools/call", {"name": tool, "arguments": arguments})

    def end(self, identifier: int) -> dict[str, Any]:
        """Return the answer to the call *identifier*, which must not be a failure."""
        return _checked(self.answer(identifier))

    def result(self, line: bytes) -> dict[str, Any]:
        """Return the answer that *line* is, which must not be a failure."""
        return _checked(json.loads(line)["result"])

    def call(self, tool: str, **arguments: object) -> dict[str, Any]:
        """Call *tool* and return its answer."""
        return self.end(self.begin(tool, **arguments))

    def close(self) -> None:
        """End the server as a client does, by closing its input."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        try:
            self.process.wait(10)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()


def _checked(result: dict[str, Any]) -> dict[str, Any]:
    members: dict[str, Any] = json.loads(result["content"][0]["text"])
    if members.get("ok") is False:
        raise RuntimeError(str(members))
    return members


def joined(world: World, session_id: str) -> Server:
    """Start a server, shake hands, and claim *session_id*."""
    server = Server(world)
    server.initialize()
    server.call("claim_session", session_id=session_id)
    return server


def session_id(number: int) -> str:
    """A session id of the usual form."""
    return f"{number:08x}-0000-4000-8000-{number:012x}"
