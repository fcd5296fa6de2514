"""What the server refuses with the configuration that ``oxtail nats init`` writes."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from helpers.capabilities import needs, where
from helpers.carriers import CarrierThread, FileHost, prepare
from helpers.nats_server import NatsServer, free_port
from helpers.stores import bodies, letter
from helpers.waiting import until
from oxtail.disk.atomic import Disk
from oxtail.errors import BadArgument, EngineError, EngineRefused, EngineUnreachable
from oxtail.store.nats import certificates, provision, subjects
from oxtail.store.nats.provision import ADMIN, Folder, Server
from oxtail.store.nats.settings import Engine

pytestmark = needs("nats", "openssl")


class Group:
    """A server as its administrator has set it up, with three hosts."""

    def __init__(self, path: Path) -> None:
        self.folder = Folder(Disk(str(path)))
        path.mkdir(mode=0o700)
        certificates.make_ca(self.folder)
        certificates.make_server_certificate(self.folder, ["127.0.0.1", "localhost"])
        server = Server(f"127.0.0.1:{free_port()}", ("127.0.0.1",), True, "secret", ())
        self.server = provision.with_hosts(server, ["ann", "bob", "eve"])
        self.folder.save(self.server)
        self.running = NatsServer.of(path, Path(self.folder.config), int(self.server.port))
        self.running.start()
        prepare(self.engine(ADMIN, "secret"))

    def engine(self, user: str, password: str, ca: str | None = None) -> Engine:
        return Engine(self.server.urls, user=user, password=password, ca=ca or self.folder.ca)

    def of(self, name: str) -> tuple[str, Engine]:
        member = next(m for m in self.server.members if m.name == name)
        user = provision.user_of(member.host_id)
        return member.host_id, self.engine(user, member.password)

    def host(self, path: Path, name: str, *sessions: str) -> FileHost:
        return FileHost(path / name, self.of(name)[0], sessions)


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Group]:
    made = Group(tmp_path_factory.mktemp("group") / "nats")
    try:
        yield made
    finally:
        made.running.kill()


def as_host(group: Group, name: str, work: Any) -> None:
    async def whole() -> None:
        from oxtail.store.nats.client import Client

        host_id, engine = group.of(name)
        client = await Client.connect(engine, host_id, name)
        try:
            await work(client)
        finally:
            await client.close()

    asyncio.run(asyncio.wait_for(whole(), 18))


def test_the_configuration_passes_the_servers_own_check(group: Group) -> None:
    command = [str(where("nats")), "-t", "-c", group.folder.config]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_mail_goes_between_hosts_that_have_no_more_than_they_need(
    group: Group, tmp_path: Path
) -> None:
    ann, bob = group.host(tmp_path, "ann", "ann-1"), group.host(tmp_path, "bob", "bob-1")
    with ExitStack() as stack:
        for host, name in ((ann, "ann"), (bob, "bob")):
            stack.enter_context(CarrierThread(host, group.of(name)[1]))
        until(lambda: ann.hosts.host_of("bob-1"))
        until(lambda: bob.hosts.host_of("ann-1"))
        ann.send(bob.host.host_id, "bob-1", letter("there", from_session_id="ann-1"))
        until(lambda: bodies(bob.box("bob-1")) == ["there"])
        assert [event for event, _ in ann.trace.events if "failed" in event] == []


async def refused(work: Any) -> None:
    with pytest.raises(EngineError):
        await work


def test_a_host_cannot_take_the_mail_of_another(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oxtail.store.nats.client.ANSWER_SECONDS", 0.15)
    ann, eve = group.of("ann")[0], group.of("eve")[0]
    own, other = subjects.consumer(eve), subjects.consumer(ann)
    inbox, theirs = subjects.inbox_filter(eve), subjects.inbox_filter(ann)

    def consumer(**config: Any) -> dict[str, Any]:
        whole = {"name": own, "durable_name": own, "ack_policy": "explicit", **config}
        return {"stream_name": "OXTAIL", "config": whole}

    async def work(client: Any) -> None:
        api = client.api
        await refused(api(f"CONSUMER.CREATE.OXTAIL.{other}.{theirs}", consumer(name=other)))
        await refused(api(f"CONSUMER.CREATE.OXTAIL.{own}.{theirs}", consumer()))
        # The subject is its own, and what it asks for is not.
        own_create = f"CONSUMER.CREATE.OXTAIL.{own}.{inbox}"
        await refused(api(own_create, consumer(filter_subject=theirs)))
        await refused(api(own_create, consumer(filter_subject="ox.m.>")))
        await refused(api(own_create, consumer(filter_subjects=[theirs])))
        await refused(api(own_create, consumer(durable_name=other, filter_subject=inbox)))
        made = await api(own_create, consumer(name=other, filter_subject=inbox))
        assert made["name"] == own
        await refused(api(f"CONSUMER.DELETE.OXTAIL.{other}"))
        await refused(api(f"CONSUMER.INFO.OXTAIL.{other}"))
        await refused(api(f"CONSUMER.MSG.NEXT.OXTAIL.{other}", {"batch": 1, "no_wait": True}))
        for action in ("INFO", "PURGE", "DELETE", "MSG.GET", "MSG.DELETE", "UPDATE", "CREATE"):
            await refused(api(f"STREAM.{action}.OXTAIL", {"name": "OXTAIL", "seq": 1}))
        await refused(api("STREAM.PURGE.KV_OXTAIL_PRESENCE", {}))
        await refused(api("DIRECT.GET.OXTAIL", {"seq": 1}))

    as_host(group, "eve", work)


@pytest.mark.parametrize("subject", [f"ox.m.{'1' * 16}.>", "ox.m.*.*", ">", "$JS.ACK.OXTAIL.>"])
def test_a_host_cannot_listen_in(group: Group, subject: str) -> None:
    async def work(client: Any) -> None:
        heard: list[Any] = []

        async def hear(message: Any) -> None:
            heard.append(message)

        await client.hear(subject, hear)
        await client.until_closed(0.2)
        assert "permissions violation" in client.complaint.lower()
        assert heard == []

    as_host(group, "eve", work)


def test_a_host_cannot_speak_as_another(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oxtail.store.nats.client.ANSWER_SECONDS", 0.15)
    ann, bob, eve = (group.of(name)[0] for name in ("ann", "bob", "eve"))

    async def work(client: Any) -> None:
        await refused(client.keep(subjects.mail_subject(bob, ann), b"forged"))
        await refused(client.keep(subjects.presence_subject(ann, 0), b"forged"))
        assert await client.keep(subjects.mail_subject(eve, eve), b"to itself")
        # What the server would send on for it keeps the name under which it came in.
        own, inbox = subjects.consumer(eve), subjects.inbox_filter(eve)
        config = {"name": own, "durable_name": own, "filter_subject": inbox}
        members = {"stream_name": "OXTAIL", "config": {**config, "ack_policy": "explicit"}}
        create = f"CONSUMER.CREATE.OXTAIL.{own}.{inbox}"
        goal = subjects.mail_subject(bob, ann)
        members["config"]["deliver_subject"] = goal
        await refused(client.api(create, members))
        del members["config"]["deliver_subject"]
        await client.api(create, members)
        await client.say(f"$JS.API.CONSUMER.MSG.NEXT.OXTAIL.{own}", b'{"batch":1}', reply=goal)
        await client.until_closed(0.3)

    as_host(group, "eve", work)

    async def look() -> None:
        from oxtail.store.nats.client import Client

        client = await Client.connect(group.engine(ADMIN, "secret"), "0" * 16, "look")
        found = await client.api("STREAM.INFO.OXTAIL", {"subjects_filter": ">"})
        await client.close()
        assert subjects.mail_subject(bob, ann) not in (found["state"].get("subjects") or {})

    asyncio.run(look())


def test_a_wrong_ca_is_refused(
    group: Group, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oxtail.store.nats.client.ANSWER_SECONDS", 0.5)
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    folder = Folder(Disk(str(other)))
    certificates.make_ca(folder)

    async def work() -> None:
        from oxtail.store.nats.client import Client

        for ca in (folder.ca, None):
            engine = group.of("ann")[1]._replace(ca=ca)
            with pytest.raises(EngineUnreachable, match="certificate verify failed"):
                await Client.connect(engine, group.of("ann")[0], "ann")
        wrong = group.of("ann")[1]._replace(urls=(f"tls://localhost.test:{group.server.port}",))
        with pytest.raises(EngineUnreachable):
            await Client.connect(wrong, group.of("ann")[0], "ann")

    asyncio.run(work())


def test_a_wrong_password_is_refused(group: Group) -> None:
    async def work() -> None:
        from oxtail.store.nats.client import Client

        host_id, engine = group.of("ann")
        with pytest.raises(EngineRefused, match="credentials"):
            await Client.connect(engine._replace(password="guess"), host_id, "ann")

    asyncio.run(work())


def test_keys_and_passwords_are_private(group: Group) -> None:
    found = [path for path in Path(group.folder.path).rglob("*") if path.suffix != ".log"]
    secret = [p for p in found if p.suffix in (".pem", ".json", ".conf")]
    assert len(secret) >= 9
    for path in secret:
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_host_that_is_added_changes_nothing_for_the_others(group: Group) -> None:
    more = provision.with_hosts(group.server, ["ann", "dan"])
    assert more.members[:3] == group.server.members
    assert more.members[3].name == "dan"
    joined = json.loads(Path(group.folder.join_file("ann")).read_text())
    assert joined["host_id"] == group.of("ann")[0]
    assert "BEGIN CERTIFICATE" in joined["ca"]
    assert "PRIVATE" not in joined["ca"]


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a b", 'a"', "x" * 65, "-x", "a\n"])
def test_a_host_name_cannot_leave_its_place(group: Group, name: str) -> None:
    with pytest.raises(BadArgument):
        provision.with_hosts(group.server, [name])
    with pytest.raises(BadArgument):
        group.folder.join_file(name)
