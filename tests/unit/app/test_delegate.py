"""Delegating with a send, and sending again, on the memory store."""

from __future__ import annotations

import pytest

from helpers.delegating import become, delegate, inbox, pending
from helpers.fakes import ALICE, BOB, CAROL, World
from oxtail.app.send import send
from oxtail.app.work import complete, open_work
from oxtail.core.entry import Known
from oxtail.core.names import session_box
from oxtail.core.work import State
from oxtail.errors import (
    BadArgument,
    IdempotencyConflict,
    NoSessionId,
    StoreError,
)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def alice(world):
    return world.context(ALICE, pid=1)


@pytest.fixture
def bob(world):
    return world.context(BOB, pid=2)


# ---------------------------------------------------------------------- delegating


def test_delegated_work_is_owed_until_it_is_closed(alice, bob):
    sent = delegate(alice)

    (item,) = open_work(bob).as_dict()["open"]

    assert (item["message_id"], item["body"], item["from_session_id"], item["state"]) == (
        sent.message_id,
        "please do",
        ALICE,
        "open",
    )
    assert sent.message_id in item["required_action"]
    assert (sent.as_dict()["action_required"], sent.as_dict()["obligation_durable"]) == (True, True)


def test_the_answer_to_a_delegation_has_the_members_of_npm_peers_in_their_order(alice, bob):
    assert [name for name in delegate(alice).as_dict() if not name.startswith("wake_")] == [
        "schema_version",
        "ok",
        "message_id",
        "target_session_id",
        "target_server_pid",
        "action_required",
        "obligation_durable",
    ]
    assert "action_required" not in send(alice, BOB, "hello").as_dict()


def test_a_delegation_is_awaited_before_it_is_delivered(world, alice, bob, monkeypatch):
    seen = []
    put = world.store.put
    monkeypatch.setattr(
        world.store, "put", lambda *a, **o: (seen.append(pending(world)), put(*a, **o))
    )

    sent = delegate(alice)

    ((ask,),) = seen
    assert (ask.target, ask.message_id) == (BOB, sent.message_id)
    assert inbox(bob).messages[0].request_id == ask.request_id


def test_a_delegation_without_a_wake_is_not_awaited(world, alice, bob):
    delegate(alice, wake="off")

    assert pending(world) == []
    assert inbox(bob).messages[0].request_id is None
    assert open_work(bob).items


def test_a_delegation_wakes_unless_it_is_told_not_to(world, alice, bob):
    delegate(alice)
    assert len(world.waker.woken) == 1
    delegate(alice, wake="off")
    assert len(world.waker.woken) == 1


def test_a_peer_that_cannot_owe_gets_ordinary_mail_and_the_sender_is_told(world, alice, bob):
    become(world, bob, obligations=False)

    sent = delegate(alice, deadline=int(world.clock.now()) + 60)

    assert sent.as_dict()["obligation_durable"] is False
    assert sent.note
    assert sent.deadline is None
    (message,) = inbox(bob).messages
    assert (message.action_required, message.request_id, message.extra) == (False, None, ())
    assert pending(world) == []


def test_a_peer_that_has_not_said_who_it_is_cannot_owe(world, alice):
    world.context(None, pid=3, name="newcomer")

    sent = delegate(alice, "newcomer")

    assert (sent.obligation_durable, sent.bootstrap) == (False, True)
    assert "claim_session" in (sent.note or "")


def test_a_session_that_is_away_owes_what_waits_for_it(world, alice):
    world.known[BOB] = Known(BOB, "reviewer", "codex", "/project", 0)

    sent = delegate(alice)

    assert (sent.obligation_durable, sent.target_server_pid) == (True, None)
    assert open_work(world.context(BOB, pid=2)).items


def test_a_sender_without_id_may_delegate_and_is_told_that_nothing_comes_back(world, bob):
    nobody = world.context(None, pid=3)

    sent = delegate(nobody)

    assert sent.obligation_durable
    assert "claim_session" in (sent.note or "")
    closed = complete(bob, sent.message_id, "done")
    assert (closed.state, closed.completion_id, closed.requester) == (State.DONE, None, None)
    assert open_work(bob).items == ()


def test_work_that_could_not_be_recorded_as_awaited_is_not_sent(world, alice, bob, monkeypatch):
    def refuse(ask):
        raise StoreError("disk full")

    monkeypatch.setattr(world.store, "suspend_ask", refuse)

    with pytest.raises(StoreError):
        delegate(alice)

    assert not inbox(bob).messages
    assert open_work(bob).items == ()


# ---------------------------------------------------------------------- deadlines


def test_a_deadline_travels_with_the_work_and_makes_it_overdue(world, alice, bob):
    sent = delegate(alice, deadline=int(world.clock.now()) + 60)
    assert sent.as_dict()["deadline"] == int(world.clock.now()) + 60
    assert inbox(bob).messages[0].deadline == sent.deadline

    assert open_work(bob).as_dict()["open"][0]["overdue"] is False
    world.clock.advance(61)

    item = open_work(bob).as_dict()["open"][0]
    assert (item["deadline"], item["overdue"], item["age_seconds"]) == (sent.deadline, True, 61)
    assert inbox(bob).overdue == 1
    assert "1 overdue" in inbox(bob).as_dict()["open_work_hint"]


