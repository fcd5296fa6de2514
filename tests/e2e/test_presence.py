"""What hosts say of themselves: changes at once, and otherwise no more than that they are there."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from helpers.capabilities import needs
from helpers.carriers import CarrierThread, FileHost, prepare
from helpers.nats_server import Link, NatsServer, nats_server
from helpers.stores import bodies, letter
from helpers.waiting import until
from oxtail.core.arrival import Arrival
from oxtail.core.remote import Mail, RemoteHost, RemoteSession
from oxtail.store.nats import encoding, inbound, presence, subjects
from oxtail.store.nats.settings import Engine

pytestmark = needs("nats")

A, B, C = "a" * 16, "b" * 16, "c" * 16
ANN, BOB = "ann-session", "bob-session"


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("LOOK", 0.05), ("BEAT", 0.3), ("TOUCH", 0.1)):
        monkeypatch.setattr(presence, f"{name}_SECONDS", seconds)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with nats_server(tmp_path / "nats") as running:
        prepare(Engine((running.url,)))
        yield running


@pytest.fixture
def ann(tmp_path: Path) -> FileHost:
    return FileHost(tmp_path / "a", A, [ANN])


@pytest.fixture
def bob(tmp_path: Path) -> FileHost:
    return FileHost(tmp_path / "b", B, [BOB])


class Read:
    """Counts the descriptions that are read, by host."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hosts: list[str] = []
        real = encoding.decode_host

        def decode(data: bytes, host_id: str, part: int) -> Any:
            self.hosts.append(host_id)
            return real(data, host_id, part)

        monkeypatch.setattr(encoding, "decode_host", decode)


def carry(stack: ExitStack, server: NatsServer | Link, *hosts: FileHost) -> None:
    for host in hosts:
        stack.enter_context(CarrierThread(host, Engine((server.url,))))


def heard_at(host: FileHost, other: str) -> float:
    return os.stat(host.disk.layout.other_host(other)).st_mtime


def hears(host: FileHost, other: str, times: int = 3) -> None:
    """Wait until *host* has written down that *other* is there, again and again."""
    for _ in range(times):
        before = heard_at(host, other)
        until(lambda b=before: heard_at(host, other) > b)


def admin(server: NatsServer, work: Any) -> Any:
    async def whole() -> Any:
        from oxtail.store.nats.client import Client

        client = await Client.connect(Engine((server.url,)), "0" * 16, "test")
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(asyncio.wait_for(whole(), 15))


