"""What the scenarios about hooks share: clients with hooks in their settings, and a sender.

Rule of this file: it runs inside the namespaces, standard library only; what it needs of oxtail, a
process of oxtail tells it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any, Final

from e2e.clients import claude, codex
from e2e.clients.claude import ClaudeCode
from e2e.clients.codex import Codex
from e2e.clients.stage import PLAIN, Stage, servers, until

KINDS: Final = ("mcp_tool", "command")
TRACE: Final = os.path.expanduser("~/log/trace.jsonl")
SENDER: Final = "99999999-9999-4999-8999-999999999999"

_TELL = """
import json, os, sys
from oxtail.hooks import definitions, script
path = os.path.expanduser("~/.oxtail/hooks/oxtail-hook.sh")
os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
with open(path, "w") as file:
    file.write(script.render())
os.chmod(path, script.MODE)
print(json.dumps({client: definitions.definitions(client, path) for client in ("claude", "codex")}))
"""


def _oxtail(*words: str, **environ: str) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        env={**PLAIN, "PYTHONPATH": os.environ["SCENARIO_SOURCE"], **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def hooked(client: ClaudeCode | Codex, kinds: tuple[str, ...] = KINDS) -> None:
    """Write the hooks of these *kinds* into the settings of both clients, and trust them."""
    for module in (claude, codex):
        module.ENVIRON["MCP_TRACE_FILE"] = TRACE
    if isinstance(client, Codex):
        client.options = ["--dangerously-bypass-hook-trust"]
    for client, definitions in json.loads(_oxtail("-c", _TELL)).items():
        groups: dict[str, list[Any]] = {}
        for event, kind, handler in definitions:
            if kind in kinds:
                groups.setdefault(event, []).append({"hooks": [handler]})
        path = {"claude": "~/.claude/settings.json", "codex": "~/.codex/hooks.json"}[client]
        path = os.path.expanduser(path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"hooks": groups}, file)


def trace() -> list[dict[str, Any]]:
    """Return the events of all hooks so far."""
    try:
        with open(TRACE, encoding="utf-8") as file:
            return [json.loads(line) for line in file]
    except FileNotFoundError:
        return []


def send(scene: Stage, target: str, body: str, *options: str) -> str:
    """Send as a Python peer in the project, waking nobody; return the message's id."""
    words = ("-m", "oxtail", "send", "--json", "--wake", "off", *options, target, body)
    done = subprocess.run(
        [sys.executable, *words],
        env={
            **PLAIN,
            "PYTHONPATH": os.environ["SCENARIO_SOURCE"],
            "OXTAIL_SESSION_ID": SENDER,
        },
        cwd=scene.project,
        capture_output=True,
        text=True,
    )
    answer = json.loads(done.stdout)
    if not answer["ok"]:
        raise AssertionError(f"not sent: {answer}")
    identifier: str = answer["result"]["message_id"]
    return identifier


def receipt(message_id: str) -> dict[str, Any] | None:
    """Return the proof that a message was shown, from the state folder."""
    try:
        with open(os.path.expanduser(f"~/.oxtail/receipts/{message_id}"), encoding="utf-8") as file:
            found: dict[str, Any] = json.load(file)
    except FileNotFoundError:
        return None
    return found


def marker(session_id: str) -> str | None:
    """Return what the session says of itself."""
    try:
        with open(os.path.expanduser(f"~/.oxtail/activity/{session_id}"), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


def kill_servers() -> None:
    """End every oxtail server as a crash would."""
    for pid in servers():
        os.kill(pid, signal.SIGKILL)
    until(lambda: not servers(), "the servers are gone")


def seen(client: ClaudeCode | Codex, body: str, message_id: str) -> dict[str, Any]:
    """Report how often the model has *body* before it, and the receipt of the message."""
    return {"times": client.mind.sees().count(body), "receipt": receipt(message_id)}
