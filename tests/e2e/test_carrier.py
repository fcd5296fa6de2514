"""Two hosts and a real server between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from helpers.capabilities import needs
from helpers.carriers import CarrierThread, FileHost, disk_full, prepare
from helpers.nats_server import Link, NatsServer, nats_server
from helpers.stores import bodies, letter
from helpers.waiting import until
from oxtail.core.mail import Peek
from oxtail.core.remote import Report
from oxtail.store.nats.settings import Engine

pytestmark = needs("nats")

A, B, C = "a" * 16, "b" * 16, "c" * 16
ANN, BOB = "ann-session", "bob-session"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with nats_server(tmp_path / "nats") as running:
        prepare(Engine((running.url,)))
        yield running


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried soon: the pauses are for people, and not what is tested."""
    monkeypatch.setattr("oxtail.store.nats.outbound.FULL_SECONDS", 0.3)
    monkeypatch.setattr("oxtail.store.nats.inbound.RETRY_SECONDS", (0.05, 0.1, 0.2))
    monkeypatch.setattr("oxtail.store.nats.inbound.SENDER_SECONDS", 1.0)


@pytest.fixture
def ann(tmp_path: Path) -> FileHost:
    return FileHost(tmp_path / "a", A, [ANN])


@pytest.fixture
def bob(tmp_path: Path) -> FileHost:
    return FileHost(tmp_path / "b", B, [BOB])


def carriers(stack: ExitStack, url: str, *hosts: FileHost) -> list[CarrierThread]:
    return [stack.enter_context(CarrierThread(host, Engine((url,)))) for host in hosts]


def know_each_other(*hosts: FileHost) -> None:
    for host in hosts:
        for other in hosts:
            if other is not host:
                until(lambda h=host, o=other: h.hosts.host_of(o.sessions[0]))


def test_mail_goes_there_and_back(server: NatsServer, ann: FileHost, bob: FileHost) -> None:
    with ExitStack() as stack:
        carriers(stack, server.url, ann, bob)
        know_each_other(ann, bob)
        there = letter("there", from_session_id=ANN)
        ann.send(B, BOB, there)
        until(lambda: bodies(bob.box(BOB)) == ["there"])
        bob.send(A, ANN, letter("back", from_session_id=BOB))
        until(lambda: bodies(ann.box(ANN)) == ["back"])
        until(lambda: there.id in ann.gone)
        until(lambda: not ann.store.has_mail("x-" + B))
    assert dict(bob.box(BOB)[0].extra) == {"from_host": A}
    assert bob.store.lookup(BOB, there.id) is not None
    assert ann.store.receipt(there.id) is None


def test_mail_waits_until_the_other_host_is_there(
    server: NatsServer, ann: FileHost, bob: FileHost
) -> None:
    with ExitStack() as stack:
        carriers(stack, server.url, ann, bob)
        know_each_other(ann, bob)
    ann.send(B, BOB, letter("early", from_session_id=ANN))
    with CarrierThread(ann, Engine((server.url,))):
        until(lambda: not ann.store.has_mail("x-" + B))
    with CarrierThread(bob, Engine((server.url,))):
        until(lambda: bodies(bob.box(BOB)) == ["early"])


def test_mail_that_comes_twice_is_there_once(
    server: NatsServer, ann: FileHost, bob: FileHost
) -> None:
    with ExitStack() as stack:
        carriers(stack, server.url, ann, bob)
        know_each_other(ann, bob)
        message = letter("once", from_session_id=ANN)
        ann.send(B, BOB, message)
        until(lambda: bob.arrivals)
        until(lambda: not ann.store.has_mail("x-" + B))
        ann.send(B, BOB, message)
        until(lambda: not ann.store.has_mail("x-" + B))
        ann.send(B, BOB, letter("later", from_session_id=ANN))
        until(lambda: bodies(bob.box(BOB)) == ["once", "later"])


