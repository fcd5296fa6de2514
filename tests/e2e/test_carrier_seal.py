"""Sealed mail between two hosts: what the server sees of it, and a key that changes."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.capabilities import needs
from helpers.carriers import CarrierThread, FileHost, prepare
from helpers.nats_server import NatsServer, nats_server
from helpers.stores import bodies, letter
from helpers.waiting import until
from oxtail.core import codec
from oxtail.store.nats import seal, subjects
from oxtail.store.nats.settings import Engine

pytestmark = [needs("nats", "nacl")]

A, B = "a" * 16, "b" * 16


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with nats_server(tmp_path_factory.mktemp("nats")) as running:
        prepare(Engine((running.url,)))
        yield running


def say(server: NatsServer, subject: str, data: bytes) -> None:
    """Publish as whoever runs the server can."""

    async def work() -> None:
        from oxtail.store.nats.client import Client

        client = await Client.connect(Engine((server.url,)), "0" * 16, "operator")
        await client.keep(subject, data)
        await client.close()

    asyncio.run(work())


def kept(server: NatsServer) -> list[bytes]:
    """What lies in the stream of mail, as whoever runs the server sees it."""

    async def work() -> list[bytes]:
        import base64

        from oxtail.store.nats.client import Client

        client = await Client.connect(Engine((server.url,)), "0" * 16, "operator")
        state: Any = (await client.api("STREAM.INFO.OXTAIL"))["state"]
        found = []
        for number in range(state["first_seq"], state["last_seq"] + 1):
            answer = await client.api("STREAM.MSG.GET.OXTAIL", {"seq": number})
            found.append(base64.b64decode(answer["message"]["data"]))
        await client.close()
        return found

    return asyncio.run(work())


def test_the_server_carries_what_it_cannot_read_or_forge(
    server: NatsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oxtail.store.nats.outbound.FULL_SECONDS", 0.3)
    engine = Engine((server.url,))
    ann, bob = FileHost(tmp_path / "a", A, ["ann-1"]), FileHost(tmp_path / "b", B, ["bob-1"])
    with CarrierThread(ann, engine):
        with CarrierThread(bob, engine):
            until(lambda: ann.hosts.host_of("bob-1"))
            until(lambda: bob.hosts.host_of("ann-1"))
            ann.send(B, "bob-1", letter("first", from_session_id="ann-1"))
            until(lambda: bodies(bob.box("bob-1")) == ["first"])
        ann.send(B, "bob-1", letter("a secret word", from_session_id="ann-1"))
        until(lambda: not ann.waiting(B))
        lying = kept(server)
        assert [codec.decode(data)["kind"] for data in lying] == ["sealed"]
        assert b"secret word" not in lying[0]
        assert b"ann-1" not in lying[0]
        forged = letter("from nobody", from_session_id="ann-1").as_dict()
        members = {"v": 1, "kind": "mail", "to": {"session_id": "bob-1"}, "envelope": forged}
        say(server, subjects.mail_subject(B, A), codec.encode_compact(members))
        with CarrierThread(bob, engine):
            until(lambda: bodies(bob.box("bob-1")) == ["first", "a secret word"])
            until(lambda: [host for host, _ in bob.set_asides] == [A])

        # Bob's machine is set up anew: another key, which nobody has accepted yet.
        shutil.rmtree(tmp_path / "b" / "nats")
        with CarrierThread(bob, engine):
            until(lambda: "host_key_changed" in [kind for kind, _ in ann.notices])
            ann.send(B, "bob-1", letter("third", from_session_id="ann-1"))
            until(lambda: "not_carried" in [kind for kind, _ in ann.notices])
            assert len(ann.waiting(B)) == 1
            offered = seal.offered_key(ann.disk, B)
            assert offered
            seal.trust(ann.disk, B, offered)
            until(lambda: "third" in bodies(bob.box("bob-1")))
