"""What one connection to a real server does, and how it ends."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from helpers.capabilities import needs
from helpers.nats_server import Link, nats_server
from oxtail.errors import EngineRefused, EngineUnreachable
from oxtail.store.nats.settings import Engine

pytestmark = needs("nats")

A, B = "a" * 16, "b" * 16
STREAM = {
    "name": "OXTAIL",
    "subjects": ["ox.m.*.*"],
    "retention": "workqueue",
    "discard": "new",
    "max_msgs_per_subject": 2,
    "discard_new_per_subject": True,
}


def run(work: Any) -> None:
    asyncio.run(asyncio.wait_for(work, 15))


async def connected(url: str, **members: Any) -> Any:
    from oxtail.store.nats.client import Client

    return await Client.connect(Engine((url,), **members), A, "test")


def test_what_is_kept_is_kept_once(tmp_path: Path) -> None:
    async def work(url: str) -> None:
        client = await connected(url)
        with pytest.raises(EngineRefused, match="init"):
            await client.keep(f"ox.m.{B}.{A}", b"early", "k0")
        await client.api("STREAM.CREATE.OXTAIL", STREAM)
        assert await client.keep(f"ox.m.{B}.{A}", b"x", "k1")
        assert not await client.keep(f"ox.m.{B}.{A}", b"x", "k1")
        assert await client.keep(f"ox.m.{B}.{A}", b"x", "k2")
        with pytest.raises(EngineRefused, match="maximum messages per subject"):
            await client.keep(f"ox.m.{B}.{A}", b"x", "k3")
        await client.close()

    with nats_server(tmp_path) as server:
        run(work(server.url))


def test_a_lost_connection_ends_every_wait_at_once(tmp_path: Path) -> None:
    async def work(link: Link) -> None:
        client = await connected(link.url)
        asking = asyncio.ensure_future(client.request(client.own_subject("nobody.answers")))
        link.cut()
        with pytest.raises((EngineUnreachable, EngineRefused)):
            await asking
        assert await client.until_closed(5)
        with pytest.raises(EngineUnreachable):
            await client.say("ox.m.x.y")
        with pytest.raises(EngineUnreachable):
            await connected(link.url)
        link.restore()
        await (await connected(link.url)).close()

    with nats_server(tmp_path) as server, Link(server.port) as link:
        run(work(link))


def test_wrong_credentials_are_told_from_a_server_that_is_away(tmp_path: Path) -> None:
    users = 'authorization { users: [ { user: "ann", password: "right" } ] }'

    async def work(url: str) -> None:
        await (await connected(url, user="ann", password="right")).close()
        with pytest.raises(EngineRefused):
            await connected(url, user="ann", password="wrong")
        with pytest.raises(EngineRefused):
            await connected(url)

    with nats_server(tmp_path, users) as server:
        run(work(server.url))


def test_no_password_is_said_to_a_server_that_does_not_encrypt(tmp_path: Path) -> None:
    """As one who stands in between would ask for it."""
    heard: list[bytes] = []

    async def pretend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"x","version":"2.11.0","max_payload":1048576}\r\n')
        heard.append(await reader.read(4096))
        writer.close()

    async def work() -> None:
        server = await asyncio.start_server(pretend, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(EngineUnreachable):
            await connected(f"tls://127.0.0.1:{port}", user="ann", password="secret")
        server.close()

    run(work())
    assert heard == [b""]
