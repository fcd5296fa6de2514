"""Sending and replying, on the memory store."""

from __future__ import annotations

import pytest

from helpers.fakes import ALICE, BOB, CAROL, World
from oxtail.app.read import read
from oxtail.app.results import ReadResult
from oxtail.app.send import reply, send
from oxtail.core.entry import Capabilities, Known
from oxtail.core.names import session_box
from oxtail.errors import (
    AmbiguousTarget,
    BadArgument,
    CrossProject,
    MessageNotFound,
    NoReplyTarget,
    NoSessionId,
    SelfSend,
    StoreError,
    TargetNotFound,
)


def inbox(ctx) -> ReadResult:
    shown: list[ReadResult] = []
    read(ctx, shown.append)
    return shown[0]


@pytest.fixture
def world() -> World:
    return World()


def test_a_sent_message_is_in_the_inbox_of_its_receiver(world):
    alice = world.context(ALICE, pid=1)
    bob = world.context(BOB, pid=2)

    sent = send(alice, BOB, "hello")

    (message,) = inbox(bob).messages
    assert (sent.message_id, "hello", ALICE) == (message.id, message.body, message.from_session_id)
    assert sent.as_dict()["target_server_pid"] == 2
    assert "wake_status" not in send(alice, BOB, "again", wake="off").as_dict()


def test_a_chosen_name_is_a_target_like_the_id(world):
    alice = world.context(ALICE, pid=1)
    world.context(BOB, pid=2, name="reviewer")

    assert send(alice, "reviewer", "x").target_session_id == BOB


@pytest.mark.parametrize("body", ["", "x" * 8193, "é" * 4097, None, 7])
def test_a_body_that_cannot_be_sent_is_refused_by_name(world, body):
    alice = world.context(ALICE, pid=1)
    world.context(BOB, pid=2)

    with pytest.raises(BadArgument) as caught:
        send(alice, BOB, body)

    assert caught.value.field == "body"


def test_a_body_of_exactly_8192_bytes_is_sent(world):
    alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)

    send(alice, BOB, "x" * 8192)

    assert inbox(bob).messages[0].body_bytes == 8192


def test_targets_that_cannot_be_used_have_their_own_codes(world):
    alice = world.context(ALICE, pid=1)
    world.context(BOB, pid=2, cwd="/elsewhere")
    world.context(CAROL, pid=3, name="twin")
    world.context("other", pid=4, name="twin")

    for target, error in [
        (ALICE, SelfSend),
        (BOB, CrossProject),
        ("nobody", TargetNotFound),
        ("twin", AmbiguousTarget),
    ]:
        with pytest.raises(error):
            send(alice, target, "x")


def test_a_failed_target_says_that_no_wake_happened_either(world):
    alice = world.context(ALICE, pid=1)

    with pytest.raises(TargetNotFound) as caught:
        send(alice, BOB, "x", reply_to="f" * 16)

    assert (caught.value.fields) == {
        "wake_status": "skipped_no_target",
        "wake_reason": "reply_to_default",
    }


def test_a_known_session_that_is_not_running_gets_its_mail_when_it_returns(world):
    alice = world.context(ALICE, pid=1)
    world.known[BOB] = Known(BOB, "reviewer", "codex", "/project", 0)

    sent = send(alice, "reviewer", "for later")
    bob = world.context(BOB, pid=2)

    assert sent.target_server_pid is None
    assert sent.as_dict()["stored"] is True
    assert [m.body for m in inbox(bob).messages] == ["for later"]


def test_a_receiver_without_id_gets_mail_into_its_process_box(world):
    alice = world.context(ALICE, pid=1)
    nameless = world.context(None, pid=2, name="newcomer")

    sent = send(alice, "newcomer", "who are you?")

    assert sent.bootstrap
    assert [m.body for m in inbox(nameless).messages] == ["who are you?"]


def test_mail_to_an_old_peer_that_vanishes_is_copied_to_its_session_box(world):
    alice = world.context(ALICE, pid=1)
    world.context(BOB, pid=2)
    old = world.entries[2]._replace(capabilities=Capabilities(reply_to=True))
    world.entries[2] = old
    alice.registry.live = lambda pid: None

    sent = send(alice, BOB, "x")

    assert world.store.is_waiting([session_box(BOB)], sent.message_id)
    assert world.trace.named("mailbox_legacy_breadcrumb_lost")[0]["rescued"] is True


def test_a_reply_goes_to_the_sender_and_carries_the_request(world):
    alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)
    question = send(alice, BOB, "q")
    inbox(bob)

    answer = reply(bob, question.message_id, "a")

    (message,) = inbox(alice).messages
    assert question.message_id == message.source_message_id
    assert answer.correlation == "uncorrelated"
    assert answer.as_dict()["in_reply_to_message_id"] == question.message_id


def test_a_reply_can_be_replied_to(world):
    alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)
    first = send(alice, BOB, "1")
    second = reply(bob, first.message_id, "2")
    third = reply(alice, second.message_id, "3")

    assert [m.body for m in inbox(bob).messages] == ["1", "3"]
    assert third.target_session_id == BOB


def test_replies_that_cannot_be_sent_have_their_own_codes(world):
    alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)
    nameless = world.context(None, pid=3)
    anonymous = send(nameless, BOB, "x")

    with pytest.raises(NoSessionId):
        reply(nameless, "0" * 16, "a")
    with pytest.raises(MessageNotFound):
        reply(alice, "0" * 16, "a")
    with pytest.raises(NoReplyTarget):
        reply(bob, anonymous.message_id, "a")


def test_a_wake_that_breaks_does_not_turn_a_sent_message_into_an_error(world):
    alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)

    def broken() -> None:
        raise RuntimeError("tmux exploded")

    world.waker.effect = broken

    sent = send(alice, BOB, "x", wake="auto")

    assert sent.wake.status is None
    assert len(inbox(bob).messages) == 1
    assert "tmux exploded" in world.trace.named("wake_failed")[0]["stack"]


def test_a_send_that_cannot_be_committed_is_an_error_and_nothing_is_sent(world, monkeypatch):
    alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)

    def full(*args, **kwargs):
        raise StoreError("no space left")

    monkeypatch.setattr(world.store, "put", full)
    with pytest.raises(StoreError):
        send(alice, BOB, "x")

    assert inbox(bob).messages == ()
