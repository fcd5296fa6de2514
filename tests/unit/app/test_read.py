"""Reading: claim, show, acknowledge."""

from __future__ import annotations

import pytest

from helpers.fakes import ALICE, BOB, World
from oxtail.app.read import read
from oxtail.app.results import ReadResult
from oxtail.app.send import send
from oxtail.app.status import message_status
from oxtail.core.correlation import Ask
from oxtail.errors import BadArgument


@pytest.fixture
def world() -> World:
    return World()


def shown(ctx, **options) -> ReadResult:
    results: list[ReadResult] = []
    read(ctx, results.append, **options)
    return results[0]


def test_an_empty_inbox_is_shown_as_such(world):
    result = shown(world.context(ALICE, pid=1))

    assert (result.as_dict()) == {
        "schema_version": 1,
        "ok": True,
        "drained": True,
        "count": 0,
        "messages": [],
    }


def test_mail_that_was_not_shown_goes_back(world):
    alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)
    sent = send(alice, BOB, "x")

    def pipe_is_gone(result: ReadResult) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        read(bob, pipe_is_gone)

    assert message_status(alice, sent.message_id).waiting is True
    assert [sent.message_id] == [m.id for m in shown(bob).messages]
    assert message_status(alice, sent.message_id).status == "shown"


def test_mail_that_was_shown_is_not_shown_again(world):
    alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)
    send(alice, BOB, "x")
    shown(bob)

    assert shown(bob).messages == ()


def test_a_retracted_read_shows_the_mail_again(world):
    alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)
    sent = send(alice, BOB, "x")
    drained = read(bob, lambda result: None)

    drained.retract()

    assert message_status(alice, sent.message_id).waiting is True
    assert [sent.message_id] == [m.id for m in shown(bob).messages]


def test_a_budget_defers_whole_messages_in_order(world):
    alice = world.context(ALICE, pid=1)
    bob = world.context(BOB, pid=2, read_max_body_bytes=10)
    for body in ("12345", "1234567", "1"):
        send(alice, BOB, body)

    first = shown(bob)

    assert [m.body for m in first.messages] == ["12345"]
    assert (first.as_dict()["deferred_count"], first.as_dict()["budget_truncated"]) == (2, True)
    assert [m.body for m in shown(bob).messages] == ["1234567", "1"]


def test_the_answer_that_a_question_waits_for_is_left_to_it(world):
    alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)
    ask = Ask(BOB, "a" * 16, ALICE, "b" * 16, 0, int(world.clock.now() * 1000))
    world.store.open_ask(ask)
    answer = send(alice, BOB, "the answer", reply_to="a" * 16)
    other = send(alice, BOB, "other mail")

    assert [other.message_id] == [m.id for m in shown(bob).messages]
    world.store.close_ask(ask)
    assert [answer.message_id] == [m.id for m in shown(bob).messages]


def test_a_status_needs_a_message_id_and_admits_what_it_does_not_know(world):
    alice = world.context(ALICE, pid=1)

    with pytest.raises(BadArgument):
        message_status(alice, "../../etc/passwd")
    assert message_status(alice, "0" * 16).status == "unknown"
