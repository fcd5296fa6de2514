"""Closing what was delegated, on the memory store."""

from __future__ import annotations

import pytest

from helpers.delegating import delegate, fail_once, inbox, pending
from helpers.fakes import ALICE, BOB, CAROL, World
from oxtail.app.closing import finish_closings
from oxtail.app.send import reply, send
from oxtail.app.work import _intent, block, complete, decline, open_work
from oxtail.core.names import completion_id
from oxtail.core.work import State
from oxtail.errors import (
    BadArgument,
    CrossProject,
    DeliveryFailed,
    MessageNotFound,
    NoSessionId,
    NotAnObligation,
)
from oxtail.store.memory.work import MemoryWork


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def alice(world):
    return world.context(ALICE, pid=1)


@pytest.fixture
def bob(world):
    return world.context(BOB, pid=2)


# ---------------------------------------------------------------------- closing


@pytest.mark.parametrize(
    ("close", "state", "body"),
    [
        (complete, "done", "42"),
        (block, "blocked", "[blocked] 42"),
        (decline, "declined", "[declined] 42"),
    ],
)
def test_closing_sends_the_result_and_ends_the_work(world, alice, bob, close, state, body):
    sent = delegate(alice)
    request = pending(world)[0].request_id

    result = close(bob, sent.message_id, "42")

    assert list(result.as_dict().items())[:7] == [
        ("schema_version", 1),
        ("ok", True),
        ("message_id", sent.message_id),
        ("obligation_state", state),
        ("completion_message_id", completion_id(sent.message_id)),
        ("requester_session_id", ALICE),
        ("correlation", "correlated"),
    ]
    (message,) = inbox(alice).messages
    assert (message.id, message.body, message.from_session_id) == (result.completion_id, body, BOB)
    assert (message.reply_to, message.source_message_id) == (request, sent.message_id)
    assert open_work(bob).items == ()
    assert not bob.work.closings((BOB,))


def test_a_result_pulls_back_a_requester_that_waits_no_more(world, alice, bob):
    sent = delegate(alice)
    world.waker.woken.clear()

    result = complete(bob, sent.message_id, "42")

    assert result.as_dict()["wake_reason"] == "late_reply_to_pending"
    assert [entry.session_id for entry in world.waker.woken] == [ALICE]
    assert pending(world) == []


def test_a_result_wakes_nobody_where_that_is_not_wanted(world, alice, bob):
    sent = delegate(alice, wake="off")

    result = complete(bob, sent.message_id, "42", wake="off")

    assert "wake_status" not in result.as_dict()
    assert result.correlation == "uncorrelated"
    assert world.waker.woken == []


@pytest.mark.parametrize("again", [complete, block, decline])
def test_closed_work_is_not_closed_again(alice, bob, again):
    sent = delegate(alice)
    complete(bob, sent.message_id, "42")
    inbox(alice)

    second = again(bob, sent.message_id, "43")

    assert second.as_dict()["obligation_state"] == "done"
    assert second.as_dict()["already_closed"] is True
    assert second.completion_id is None
    assert not inbox(alice).messages


def test_a_loser_is_told_how_the_winner_ends_the_work(alice, bob, monkeypatch):
    sent = delegate(alice)
    begin = MemoryWork.begin

    def late(work, closing):
        begin(work, closing._replace(outcome=State.DECLINED, body="[declined] faster"))
        return begin(work, closing)

    monkeypatch.setattr(MemoryWork, "begin", late)

    second = complete(bob, sent.message_id, "42")

    assert (second.state, second.already_closed) == (State.DECLINED, True)
    finish_closings(bob)
    assert [m.body for m in inbox(alice).messages] == ["[declined] faster"]


def test_what_cannot_be_closed_has_a_code_each(world, alice, bob):
    plain = send(alice, BOB, "hello")

    for ctx, message_id, error in [
        (bob, "f" * 16, MessageNotFound),
        (bob, plain.message_id, NotAnObligation),
        (alice, delegate(alice).message_id, MessageNotFound),
        (world.context(None, pid=9), "f" * 16, NoSessionId),
    ]:
        for close in (complete, block, decline):
            with pytest.raises(error):
                close(ctx, message_id, "x")
    with pytest.raises(NoSessionId):
        open_work(world.context(None, pid=9))


@pytest.mark.parametrize("body", ["", "x" * 8193, None])
def test_a_result_that_cannot_be_sent_changes_nothing(alice, bob, body):
    sent = delegate(alice)

    for close in (complete, block, decline):
        with pytest.raises(BadArgument):
            close(bob, sent.message_id, body)

    assert open_work(bob).as_dict()["open"][0]["state"] == "open"


def test_a_reason_must_fit_with_the_words_before_it(alice, bob):
    longest = 8192 - len("[blocked] ")
    sent = delegate(alice)

    with pytest.raises(BadArgument) as caught:
        block(bob, sent.message_id, "x" * (longest + 1))
    assert caught.value.field == "reason"

    block(bob, sent.message_id, "x" * longest)
    assert inbox(alice).messages[0].body_bytes == 8192


@pytest.mark.parametrize("wake", ["later", 7])
def test_a_wake_that_is_none_is_refused(alice, bob, wake):
    sent = delegate(alice)

    with pytest.raises(BadArgument):
        complete(bob, sent.message_id, "42", wake=wake)
    assert open_work(bob).items


def test_a_reply_does_not_close_work(alice, bob):
    sent = delegate(alice)
    reply(bob, sent.message_id, "on it")

    assert len(open_work(bob).items) == 1