def test_a_forged_sender_is_set_aside(
    server: NatsServer, ann: FileHost, bob: FileHost, tmp_path: Path
) -> None:
    """Host C says that it speaks for a session of host A."""
    eve = FileHost(tmp_path / "c", C, ["eve-session"])
    with ExitStack() as stack:
        carriers(stack, server.url, ann, bob)
        know_each_other(ann, bob)
        carriers(stack, server.url, eve)
        know_each_other(bob, eve)
        eve.send(B, BOB, letter("forged", from_session_id=ANN))
        eve.send(B, BOB, letter("from nobody", from_session_id="not-a-session"))
        eve.send(B, BOB, letter("honest", from_session_id="eve-session"))
        until(lambda: len(bob.set_asides) == 2)
        until(lambda: bodies(bob.box(BOB)) == ["honest"])
    assert {host for host, _ in bob.set_asides} == {C}


def test_the_session_of_two_hosts_belongs_to_the_first(
    server: NatsServer, ann: FileHost, bob: FileHost, tmp_path: Path
) -> None:
    twin = FileHost(tmp_path / "c", C, [ANN, "eve-session"])
    with ExitStack() as stack:
        carriers(stack, server.url, ann, bob)
        know_each_other(ann, bob)
        carriers(stack, server.url, twin)
        until(lambda: bob.hosts.host_of("eve-session") == C)
        assert bob.hosts.host_of(ANN) == A
        until(lambda: ("session_of_two_hosts", ANN) in bob.notices)
        twin.send(B, BOB, forged := letter("as ann", from_session_id=ANN))
        until(lambda: bob.set_asides)
        until(lambda: bob.refused == [(C, forged.id)])
    assert bob.box(BOB) == []


def test_of_two_folders_of_one_host_the_first_carries(
    server: NatsServer, ann: FileHost, bob: FileHost, tmp_path: Path
) -> None:
    copy = FileHost(tmp_path / "copy", A, [ANN])
    copy.host = copy.host._replace(instance="f" * 16)
    with ExitStack() as stack:
        carriers(stack, server.url, ann, bob)
        know_each_other(ann, bob)
        carriers(stack, server.url, copy)
        until(lambda: copy.notices)
        bob.send(A, ANN, letter("for the first", from_session_id=BOB))
        until(lambda: bodies(ann.box(ANN)) == ["for the first"])
    assert "another state folder" in dict(copy.notices)["engine_unreachable"]
    assert ann.notices == []


def test_a_receipt_goes_back(server: NatsServer, ann: FileHost, bob: FileHost) -> None:
    with ExitStack() as stack:
        carriers(stack, server.url, ann, bob)
        know_each_other(ann, bob)
        message = letter("hello", from_session_id=ANN)
        ann.send(B, BOB, message)
        until(lambda: bob.arrivals)
        bob.to_tell.append((A, Report(message.id, "shown", 1_800_000_000, "hook", BOB)))
        found = until(lambda: ann.store.receipt(message.id))
        until(lambda: not bob.to_tell)
    assert (found.via, found.recipient_session_id) == ("hook", BOB)


def test_a_full_disk_delays_and_loses_nothing(
    server: NatsServer, ann: FileHost, bob: FileHost
) -> None:
    with ExitStack() as stack:
        carriers(stack, server.url, ann, bob)
        know_each_other(ann, bob)
        bob.failures = [disk_full() for _ in range(3)]
        for number in range(5):
            ann.send(B, BOB, letter(str(number), from_session_id=ANN))
        until(lambda: bodies(bob.box(BOB)) == list("01234"))


def test_a_message_that_nobody_can_use_does_not_stop_the_next(
    server: NatsServer, ann: FileHost, bob: FileHost
) -> None:
    with ExitStack() as stack:
        carriers(stack, server.url, ann, bob)
        know_each_other(ann, bob)
        bob.failures = [ZeroDivisionError("odd")]
        ann.send(B, BOB, letter("odd", from_session_id=ANN))
        until(lambda: bob.set_asides)
        ann.send(B, BOB, letter("next", from_session_id=ANN))
        until(lambda: bodies(bob.box(BOB)) == ["next"])


