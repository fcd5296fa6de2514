"""The installed hook as a client runs it: a script, a process, JSON on standard input."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from helpers.stores import ALICE, BOB, RandomIds, RealClock, letter
from oxtail.core.address import Route
from oxtail.core.names import session_box
from oxtail.disk.atomic import Disk
from oxtail.disk.doorstep import FileDoorstep
from oxtail.hooks import script
from oxtail.identity.process import current_owner, provably_dead
from oxtail.store.files.store import FileStore

SECONDS = 60


class Ran(NamedTuple):
    """What one run left behind."""

    status: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        """The text for the model, which is the one thing that was printed; empty if none was."""
        if not self.out:
            return ""
        assert self.out.count(b"\n") == 1, self.out
        value = json.loads(self.out)
        text = value.get("reason") or value["hookSpecificOutput"]["additionalContext"]
        assert isinstance(text, str)
        return text


class Hooked:
    """A state folder, the script, and a session whose server has linked its boxes."""

    def __init__(self, folder: Path, session_id: str = BOB) -> None:
        self.user_home = folder
        self.home = folder / ".oxtail"
        self.session_id = session_id
        self.trace_file = folder / "trace.jsonl"
        self.script = folder / "oxtail-hook.sh"
        self.script.write_text(script.render(), encoding="utf-8")
        self.script.chmod(script.MODE)

    @property
    def disk(self) -> Disk:
        return Disk(str(self.home), fsync=False)

    @property
    def store(self) -> FileStore:
        return FileStore(
            self.disk,
            RealClock(),
            RandomIds(),
            received_max=1_000,
            pending_ask_ttl_ms=3_600_000,
            lock_budget_ms=5_000,
            owner=current_owner(),
            provably_dead=provably_dead,
        )

    def link(self, *boxes: str) -> None:
        """Do what the session's server does when it publishes its entry."""
        FileDoorstep(self.disk).place(self.session_id, boxes or (session_box(self.session_id),))

    def mail(self, body: str = "hello", *, box: str | None = None, **members: Any) -> str:
        """Put a message into the session's box; return its id."""
        message = letter(body, **{"from_session_id": ALICE, **members})
        self.store.put(Route(box or session_box(self.session_id), self.session_id, None), message)
        return message.id

    def unread(self, *boxes: str) -> list[str]:
        """Return the bodies that wait in the session's box, or in *boxes*."""
        peek = self.store.peek(boxes or (session_box(self.session_id),))
        return [message.body for message in peek.messages]

    def via(self, message_id: str) -> str | None:
        """Return how a message was shown, or None."""
        receipt = self.store.receipt(message_id)
        return receipt.via if receipt else None

    @property
    def marker(self) -> str | None:
        """What the session says of itself."""
        path = self.home / "activity" / self.session_id
        return path.read_text(encoding="ascii") if path.exists() else None

    def traced(self, event: str) -> list[dict[str, Any]]:
        """Return the events of that name."""
        if not self.trace_file.exists():
            return []
        events = map(json.loads, self.trace_file.read_text(encoding="utf-8").splitlines())
        return [each for each in events if each["event"] == event]

    def payload(self, event: str, **members: Any) -> bytes:
        """Return what a client writes, compact as both clients write it."""
        whole = {"session_id": self.session_id, "hook_event_name": event, **members}
        return json.dumps(whole, separators=(",", ":")).encode()

    def environ(self, client: str) -> dict[str, str]:
        """Return a client's environment for its hooks."""
        more = {"CLAUDE_CODE_SESSION_ID": self.session_id} if client == "claude" else {}
        return {
            "HOME": str(self.user_home),
            "PATH": os.environ["PATH"],
            "MCP_TRACE_FILE": str(self.trace_file),
            "OXTAIL_FSYNC": "off",
            **more,
        }

    def start(self, event: str, client: str = "claude", **options: Any) -> subprocess.Popen[bytes]:
        """Start the script; *options* are those of Popen, with ``environ`` on top of the usual."""
        environ = {**self.environ(client), **options.pop("environ", {})}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = ["/bin/sh", str(self.script), event, client]
        return subprocess.Popen(command, env=environ, **{**pipes, **options})

    def run(
        self, event: str, client: str = "claude", *, stdin: bytes | None = None, **options: Any
    ) -> Ran:
        """Run the script for *event* to its end."""
        members = options.pop("members", {})
        process = self.start(event, client, **options)
        given = self.payload(event, **members) if stdin is None else stdin
        try:
            out, err = process.communicate(given, timeout=SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        return Ran(process.returncode, out or b"", err or b"")