# ---------------------------------------------------------------------- the requester is away


def test_a_requester_that_is_away_gets_its_result_when_it_returns(world, alice, bob):
    sent = delegate(alice)
    alice.session.close()

    result = complete(bob, sent.message_id, "42").as_dict()

    assert result["stored"] is True
    assert "parked" not in result
    assert [m.body for m in inbox(world.context(ALICE, pid=7)).messages] == ["42"]


def test_a_requester_that_nobody_knows_does_not_keep_work_open(world, alice, bob):
    sent = delegate(alice)
    alice.session.close()
    world.known.clear()

    result = complete(bob, sent.message_id, "42").as_dict()

    assert (result["parked"], result["obligation_state"]) == (True, "done")
    assert open_work(bob).items == ()
    assert pending(world) == []
    assert [m.body for m in inbox(world.context(ALICE, pid=7)).messages] == ["42"]


def test_a_requester_in_another_project_gets_its_result(world, alice, bob):
    sent = delegate(alice)
    entry = world.entries[1]
    moved = entry.client._replace(cwd="/elsewhere")
    world.entries[1] = entry._replace(client=moved)
    with pytest.raises(CrossProject):
        send(bob, ALICE, "hello")

    result = complete(bob, sent.message_id, "42").as_dict()

    assert "parked" not in result
    assert [m.body for m in inbox(alice).messages] == ["42"]


def test_a_requester_of_another_id_now_gets_its_result(world, alice, bob):
    sent = delegate(alice)
    alice.session.close()
    world.known.clear()
    carol = world.context(CAROL, pid=7)
    carol.lineage.record(ALICE, CAROL, "clear")

    result = complete(bob, sent.message_id, "42").as_dict()

    assert "parked" not in result
    assert [m.body for m in inbox(carol).messages] == ["42"]


# ---------------------------------------------------------------------- crashes


def test_a_result_that_cannot_be_delivered_is_recorded_and_delivered_later(
    world, alice, bob, monkeypatch
):
    sent = delegate(alice)
    fail_once(monkeypatch, world.store, "put")

    with pytest.raises(DeliveryFailed) as caught:
        complete(bob, sent.message_id, "42")

    assert caught.value.fields["obligation_state"] == "closing"
    assert open_work(bob).items == ()
    assert [m.body for m in inbox(alice).messages] == ["42"]


def test_a_second_try_after_a_failed_delivery_cannot_change_the_end(world, alice, bob, monkeypatch):
    sent = delegate(alice)
    fail_once(monkeypatch, world.store, "put")
    with pytest.raises(DeliveryFailed):
        complete(bob, sent.message_id, "42")

    second = block(bob, sent.message_id, "no")

    assert (second.state, second.already_closed) == (State.DONE, True)
    assert [m.body for m in inbox(alice).messages] == ["42"]


def test_a_ledger_that_cannot_be_stamped_makes_no_error_of_a_delivered_result(
    world, alice, bob, monkeypatch
):
    sent = delegate(alice)
    fail_once(monkeypatch, MemoryWork, "finish")

    result = complete(bob, sent.message_id, "42")

    assert result.state is State.DONE
    assert [owed.state for owed in bob.work.open_of((BOB,))] == [State.CLOSING]
    assert open_work(bob).items == ()
    assert [m.body for m in inbox(alice).messages] == ["42"]


def test_leftovers_are_finished_once_and_say_so(world, alice, bob):
    sent = delegate(alice)
    owed = bob.work.find((BOB,), sent.message_id)
    bob.work.begin(_intent(bob, owed, State.DONE, "42", None))

    assert finish_closings(bob) == 1
    assert finish_closings(bob) == 0
    assert world.trace.named("closing_finished") == [{"message_id": sent.message_id}]
    assert [m.body for m in inbox(alice).messages] == ["42"]


def test_a_leftover_of_work_that_has_ended_is_forgotten_and_sends_nothing(world, alice, bob):
    sent = delegate(alice)
    complete(bob, sent.message_id, "42")
    inbox(alice)
    world.store.world.receipts.clear()
    world.store.world.sent.clear()
    owed = bob.work.find((BOB,), sent.message_id)
    intent = _intent(bob, owed, State.DONE, "42", None)
    world.store.world.closings[intent.key] = intent

    finish_closings(bob)

    assert not inbox(alice).messages
    assert bob.work.closings((BOB,)) == ()


def test_a_result_that_was_read_already_is_not_sent_again(world, alice, bob):
    sent = delegate(alice)
    complete(bob, sent.message_id, "42")
    inbox(alice)
    world.store.world.outcomes.clear()
    world.store.world.sent.clear()

    again = complete(bob, sent.message_id, "42").as_dict()

    assert again["already_delivered"] is True
    assert not inbox(alice).messages
    assert open_work(bob).items == ()


def test_a_closing_that_cannot_be_finished_is_traced_and_left(world, alice, bob, monkeypatch):
    sent = delegate(alice)
    fail_once(monkeypatch, world.store, "put")
    with pytest.raises(DeliveryFailed):
        complete(bob, sent.message_id, "42")
    fail_once(monkeypatch, world.store, "put")

    assert finish_closings(bob) == 0

    assert world.trace.named("closing_left")[0]["code"] == "delivery-failed"
    assert [owed.state for owed in bob.work.open_of((BOB,))] == [State.CLOSING]


def test_a_session_without_id_has_nothing_to_finish(world):
    assert finish_closings(world.context(None, pid=9)) == 0
