"""The client's side of one MCP server, as far as the demo needs it.

One request at a time may be open besides others that were started earlier, which is what an agent
with a waiting question does.
"""

from __future__ import annotations

import json
import os
import select
import time
from typing import TYPE_CHECKING, Any, Final

from oxtail.errors import OxtailError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

ANSWER_SECONDS: Final = 10.0
"""Longest wait for one answer of a server."""


class DemoFailed(OxtailError):
    """A step of the demo did not hold."""

    code = "demo-failed"


class Client:
    """A client of the server *process*.

    Args:
        process: The server, with pipes.
        name: What the client calls itself in the handshake.
        meta: Members that it puts on each call, as Codex does with its thread id.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], name: str, meta: Mapping[str, str]
    ) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self._input = process.stdin
        self._output = process.stdout.fileno()
        self._meta = dict(meta)
        self._last = 0
        self._buffer = b""
        self._answers: dict[int, Any] = {}
        self._name = name

    def _write(self, message: Mapping[str, Any]) -> None:
        try:
            self._input.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        except OSError as error:
            raise DemoFailed(f"the server of {self._name} does not listen: {error}") from error

    def start(self, method: str, params: Mapping[str, Any]) -> int:
        """Send a request and return its number."""
        self._last += 1
        self._write({"id": self._last, "method": method, "params": dict(params)})
        return self._last

    def finish(self, number: int, within: float = ANSWER_SECONDS) -> Any:
        """Return the result of the request *number*."""
        deadline = time.monotonic() + within
        while number not in self._answers:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._output], [], [], left)[0]:
                raise DemoFailed(f"the server of {self._name} did not answer in {within:g} s")
            self._take(os.read(self._output, 65_536))
        answer = self._answers.pop(number)
        if "error" in answer:
            raise DemoFailed(f"the server of {self._name} answered {answer['error']}")
        return answer["result"]

    def _take(self, data: bytes) -> None:
        if not data:
            raise DemoFailed(f"the server of {self._name} closed its output")
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "method" not in message:
                self._answers[message["id"]] = message

    def handshake(self) -> None:
        """Open the session as every MCP client does."""
        hello = {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": self._name, "version": "1"},
        }
        self.finish(self.start("initialize", hello))
        self._write({"method": "notifications/initialized"})

    def begin(self, tool: str, **arguments: object) -> int:
        """Call a tool and return the number of the call."""
        params: dict[str, Any] = {"name": tool, "arguments": arguments}
        if self._meta:
            params["_meta"] = self._meta
        return self.start("tools/call", params)

    def end(self, number: int) -> Any:
        """Return what the call *number* answered."""
        result = self.finish(number)
        text = result["content"][0]["text"]
        if result.get("isError"):
            raise DemoFailed(f"a tool refused: {text}")
        return json.loads(text)

    def call(self, tool: str, **arguments: object) -> Any:
        """Call a tool and return its answer."""
        return self.end(self.begin(tool, **arguments))
