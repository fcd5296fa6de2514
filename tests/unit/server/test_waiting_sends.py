"""A send that waits for its receipt keeps nobody waiting, and ends when it is cancelled."""

from __future__ import annotations

import time

import pytest

from helpers.fakes import ALICE, BOB, World
from helpers.waiting import until
from helpers.wire import InProcess
from oxtail.app.read import read
from oxtail.server import endpoint as endpoint_module


class RealClock:
    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


@pytest.fixture
def world() -> World:
    world = World()
    world.clock = RealClock()
    world.store.__init__(clock=world.clock, ids=world.ids, trace=world.trace)
    world.waker.status = "skipped_no_target"
    return world


@pytest.fixture
def alice(world):
    return world.context(ALICE, pid=100)


@pytest.fixture
def bob(world):
    return world.context(BOB, pid=200)


@pytest.fixture
def server(alice, bob):
    with InProcess(alice) as server:
        server.handshake()
        yield server


def send(server: InProcess, **options: object) -> int:
    return server.start_call("send_message", target=BOB, body="hello", **options)


def show(world, bob) -> None:
    """Show the mail once the send has come and waits."""
    until(lambda: world.store.peek(bob.session.boxes()).messages and world.store.world.bells)
    read(bob, lambda result: None)


def test_a_send_that_waits_is_answered_when_the_message_was_shown(world, server, bob):
    number = send(server, wait_ms=60_000)
    show(world, bob)

    result = server.result_of(number)

    assert (result["ok"], result["receipt"]["status"]) == (True, "shown")
    assert result["receipt"]["timed_out"] is False
    assert [proof["stage"] for proof in result["receipt"]["evidence"]] == ["stored", "shown"]


def test_a_send_that_waits_is_answered_when_the_time_is_over(server):
    result = server.result_of(send(server, wait_ms=1))

    assert result["ok"] is True
    receipt = result["receipt"]
    assert (receipt["status"], receipt["waiting"], receipt["timed_out"]) == ("stored", True, True)


def test_a_send_that_does_not_wait_has_no_receipt(server):
    assert "receipt" not in server.result_of(send(server))


def test_other_calls_are_answered_while_a_send_waits(world, server, bob):
    number = send(server, wait_ms=60_000)

    assert server.call("set_my_state", purpose="waits")["ok"] is True

    show(world, bob)
    assert server.result_of(number)["receipt"]["status"] == "shown"


def test_a_cancelled_wait_gets_no_answer_and_the_message_stays_sent(world, server, bob):
    number = send(server, wait_ms=60_000)
    until(lambda: world.store.world.bells)

    server.notify("notifications/cancelled", requestId=number)

    until(lambda: not world.store.world.bells)
    server.assert_alive()
    assert number not in server._answers
    assert len(world.store.peek(bob.session.boxes()).messages) == 1


def test_the_end_of_the_server_ends_a_wait(world, alice, bob):
    with InProcess(alice) as server:
        server.handshake()
        send(server, wait_ms=60_000)
        until(lambda: world.store.world.bells)

        assert server.endpoint.finish(5)


def test_a_send_that_waits_tells_that_it_waits(world, server, bob, monkeypatch):
    monkeypatch.setattr(endpoint_module, "PROGRESS_SECONDS", 0.02)
    number = send(server, wait_ms=60_000, _meta={"progressToken": "p"})

    notice = server.receive()

    assert (notice["method"], notice["params"]["progressToken"]) == ("notifications/progress", "p")
    show(world, bob)
    assert server.result_of(number)["receipt"]["status"] == "shown"


@pytest.mark.parametrize("wrong", [0, -1, 300_001, 1.5, "1", True])
def test_a_wait_that_is_no_time_is_refused_and_nothing_is_sent(world, server, bob, wrong):
    result = server.result_of(send(server, wait_ms=wrong))

    assert (result["error"], result["field"]) == ("bad-argument", "wait_ms")
    assert world.store.peek(bob.session.boxes()).messages == ()


def test_a_wait_is_no_longer_than_the_settings_allow(world, bob):
    alice = world.context(ALICE, pid=100, ask_max_timeout_ms=1)
    with InProcess(alice) as server:
        server.handshake()

        assert server.result_of(send(server, wait_ms=300_000))["receipt"]["timed_out"] is True
