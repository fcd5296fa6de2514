"""An MCP server that does nothing but open its own door when it is told to.

Rule of this file: it runs inside the namespaces, as a child of a client, standard library and
``oxtail`` only.  Each line of the fifo ``~/doors/NAME.in`` is a text to offer; for each, a line
of ``~/doors/NAME.out`` says what became of it and when.  A text that starts with ``!`` is offered
by a door that does not know the user's settings.

Usage: ``door_server.py NAME claude|codex``
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import Any

from oxtail.ports import OwnDoor
from oxtail.trace import open_trace
from oxtail.wake.claude_inbox import ClaudeInbox
from oxtail.wake.codex_queue import CodexQueue

FOLDER = os.path.expanduser("~/doors")
TOOL = {
    "name": "get_my_session",
    "description": "who this is",
    "inputSchema": {"type": "object"},
    "annotations": {"readOnlyHint": True},
}


class Server:
    def __init__(self, name: str, kind: str) -> None:
        self.name = name
        self.thread: str | None = None
        trace = open_trace(f"{FOLDER}/trace")
        self.blind = ClaudeInbox({**os.environ, "CLAUDE_CONFIG_DIR": "/", "CLAUDE_PROJECT_DIR": ""})
        self.door: OwnDoor = (
            ClaudeInbox(dict(os.environ), trace)
            if kind == "claude"
            else CodexQueue(None, dict(os.environ), lambda: self.thread, trace=trace)
        )

    def offer(self) -> None:
        # Open for writing too, so that it does not end with its first writer.
        descriptor = os.open(f"{FOLDER}/{self.name}.in", os.O_RDWR)
        with os.fdopen(descriptor, encoding="utf-8") as orders:
            for line in orders:
                at = time.time()
                door = self.blind if line.startswith("!") else self.door
                available = door.is_available()
                outcome, detail = door.offer(line.strip())
                report = {"outcome": outcome, "detail": detail, "available": available, "at": at}
                with open(f"{FOLDER}/{self.name}.out", "a", encoding="utf-8") as out:
                    out.write(json.dumps({**report, "took": time.time() - at}) + "\n")

    def answer(self, method: str, params: dict[str, Any]) -> dict[str, Any] | None:
        if method == "initialize":
            return {
                "protocolVersion": params["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "oxtail", "version": "0"},
            }
        if method == "tools/list":
            return {"tools": [TOOL]}
        if method == "tools/call":
            self.thread = (params.get("_meta") or {}).get("threadId")
            said = {"thread": self.thread, "pid": os.getpid()}
            return {"content": [{"type": "text", "text": json.dumps(said)}]}
        return {} if method == "ping" else None

    def run(self) -> None:
        os.makedirs(FOLDER, exist_ok=True)
        os.mkfifo(f"{FOLDER}/{self.name}.in")
        threading.Thread(target=self.offer, daemon=True).start()
        for line in sys.stdin:
            request = json.loads(line)
            if "id" not in request:
                continue
            result = self.answer(request["method"], request.get("params") or {})
            error = {"error": {"code": -32601, "message": "no such method"}}
            content = error if result is None else {"result": result}
            response = {"jsonrpc": "2.0", "id": request["id"], **content}
            sys.stdout.write(json.dumps(response) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    Server(sys.argv[1], sys.argv[2]).run()
