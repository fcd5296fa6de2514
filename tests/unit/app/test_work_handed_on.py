"""Work that is handed on, and work that is listed, on the memory store."""

from __future__ import annotations

import pytest

from helpers.delegating import become, delegate, fail_once, inbox, pending
from helpers.fakes import ALICE, BOB, CAROL, World
from oxtail.app.closing import finish_closings
from oxtail.app.send import send
from oxtail.app.work import complete, open_work, reassign
from oxtail.core.names import reassigned_id, reassignment_note_id
from oxtail.core.policy import HOLD, REFUSE, Policy, Rule
from oxtail.core.work import State
from oxtail.errors import (
    BadArgument,
    CrossProject,
    DeliveryFailed,
    PeerHasNoSessionId,
    PeerTakesNoWork,
    Refused,
    SelfSend,
    StoreError,
    TargetNotFound,
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


# ---------------------------------------------------------------------- handing on


def test_work_that_is_handed_on_is_owed_by_the_other_to_the_same_requester(world, alice, bob):
    carol = world.context(CAROL, pid=3)
    sent = delegate(alice, deadline=int(world.clock.now()) + 60)
    (asked,) = pending(world)

    result = reassign(bob, sent.message_id, CAROL, "no time").as_dict()

    assert (result["obligation_state"], result["reassigned_to"]) == ("reassigned", CAROL)
    assert open_work(bob).items == ()
    (item,) = open_work(carol).items
    work = item.owed.message
    assert (work.id, work.body, work.from_session_id) == (
        reassigned_id(sent.message_id),
        "please do",
        ALICE,
    )
    assert (work.request_id, work.source_message_id) == (asked.request_id, sent.message_id)
    assert (work.deadline, dict(work.extra)["reassigned_by"]) == (sent.deadline, BOB)
    assert [m.id for m in inbox(carol).messages] == [work.id]
    (waits,) = pending(world)
    assert (waits.target, waits.message_id) == (CAROL, work.id)

    (note,) = inbox(alice).messages
    assert (note.id, note.reply_to) == (reassignment_note_id(sent.message_id), None)
    assert note.body == f"[reassigned] to {CAROL}: no time"

    done = complete(carol, work.id, "42")
    assert done.as_dict()["wake_reason"] == "late_reply_to_pending"
    (answer,) = inbox(alice).messages
    assert (answer.body, answer.reply_to) == ("42", asked.request_id)
    assert pending(world) == []


def test_work_can_be_handed_on_more_than_once_and_back(world, alice, bob):
    carol = world.context(CAROL, pid=3)
    sent = delegate(alice)
    there = reassign(bob, sent.message_id, CAROL, "you").reassigned_message_id

    back = reassign(carol, there, BOB, "no, you").reassigned_message_id

    assert [item.owed.message.id for item in open_work(bob).items] == [back]
    complete(bob, back, "42")
    assert "42" in [m.body for m in inbox(alice).messages]


def test_work_is_handed_on_to_whoever_can_owe_it(world, alice, bob):
    old = world.context(CAROL, pid=3)
    become(world, old, obligations=False)
    world.context(None, pid=4, name="newcomer")
    world.context("elsewhere", pid=5, cwd="/elsewhere")
    sent = delegate(alice)

    for target, error in [
        (CAROL, PeerTakesNoWork),
        ("newcomer", PeerHasNoSessionId),
        ("elsewhere", CrossProject),
        ("nobody", TargetNotFound),
        (BOB, SelfSend),
        (ALICE, SelfSend),
    ]:
        with pytest.raises(error):
            reassign(bob, sent.message_id, target, "x")
    with pytest.raises(BadArgument):
        reassign(bob, sent.message_id, ALICE, "")

    assert open_work(bob).as_dict()["open"][0]["state"] == "open"


@pytest.mark.parametrize("action", [REFUSE, HOLD])
def test_work_is_not_handed_on_past_a_policy(world, alice, bob, action):
    carol = world.context(CAROL, pid=3)
    carol.policies.set_session(CAROL, Policy((Rule(BOB, action),)))
    sent = delegate(alice)

    with pytest.raises(Refused):
        reassign(bob, sent.message_id, CAROL, "x")

    assert open_work(carol).items == ()
    assert open_work(bob).as_dict()["open"][0]["state"] == "open"


def test_a_hand_over_without_requester_tells_nobody(world, bob):
    carol = world.context(CAROL, pid=3)
    sent = delegate(world.context(None, pid=9))

    reassign(bob, sent.message_id, CAROL, "x")

    assert open_work(carol).items[0].owed.message.from_session_id is None


def test_a_hand_over_that_stopped_half_way_is_finished(world, alice, bob, monkeypatch):
    carol = world.context(CAROL, pid=3)
    sent = delegate(alice)
    fail_once(monkeypatch, world.store, "hand_on_ask")
    with pytest.raises(DeliveryFailed):
        reassign(bob, sent.message_id, CAROL, "x")

    finish_closings(bob)

    assert len(inbox(carol).messages) == len(open_work(carol).items) == 1
    assert pending(world)[0].target == CAROL
    assert [m.body for m in inbox(alice).messages] == [f"[reassigned] to {CAROL}: x"]
    assert complete(bob, sent.message_id, "42").state is State.REASSIGNED


# ---------------------------------------------------------------------- listing


def test_open_work_is_listed_within_the_budgets_oldest_first(world, alice):
    bob = world.context(BOB, pid=2, read_max_messages=2)
    for number in range(3):
        delegate(alice, body=str(number))
        world.clock.advance(1)

    listed = open_work(bob).as_dict()

    assert [item["body"] for item in listed["open"]] == ["0", "1"]
    assert (listed["count"], listed["deferred_count"], listed["budget_truncated"]) == (2, 1, True)


def test_reading_mail_reminds_of_open_work(alice, bob):
    assert "open_work_count" not in inbox(bob).as_dict()
    sent = delegate(alice)

    shown = inbox(bob).as_dict()
    assert shown["open_work_count"] == 1
    assert "my_open_work" in shown["open_work_hint"]
    complete(bob, sent.message_id, "42")
    assert "open_work_count" not in inbox(bob).as_dict()


def test_a_ledger_that_cannot_be_read_does_not_keep_the_mail(world, alice, bob, monkeypatch):
    send(alice, BOB, "hello")

    def refuse(*_):
        raise StoreError("unreadable")

    monkeypatch.setattr(MemoryWork, "open_of", refuse)

    assert [m.body for m in inbox(bob).messages] == ["hello"]
