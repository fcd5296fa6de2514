"""Rows about hooks: what each event of a client costs, as a command and inside the server."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from typing import Any, ClassVar

from client import Server, joined, session_id
from harness import Row, World, run_to_end

SCRIPT = """
import sys
from oxtail.hooks import script
sys.stdout.write(script.render())
"""

SESSION = session_id(1)
BODY = "x" * 200


class Shell(Row):
    """CPU time of a shell that does nothing: what the fast way of a hook is compared with."""

    name = "shell"
    title = "floor: `sh -c true`, CPU"

    def setup(self) -> None:
        self.world = World(self.folder, self.name)

    def sample(self) -> Sequence[float]:
        command = ["/bin/sh", "-c", "true"]
        environ = self.world.environ()
        return [run_to_end(command, environ, self.world.project)[1] for _ in range(10)]

    def close(self) -> None:
        self.world.remove()


class _Hook(Row):
    """A session with a server, a sender, and the installed script."""

    client: ClassVar[str] = "claude"

    def setup(self) -> None:
        self.world = World(self.folder, self.name)
        self.script = self.world.home / "oxtail-hook.sh"
        self.script.write_text(self.world.run(SCRIPT), encoding="utf-8")
        self.receiver: Server = joined(self.world, SESSION)
        self.sender = joined(self.world, session_id(2))
        self.environment = self.world.environ()
        del self.environment["PYTHONPATH"]
        if self.client == "claude":
            self.environment["CLAUDE_CODE_SESSION_ID"] = SESSION

    def payload(self, event: str) -> bytes:
        members = {
            "session_id": SESSION,
            "transcript_path": "/none",
            "cwd": "/none",
            "hook_event_name": event,
            "tool_name": "Bash",
            "tool_response": "y" * 4_000,
        }
        return json.dumps(members, separators=(",", ":")).encode()

    def run(self, event: str) -> tuple[float, float, bytes]:
        """Run the script as a client does; return wall and CPU milliseconds, and its output."""
        given, ours = os.pipe()
        theirs, taken = os.pipe()
        os.write(ours, self.payload(event))
        os.close(ours)
        start = time.perf_counter()
        process = subprocess.Popen(
            ["/bin/sh", str(self.script), event, self.client],
            stdin=given,
            stdout=taken,
            stderr=subprocess.DEVNULL,
            env=self.environment,
            cwd=self.world.project,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = (time.perf_counter() - start) * 1000
        process.returncode = os.waitstatus_to_exitcode(status)
        for descriptor in (given, taken):
            os.close(descriptor)
        with os.fdopen(theirs, "rb") as output:
            printed = output.read()
        if process.returncode:
            raise RuntimeError(f"the hook exited with {process.returncode}")
        return wall, (usage.ru_utime + usage.ru_stime) * 1000, printed

    def send(self) -> None:
        self.sender.call("send_message", target=SESSION, body=BODY, wake="off")

    def close(self) -> None:
        for server in (self.receiver, self.sender):
            server.close()
        self.world.remove()


class NoMailClaude(_Hook):
    """A tool call of Claude Code without mail: the session is in the environment."""

    name = "hooknone"
    title = "hook, no mail, CPU (Claude Code)"
    npm14, npm32 = "13", "24"
    floor: ClassVar[dict[str, int]] = {"shell": 1}

    def sample(self) -> Sequence[float]:
        return [self._quiet() for _ in range(10)]

    def _quiet(self) -> float:
        _, cpu, printed = self.run("PostToolUse")
        if printed:
            raise RuntimeError(f"mail from nowhere: {printed!r}")
        return cpu


class NoMailCodex(NoMailClaude):
    """A tool call of Codex without mail: the session is in the payload."""

    name = "hooknonecx"
    title = "hook, no mail, CPU (Codex)"
    client: ClassVar[str] = "codex"


class OneMessage(_Hook):
    """A tool call with one message waiting, as a command: from spawn to its end."""

    name = "hookone"
    title = "hook, 1 message, as a command"
    bound = 45
    npm14, npm32 = "34", "85"
    floor: ClassVar[dict[str, int]] = {"bare": 1}

    def setup(self) -> None:
        super().setup()
        self._once()  # compiles the modules, as an installer does

    def sample(self) -> Sequence[float]:
        return [self._once() for _ in range(5)]

    def _once(self) -> float:
        self.send()
        wall, _, printed = self.run("PostToolUse")
        if BODY.encode() not in printed:
            raise RuntimeError(f"no mail: {printed!r}")
        return wall


class OneMessageInside(_Hook):
    """The same inside the running server: from the call of the tool to its answer."""

    name = "hooktool"
    title = "hook, 1 message, in the server"
    bound = 5
    npm14 = npm32 = "no such way"
    floor: ClassVar[dict[str, int]] = {"fsync": 1, "mkdir": 1}

    def sample(self) -> Sequence[float]:
        return [self._once() for _ in range(10)]

    def _once(self) -> float:
        self.send()
        start = time.perf_counter()
        answer: dict[str, Any] = self.receiver.call(
            "hook", event="PostToolUse", client="claude", session_id=SESSION, agent_id=""
        )
        took = (time.perf_counter() - start) * 1000
        if BODY not in answer["hookSpecificOutput"]["additionalContext"]:
            raise RuntimeError(f"no mail: {answer}")
        return took


class NoMailInside(_Hook):
    """A call of the tool without mail."""

    name = "hooktoolnone"
    title = "hook, no mail, in the server"
    npm14 = npm32 = "no such way"

    def sample(self) -> Sequence[float]:
        return [self._once() for _ in range(10)]

    def _once(self) -> float:
        start = time.perf_counter()
        answer = self.receiver.call(
            "hook", event="PostToolUse", client="claude", session_id=SESSION, agent_id=""
        )
        took = (time.perf_counter() - start) * 1000
        if answer:
            raise RuntimeError(f"mail from nowhere: {answer}")
        return took


ROWS: list[type[Row]] = [
    Shell,
    NoMailClaude,
    NoMailCodex,
    OneMessage,
    NoMailInside,
    OneMessageInside,
]
