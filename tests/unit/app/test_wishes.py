"""Senders leave a wish for the server of an npm peer, and for nobody else's."""

from __future__ import annotations

import pytest

from helpers.fakes import ALICE, BOB, FakeWaker, World
from oxtail.app.send import reply, send
from oxtail.core.presence import Marker


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def npm(world):
    """The context of a session whose server is of npm: it tells no start token and no doors."""
    return world.context(BOB, pid=2)


def sender(world: World, status: str):
    world.waker = FakeWaker(status)
    return world.context(ALICE, pid=1)


@pytest.mark.parametrize(
    ("status", "wished"),
    [
        ("fired", False),
        ("fired_unconfirmed", True),
        ("skipped_no_target", True),
        ("skipped_debounced", True),
        ("skipped_rate_limited", True),
        ("skipped_store_error", True),
        ("disabled", False),
    ],
)
def test_a_wake_that_may_not_have_arrived_leaves_a_wish(world, npm, status, wished):
    sent = send(sender(world, status), BOB, "x", wake="auto")

    assert sent.wake.status == status
    assert world.wake_records.wishes == ([(BOB, sent.message_id, ALICE)] if wished else [])


def test_a_busy_npm_peer_gets_a_wish_because_its_turn_may_end_without_a_look(world, npm):
    world.presence.markers[BOB] = Marker("busy", world.clock.now())
    sent = send(sender(world, "fired"), BOB, "x", wake="auto")

    assert sent.wake.status == "skipped_busy"
    assert world.wake_records.wishes == [(BOB, sent.message_id, ALICE)]


def test_a_reply_that_may_not_wake_leaves_a_wish(world, npm):
    alice = sender(world, "fired")
    asked = send(npm, ALICE, "a question", wake="off")
    answer = reply(alice, asked.message_id, "an answer", wake="auto")
    world.presence.markers[BOB] = Marker("idle", world.clock.now() - 3_600)
    late = send(alice, BOB, "later", reply_to="some request")

    assert answer.wake.status == "fired"
    assert late.wake.status == "skipped_no_fresh_idle"
    assert world.wake_records.wishes == [(BOB, late.message_id, ALICE)]


def test_no_wish_where_no_wake_was_wanted(world, npm):
    alice = sender(world, "skipped_no_target")
    world.presence.markers[BOB] = Marker("idle", world.clock.now())
    send(alice, BOB, "x", wake="off")
    send(alice, BOB, "x")

    assert world.wake_records.wishes == []


@pytest.mark.parametrize("ours", [{"start_token": "linux:1"}, {"doors": ("claude-inbox",)}])
def test_a_python_peer_needs_no_wish(world, npm, ours):
    world.entries[2] = npm.session.entry._replace(**ours)
    send(sender(world, "skipped_no_target"), BOB, "x", wake="auto")

    assert world.wake_records.wishes == []


def test_a_peer_that_does_not_run_or_has_no_id_gets_no_wish(world, npm):
    alice = sender(world, "skipped_no_target")
    npm.session.close()
    send(alice, BOB, "x", wake="auto")
    world.context(None, pid=7, name="nameless")
    send(alice, "nameless", "x", wake="auto")

    assert world.wake_records.wishes == []