def test_a_stream_at_its_bound_keeps_mail_with_its_sender(
    tmp_path: Path, ann: FileHost, bob: FileHost
) -> None:
    with nats_server(tmp_path / "nats") as server:
        prepare(Engine((server.url,)), pair_messages=3)
        with ExitStack() as stack:
            carriers(stack, server.url, ann, bob)
            know_each_other(ann, bob)
        sent = [letter(str(number), from_session_id=ANN) for number in range(6)]
        for message in sent:
            ann.send(B, BOB, message)
        with CarrierThread(ann, Engine((server.url,))):
            until(lambda: any(kind == "not_carried" for kind, _ in ann.notices))
            assert ann.waiting(B) == [m.id for m in sent[3:]]
            with CarrierThread(bob, Engine((server.url,))):
                until(lambda: bodies(bob.box(BOB)) == list("012345"))


def test_an_engine_whose_disk_is_full_keeps_mail_with_its_sender(
    server: NatsServer, ann: FileHost, bob: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says nothing at all then; once it can write again, all comes, in order."""
    monkeypatch.setattr("oxtail.store.nats.client.ANSWER_SECONDS", 0.5)
    server.stop()
    server.start(file_bytes=500_000)
    with ExitStack() as stack:
        carriers(stack, server.url, ann)
        with CarrierThread(bob, Engine((server.url,))):
            know_each_other(ann, bob)
        for number in range(10):
            body = f"{number} " + "x" * 100_000
            ann.send(B, BOB, letter(body, from_session_id=ANN))
        until(lambda: "not_carried" in dict(ann.notices))
        assert ann.store.has_mail("x-" + B)
        assert "critical write error" in server.log.read_text().lower()
        server.stop()
        server.start()
        carriers(stack, server.url, bob)
        until(lambda: len(bob.box(BOB)) == 10)
    assert [body.split()[0] for body in bodies(bob.box(BOB))] == list("0123456789")


def test_a_long_box_costs_with_its_length_and_not_with_the_square_of_it(
    server: NatsServer, ann: FileHost, bob: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits is looked at about twice, however often something is taken out of it."""
    monkeypatch.setattr("oxtail.store.nats.outbound.BATCH", 4)
    with ExitStack() as stack:
        carriers(stack, server.url, ann, bob)
        know_each_other(ann, bob)
    count = 256
    for number in range(count):
        ann.send(B, BOB, letter(str(number), from_session_id=ANN))
    looked: list[int] = []
    real = ann.store.peek

    def peek(boxes: Sequence[str]) -> Peek:
        found = real(boxes)
        looked.append(len(found.messages))
        return found

    monkeypatch.setattr(ann.store, "peek", peek)
    with ExitStack() as stack:
        carriers(stack, server.url, ann, bob)
        until(lambda: len(bob.box(BOB)) == count)
    assert bodies(bob.box(BOB)) == [str(number) for number in range(count)]
    assert max(looked) == count
    assert sum(looked) < 3 * count


def test_an_engine_that_is_away_delays_no_send(tmp_path: Path, ann: FileHost) -> None:
    server = NatsServer(tmp_path / "nats")
    with CarrierThread(ann, Engine((server.url,))):
        ann.send(B, BOB, letter("waits", from_session_id=ANN))
        until(lambda: any(kind == "engine_unreachable" for kind, _ in ann.notices))
        assert len(ann.waiting(B)) == 1
        state = Path(ann.disk.layout.nats_state).read_text()
    assert '"connected": false' in state


def test_a_cut_link_and_a_killed_server_lose_nothing(
    server: NatsServer, ann: FileHost, bob: FileHost
) -> None:
    with Link(server.port) as link, ExitStack() as stack:
        carriers(stack, link.url, ann)
        carriers(stack, server.url, bob)
        know_each_other(ann, bob)
        for number in range(30):
            ann.send(B, BOB, letter(str(number), from_session_id=ANN))
            if number == 10:
                link.cut()
            if number == 15:
                link.restore()
            if number == 20:
                server.kill()
                server.start()
        until(lambda: len(bob.box(BOB)) == 30)
        assert bodies(bob.box(BOB)) == [str(number) for number in range(30)]