def test_a_description_that_is_known_is_not_read_again(
    server: NatsServer, ann: FileHost, bob: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        carry(stack, server, ann, bob)
        until(lambda: bob.hosts.host_of(ANN) and ann.hosts.host_of(BOB))
        read = Read(monkeypatch)
        hears(bob, A)
        hears(ann, B)
        assert read.hosts == []
        ann.sessions = (ANN, "new")
        until(lambda: bob.hosts.host_of("new"))
        assert read.hosts == [A]


def test_who_comes_later_learns_of_all_that_are_there(
    server: NatsServer, ann: FileHost, bob: FileHost, tmp_path: Path
) -> None:
    late = FileHost(tmp_path / "c", C, ["late"])
    with ExitStack() as stack:
        carry(stack, server, ann, bob)
        until(lambda: bob.hosts.host_of(ANN))
        hears(bob, A)
        carry(stack, server, late)
        until(lambda: late.hosts.host_of(ANN) and late.hosts.host_of(BOB))
        assert all(neighbor.is_live for neighbor in late.hosts.neighbors())


def test_who_comes_later_hears_nothing_of_the_dead(
    server: NatsServer, ann: FileHost, bob: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server remembers the description of Ann, and that it is old."""
    monkeypatch.setattr(presence, "TTL_SECONDS", 1)
    with CarrierThread(ann, Engine((server.url,))):
        until(lambda: is_described(server, A))
    until(lambda: not is_recent(server, A))
    with CarrierThread(bob, Engine((server.url,))):
        until(lambda: is_described(server, B))
        assert bob.hosts.hosts() == ()
        with CarrierThread(ann, Engine((server.url,))):
            until(lambda: bob.hosts.host_of(ANN))


def last(server: NatsServer, subject: str) -> Any:
    from oxtail.store.nats.lookup import last_said

    return admin(server, lambda client: last_said(client, subject))


def is_described(server: NatsServer, host: str) -> bool:
    """Whether the host has said all that it says when it begins."""
    said = (subjects.presence_subject(host, 0), subjects.beat_subject(host))
    return all(last(server, each) is not None for each in said)


def is_recent(server: NatsServer, host: str) -> bool:
    """Whether the host has said that it is there within a second and a half."""

    async def work(client: Any) -> bool:
        from oxtail.store.nats.lookup import last_said

        own = subjects.beat_subject("0" * 16)
        await client.keep(own, b"now")
        now = await last_said(client, own)
        said = await last_said(client, subjects.beat_subject(host))
        return bool(now.at - said.at <= 1.5)

    return bool(admin(server, work))


def test_a_server_that_forgets_is_told_again(
    server: NatsServer, ann: FileHost, bob: FileHost
) -> None:
    with ExitStack() as stack:
        carry(stack, server, ann)
        until(lambda: is_described(server, A))
        admin(server, lambda client: client.api("STREAM.PURGE.KV_OXTAIL_PRESENCE", {}))
        until(lambda: is_described(server, A))
        carry(stack, server, bob)
        until(lambda: bob.hosts.host_of(ANN))


def test_what_changed_while_the_link_was_cut_is_learned_from_the_beat(
    server: NatsServer, ann: FileHost, bob: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Link(server.port) as link, ExitStack() as stack:
        carry(stack, server, ann)
        carry(stack, link, bob)
        until(lambda: bob.hosts.host_of(ANN))
        link.cut()
        ann.sessions = ("other",)
        until(lambda: b'"other"' in last(server, subjects.presence_subject(A, 0)).data)
        hears_nothing = heard_at(bob, A)
        read = Read(monkeypatch)
        link.restore()
        until(lambda: bob.hosts.host_of("other"))
        assert heard_at(bob, A) > hears_nothing
        assert read.hosts.count(A) == 1


def test_a_host_of_the_first_version_is_understood_and_understands(
    server: NatsServer, bob: FileHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says all of itself again and again, knows no beat, and waits for the same of others.

    Others of today read none of that twice.
    """
    carl = FileHost(tmp_path / "c", C, ["carl-session"])
    said = RemoteHost(A, "old", "1" * 16, 5, sessions=(RemoteSession(ANN),))

    async def work(client: Any) -> list[bytes]:
        found: list[bytes] = []

        async def hear(message: Any) -> None:
            if message.subject == subjects.presence_subject(B, 0):
                found.append(message.data)

        await client.hear(subjects.ALL_PRESENCE, hear)
        for second in range(150):
            data = encoding.encode_host(said._replace(at=second))
            await client.keep(subjects.presence_subject(A, 0), data)
            await asyncio.sleep(0.1)
            if len(found) >= 3 and bob.hosts.host_of(ANN):
                break
        return found

    with ExitStack() as stack:
        carry(stack, server, bob, carl)
        until(lambda: carl.hosts.host_of(BOB) and bob.hosts.host_of("carl-session"))
        read = Read(monkeypatch)
        found = admin(server, work)
        assert B not in read.hosts
    assert len(found) >= 3
    assert not isinstance(encoding.decode_host(found[-1], B, 0), encoding.Unreadable)
    assert bob.hosts.host_of(ANN) == A


def test_a_session_that_two_hosts_claim_is_looked_at_again(
    server: NatsServer, ann: FileHost, bob: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not believed as a whole is no known description."""
    bob.sessions = (BOB, ANN)
    with ExitStack() as stack:
        carry(stack, server, ann, bob)
        until(lambda: ("session_of_two_hosts", ANN) in bob.notices)
        bob.sessions = (BOB,)
        until(lambda: bob.hosts.host_of(ANN) == A)


def test_a_folder_that_was_set_up_anew_does_not_wait_for_the_old_one(
    server: NatsServer,
    ann: FileHost,
    bob: FileHost,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server still has the description of the old folder, and says that it is old."""
    monkeypatch.setattr(presence, "TTL_SECONDS", 1)
    with CarrierThread(ann, Engine((server.url,))):
        until(lambda: is_described(server, A))
    until(lambda: not is_recent(server, A))
    anew = FileHost(tmp_path / "anew", A, [ANN])
    anew.host = anew.host._replace(instance="f" * 16)
    with ExitStack() as stack:
        carry(stack, server, anew, bob)
        until(lambda: bob.hosts.host_of(ANN))
    assert anew.notices == []


def test_a_key_that_a_person_has_removed_is_taken_anew(
    server: NatsServer, ann: FileHost, bob: FileHost
) -> None:
    """Nothing has changed, so nobody describes anything: the beat brings it up."""
    pytest.importorskip("nacl")
    pin = Path(bob.disk.layout.nats) / "keys" / f"{A}.json"
    with ExitStack() as stack:
        carry(stack, server, ann, bob)
        until(lambda: bob.hosts.host_of(ANN) and pin.exists())
        hears(bob, A, times=1)
        pin.unlink()
        until(pin.exists)


class Asked:
    """Counts how often it is looked whether mail of each sender can be taken."""

    def __init__(self, host: FileHost, monkeypatch: pytest.MonkeyPatch) -> None:
        self.senders: list[str | None] = []
        real = host.arrive

        def arrive(mail: Mail, other: str) -> Arrival:
            self.senders.append(mail.envelope.from_session_id)
            return real(mail, other)

        monkeypatch.setattr(host, "arrive", arrive)


def test_the_first_word_of_a_session_arrives_although_nobody_has_heard_of_it(
    server: NatsServer, ann: FileHost, bob: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its host looks what has changed once an hour here, and speaks up for it all the same."""
    monkeypatch.setattr(presence, "LOOK_SECONDS", 3_600)
    asked = Asked(bob, monkeypatch)
    with ExitStack() as stack:
        carry(stack, server, ann, bob)
        until(lambda: bob.hosts.host_of(ANN) and ann.hosts.host_of(BOB))
        for name in ("new", "newer"):
            ann.sessions = (*ann.sessions, name)
            ann.send(B, BOB, letter(f"of {name}", from_session_id=name))
            until(lambda n=name: f"of {n}" in bodies(bob.box(BOB)))
    # Known before the mail came, or looked up once.
    assert all(asked.senders.count(name) <= 2 for name in ("new", "newer"))
    assert bob.set_asides == []


def test_mail_waits_a_while_for_the_word_of_its_host_and_of_a_stranger_only_once(
    server: NatsServer, bob: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host of an older version says only later that it has the session."""
    monkeypatch.setattr("oxtail.store.nats.inbound.RETRY_SECONDS", (0.05,))
    monkeypatch.setattr("oxtail.store.nats.inbound.SENDER_SECONDS", 60.0)
    asked = Asked(bob, monkeypatch)

    async def put(client: Any, sender: str, text: str) -> None:
        message = letter(text, from_session_id=sender)
        data = encoding.encode_mail(Mail(BOB, None, message))
        await client.keep(subjects.mail_subject(B, A), data, f"mail:{message.id}")

    async def describe(client: Any) -> None:
        said = RemoteHost(A, "old", "1" * 16, 5, sessions=(RemoteSession(ANN),))
        await client.keep(subjects.presence_subject(A, 0), encoding.encode_host(said))

    with CarrierThread(bob, Engine((server.url,))):
        admin(server, lambda client: put(client, ANN, "early"))
        until(lambda: asked.senders.count(ANN) >= 10)
        admin(server, describe)
        until(lambda: bodies(bob.box(BOB)) == ["early"])
        monkeypatch.setattr("oxtail.store.nats.inbound.SENDER_SECONDS", 1.0)
        admin(server, lambda client: put(client, "stranger", "one"))
        until(lambda: len(bob.set_asides) == 1)
        waited = asked.senders.count("stranger")
        admin(server, lambda client: put(client, "stranger", "two"))
        until(lambda: len(bob.set_asides) == 2)
    # Once as it comes, and once after the server was asked.
    assert asked.senders.count("stranger") == waited + 2 > 4


@pytest.mark.parametrize("ahead", [86_400, -86_400])
def test_a_host_whose_clock_is_a_day_off_hears_and_is_heard(
    server: NatsServer,
    ann: FileHost,
    bob: FileHost,
    monkeypatch: pytest.MonkeyPatch,
    ahead: int,
) -> None:
    """What the server has kept is as old as the server says; nobody says it again here."""
    monkeypatch.setattr(presence, "LOOK_SECONDS", 3_600)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + ahead)
    bob.clock.advance(ahead)
    with ExitStack() as stack:
        carry(stack, server, ann)
        until(lambda: is_described(server, A))
        carry(stack, server, bob)
        until(lambda: bob.hosts.host_of(ANN) and ann.hosts.host_of(BOB))
        for host, other in ((ann, BOB), (bob, ANN)):
            assert [n.session_id for n in host.hosts.neighbors() if n.is_live] == [other]
        ann.send(B, BOB, letter("there", from_session_id=ANN))
        until(lambda: bodies(bob.box(BOB)) == ["there"])


@pytest.mark.parametrize("is_upgraded", [True, False])
def test_mail_of_a_later_version_is_offered_again_and_not_for_ever(
    server: NatsServer, bob: FileHost, monkeypatch: pytest.MonkeyPatch, is_upgraded: bool
) -> None:
    monkeypatch.setattr("oxtail.store.nats.inbound.NEWER_DELAY_SECONDS", 0.1)
    said = RemoteHost(A, "new", "1" * 16, 5, sessions=(RemoteSession(ANN),))
    message = letter("from the future", from_session_id=ANN)
    data = encoding.encode_mail(Mail(BOB, None, message)).replace(b'"v":1', b'"v":2', 1)
    offered: list[bytes] = []
    real = encoding.decode

    def decode(payload: bytes) -> Any:
        offered.append(payload)
        return real(payload)

    async def put(client: Any) -> None:
        await client.keep(subjects.presence_subject(A, 0), encoding.encode_host(said))
        await client.keep(subjects.mail_subject(B, A), data, f"mail:{message.id}")

    monkeypatch.setattr(encoding, "decode", decode)
    with CarrierThread(bob, Engine((server.url,))):
        until(lambda: is_described(server, B))
        admin(server, put)
        until(lambda: offered.count(data) >= 2)
        if is_upgraded:
            monkeypatch.setattr(encoding, "VERSION", 2)
            until(lambda: bodies(bob.box(BOB)) == ["from the future"])
            assert bob.set_asides == []
        else:
            until(lambda: [host for host, _ in bob.set_asides] == [A])
            assert offered.count(data) == inbound.NEWER_TRIES
