"""Session servers on two hosts, which are two homes, and a real server between them."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from helpers.carriers import prepare
from helpers.fakes import ALICE, BOB
from helpers.nats_server import NatsServer, nats_server
from helpers.waiting import until
from helpers.wire import ServerProcess
from oxtail.store.nats.settings import Engine

REMOTE = "https://example.org/team/tool.git"


@contextmanager
def world(folder: Path) -> Iterator[tuple[Hosts, NatsServer]]:
    """Hosts around a server of their own."""
    with nats_server(folder / "nats") as running, ExitStack() as stack:
        prepare(Engine((running.url,)))
        yield Hosts(folder, running.url, stack), running


class Hosts:
    """Homes with a clone of one repository each, and servers in them."""

    def __init__(self, folder: Path, url: str, stack: ExitStack) -> None:
        self._folder = folder
        self._url = url
        self._stack = stack
        self.started: dict[tuple[str, str], ServerProcess] = {}

    def home(self, name: str) -> Path:
        home = self._folder / name
        if not home.exists():
            clone = home / "clone"
            clone.mkdir(parents=True)
            for words in (["init", "-q"], ["remote", "add", "origin", REMOTE]):
                subprocess.run(["git", *words], cwd=clone, check=True)
        return home

    def start(self, name: str, session_id: str, **env: str) -> ServerProcess:
        home = self.home(name)
        environ = {
            "CLAUDECODE": "1",
            "CLAUDE_CODE_SESSION_ID": session_id,
            "OXTAIL_NATS_URL": self._url,
            **env,
        }
        server = ServerProcess(home, cwd=home / "clone", env=environ)
        self._stack.enter_context(server)
        server.handshake("claude-code")
        self.started[name, session_id] = server
        return server

    def start_codex(self, name: str, session_id: str) -> ServerProcess:
        """A session of Codex, which names itself on each call; see :func:`go_on_as`."""
        home = self.home(name)
        server = ServerProcess(home, cwd=home / "clone", env={"OXTAIL_NATS_URL": self._url})
        self._stack.enter_context(server)
        server.handshake("codex-mcp-client")
        go_on_as(server, session_id)
        return server

    def state(self, name: str) -> dict[str, Any]:
        path = self.home(name) / ".oxtail" / "nats" / "state.json"
        try:
            found: dict[str, Any] = json.loads(path.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return found


def go_on_as(codex: ServerProcess, session_id: str) -> None:
    """Let the session have another id from now on, as after ``/clear`` or ``/new``."""
    codex.call("list_project_sessions", _meta={"threadId": session_id})


def peers(server: ServerProcess) -> dict[str, dict[str, Any]]:
    rows = server.call("list_project_sessions")["sessions"]
    return {row["client_session_id"]: row for row in rows if row["client_session_id"]}


def see(server: ServerProcess, session_id: str) -> None:
    until(lambda: peers(server).get(session_id, {}).get("seen_lately"))


def meet(hosts: Hosts) -> tuple[ServerProcess, ServerProcess]:
    """Alice on host a and Bob on host b, who know of each other."""
    alice, bob = hosts.start("a", ALICE), hosts.start("b", BOB)
    see(alice, BOB)
    see(bob, ALICE)
    return alice, bob


def new_id() -> str:
    return str(uuid.uuid4())


def mail(server: ServerProcess, *sources: str) -> list[dict[str, Any]]:
    """The mail that comes next; with *sources*, until there is mail about each of them."""
    found: list[dict[str, Any]] = []

    def look() -> bool:
        found.extend(server.call("read_my_messages")["messages"])
        return bool(found) and {m.get("source_message_id") for m in found} >= set(sources)

    until(look)
    return found


def status(server: ServerProcess, message_id: str) -> dict[str, Any]:
    return server.call("message_status", message_id=message_id)