@pytest.mark.parametrize("ahead", [-1, 0, 2_592_002])
def test_a_deadline_that_is_past_or_too_far_is_refused(world, alice, bob, ahead):
    with pytest.raises(BadArgument) as caught:
        delegate(alice, deadline=int(world.clock.now()) + ahead)

    assert caught.value.field == "deadline"
    assert not inbox(bob).messages


def test_only_work_has_a_deadline(world, alice, bob):
    with pytest.raises(BadArgument):
        send(alice, BOB, "hello", deadline=int(world.clock.now()) + 60)


# ---------------------------------------------------------------------- idempotency


def test_a_retried_send_creates_one_message_and_one_obligation(world, alice, bob):
    first = delegate(alice, idempotency_key="job-7")
    again = delegate(alice, idempotency_key="job-7")

    assert first.message_id == again.message_id
    assert (first.repeated, again.repeated) == (False, True)
    assert again.as_dict()["repeated"] is True
    assert len(open_work(bob).items) == len(inbox(bob).messages) == len(pending(world)) == 1


def test_a_retry_completes_what_stopped_after_the_handle(world, alice, bob, monkeypatch):
    boxes = world.store.world.boxes
    sent = delegate(alice, idempotency_key="k")
    boxes[session_box(BOB)].clear()
    world.store.world.sent.clear()

    again = delegate(alice, idempotency_key="k")

    assert again.repeated
    assert [m.id for m in inbox(bob).messages] == [sent.message_id]


def test_a_retry_after_the_message_was_read_and_the_work_closed_sends_nothing(world, alice, bob):
    sent = delegate(alice, idempotency_key="k")
    inbox(bob)
    complete(bob, sent.message_id, "done")
    world.store.world.sent.pop(sent.message_id)
    world.store.world.receipts.pop(sent.message_id)

    assert delegate(alice, idempotency_key="k").repeated

    assert not inbox(bob).messages
    assert open_work(bob).items == ()
    assert pending(world) == []


@pytest.mark.parametrize("lost", ["nothing", "the sender's record"])
def test_a_retry_after_its_deadline_returns_the_first_result(world, alice, bob, lost):
    due = int(world.clock.now()) + 60
    first = delegate(alice, idempotency_key="k", deadline=due)
    if lost != "nothing":
        world.store.world.sent.clear()
    world.clock.advance(3_600)

    again = delegate(alice, idempotency_key="k", deadline=due)

    assert (again.message_id, again.repeated, again.deadline) == (first.message_id, True, due)
    assert len(open_work(bob).items) == 1


def test_a_retry_after_its_deadline_to_one_that_cannot_owe_is_known_too(world, alice, bob):
    become(world, bob, obligations=False)
    due = int(world.clock.now()) + 60
    first = delegate(alice, idempotency_key="k", deadline=due)
    world.clock.advance(3_600)

    assert delegate(alice, idempotency_key="k", deadline=due).message_id == first.message_id


@pytest.mark.parametrize("owes", [True, False])
def test_a_first_try_under_a_key_whose_deadline_is_past_is_refused(world, alice, bob, owes):
    become(world, bob, obligations=owes)

    with pytest.raises(BadArgument) as caught:
        delegate(alice, idempotency_key="k", deadline=int(world.clock.now()) - 1)

    assert caught.value.field == "deadline"
    assert not inbox(bob).messages


@pytest.mark.parametrize(
    ("target", "body"), [(BOB, "please do something else"), (CAROL, "please do")]
)
def test_one_key_names_one_message(world, alice, bob, target, body):
    carol = world.context(CAROL, pid=3)
    delegate(alice, idempotency_key="k")

    with pytest.raises(IdempotencyConflict):
        delegate(alice, target, body, idempotency_key="k")

    assert len(inbox(bob).messages) == 1
    assert not inbox(carol).messages


def test_keys_of_two_senders_are_different(world, alice, bob):
    carol = world.context(CAROL, pid=3)

    first, second = (send(ctx, BOB, "hello", idempotency_key="k") for ctx in (alice, carol))

    assert first.message_id != second.message_id
    assert not second.repeated


def test_a_key_needs_a_sender_and_has_a_length(world, alice, bob):
    with pytest.raises(NoSessionId):
        send(world.context(None, pid=9), BOB, "x", idempotency_key="k")
    for key in ("", "k" * 201):
        with pytest.raises(BadArgument) as caught:
            send(alice, BOB, "x", idempotency_key=key)
        assert caught.value.field == "idempotency_key"


def test_a_retry_to_a_receiver_without_id_is_known_by_its_process(world, alice):
    world.context(None, pid=3, name="newcomer")
    world.context(None, pid=4, name="other")

    assert not send(alice, "newcomer", "x", idempotency_key="k").repeated
    assert send(alice, "newcomer", "x", idempotency_key="k").repeated
    with pytest.raises(IdempotencyConflict):
        send(alice, "other", "x", idempotency_key="k")
