"""Messages of the person at the screen: whom they reach, what they carry, and whom they wake."""

from __future__ import annotations

import pytest

from helpers.fakes import ALICE, BOB, CAROL, FakeWaker, World
from oxtail.app.fleet import Collector
from oxtail.app.operator import nudge, tell, tell_all
from oxtail.app.policy import visible
from oxtail.app.send import reply
from oxtail.app.status import message_status
from oxtail.core.attachment import Attached
from oxtail.core.census import Counted
from oxtail.core.envelope import BODY_MAX_BYTES
from oxtail.core.liveness import Life
from oxtail.core.operator import NUDGE
from oxtail.core.policy import HOLD, Policy, Rule
from oxtail.core.presence import Marker
from oxtail.errors import (
    AgentDead,
    AgentGone,
    AgentReplaced,
    AttachmentRefused,
    BadArgument,
    NoReplyTarget,
    StoreError,
)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def cockpit(world):
    """Whoever looks; it runs in the shell of a session, as a cockpit may."""
    return world.context(ALICE, pid=1, name="alice")


@pytest.fixture
def bob(world):
    return world.context(BOB, pid=2, name="bob")


def shown(ctx, key=BOB):
    found = Collector(ctx).look().agent(key)
    assert found is not None
    return found


def mail_of(ctx):
    return ctx.store.peek(ctx.session.boxes()).messages


def end(world: World, pid: int, life: Life) -> None:
    world.corpses[pid] = Counted(world.entries.pop(pid), life, True)


def test_a_message_says_that_an_operator_sent_it_and_names_no_sender(cockpit, bob):
    told = tell(cockpit, shown(cockpit), "look\nhere", wake=False)

    (message,) = mail_of(bob)
    assert (message.id, message.body) == (told.message_id, "look\nhere")
    assert (message.origin, message.operator_source) == ("operator", "oxpit")
    assert message.from_session_id is None
    assert "from_session_id" not in message.as_dict()
    assert message_status(cockpit, told.message_id).as_dict()["status"] == "stored"


def test_it_lies_in_the_ledger_and_a_reply_to_it_fails(cockpit, bob):
    told = tell(cockpit, shown(cockpit), "look here")
    with pytest.raises(NoReplyTarget) as caught:
        reply(bob, told.message_id, "I did")
    assert caught.value.code == "no-reply-target"


def test_an_agent_that_has_said_no_id_gets_it_in_the_box_of_its_process(world, cockpit):
    unclaimed = world.context(None, pid=8)
    told = tell(cockpit, shown(cockpit, "pid:8"), "who are you")
    assert (told.unclaimed, told.as_dict()["unclaimed"]) == (True, True)
    assert [message.body for message in mail_of(unclaimed)] == ["who are you"]


@pytest.mark.parametrize(
    ("life", "error"), [(Life.EXITED, AgentDead), (Life.REUSED, AgentReplaced)]
)
def test_an_agent_that_has_ended_since_it_was_looked_at_gets_nothing(
    world, cockpit, bob, life, error
):
    agent = shown(cockpit)
    end(world, 2, life)
    with pytest.raises(error):
        tell(cockpit, agent, "too late")
    assert mail_of(bob) == ()
    assert world.waker.woken == []


def test_an_agent_that_has_left_gets_nothing(world, cockpit, bob):
    agent = shown(cockpit)
    del world.entries[2]
    with pytest.raises(AgentGone):
        tell(cockpit, agent, "too late")


def test_a_process_that_took_the_pid_for_another_session_is_not_the_agent(world, cockpit, bob):
    agent = shown(cockpit)
    del world.entries[2]
    carol = world.context(CAROL, pid=2)
    with pytest.raises(AgentGone):
        tell(cockpit, agent, "for bob")
    assert mail_of(carol) == ()


def test_of_two_servers_of_an_agent_the_one_that_runs_counts(world, cockpit, bob):
    agent = shown(cockpit)
    newer = world.entries[2]._replace(server_pid=3, started_at=world.entries[2].started_at + 9)
    world.corpses[3] = Counted(newer, Life.EXITED, True)
    assert tell(cockpit, agent, "still there").target_server_pid == 2


def test_a_session_that_goes_by_another_id_now_is_the_same_agent(world, cockpit, bob):
    agent = shown(cockpit)
    world.sides.lineage.record(BOB, CAROL, "hook")
    del world.entries[2]
    carol = world.context(CAROL, pid=2)
    assert tell(cockpit, agent, "on you go").target_session_id == CAROL
    assert [message.body for message in mail_of(carol)] == ["on you go"]


@pytest.mark.parametrize("text", ["", "  \n\t"])
def test_an_empty_message_is_refused(cockpit, bob, text):
    with pytest.raises(BadArgument):
        tell(cockpit, shown(cockpit), text)
    with pytest.raises(BadArgument):
        tell_all(cockpit, [shown(cockpit)], text)


def test_a_message_is_as_long_as_one_of_a_peer(cockpit, bob):
    with pytest.raises(BadArgument):
        tell(cockpit, shown(cockpit), "ü" * (BODY_MAX_BYTES // 2) + "x")
    with pytest.raises(BadArgument):
        tell_all(cockpit, [shown(cockpit)], "x" * (BODY_MAX_BYTES + 1))
    assert mail_of(bob) == ()
    tell(cockpit, shown(cockpit), "ü" * (BODY_MAX_BYTES // 2))
    assert len(mail_of(bob)) == 1


def test_what_an_operator_sends_passes_every_policy(world, cockpit, bob):
    world.sides.policies.set_session(BOB, Policy((Rule("*", HOLD),)))
    told = tell(cockpit, shown(cockpit), "read this")
    assert [each.id for each in visible(bob, bob.session.boxes(), mail_of(bob))] == [
        told.message_id
    ]


def test_a_store_that_fails_is_an_error_and_wakes_nobody(world, cockpit, bob, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise StoreError("no space")

    agent = shown(cockpit)
    monkeypatch.setattr(world.store, "put", broken)
    with pytest.raises(StoreError):
        tell(cockpit, agent, "hello")
    assert world.waker.woken == []


# ---------------------------------------------------------------------- the wake


def test_an_idle_agent_is_woken_and_that_is_remembered(world, cockpit, bob):
    assert tell(cockpit, shown(cockpit), "hello").wake_status == "fired"
    assert [entry.session_id for entry in world.waker.woken] == [BOB]
    assert world.wake_records.operator_wakes == [BOB]


def test_no_wake_means_none(world, cockpit, bob):
    assert tell(cockpit, shown(cockpit), "hello", wake=False).wake_status == "off"
    assert (world.waker.woken, world.wake_records.operator_wakes) == ([], [])


def test_a_second_wake_at_once_is_held_back_and_the_message_is_not(world, cockpit, bob):
    world.wake_records.operator_refused.add(BOB)
    assert tell(cockpit, shown(cockpit), "hello").wake_status == "skipped_throttled"
    assert world.waker.woken == []
    assert len(mail_of(bob)) == 1


@pytest.mark.parametrize("status", ["skipped_no_target", "skipped_debounced", "disabled"])
def test_only_keys_that_were_sent_hold_the_next_wake_back(world, bob, status):
    world.waker = FakeWaker(status)
    cockpit = world.context(ALICE, pid=1)
    assert tell(cockpit, shown(cockpit), "hello").wake_status == status
    assert world.wake_records.operator_wakes == []


def test_a_busy_agent_is_left_alone(world, cockpit, bob):
    world.presence.markers[BOB] = Marker("busy", world.clock.now() - 30)
    assert tell(cockpit, shown(cockpit), "hello").wake_status == "skipped_busy"
    assert world.waker.woken == []


def test_an_agent_with_a_door_of_its_own_is_left_to_its_server(world, cockpit, bob):
    world.entries[2] = world.entries[2]._replace(doors=("claude-inbox",))
    assert tell(cockpit, shown(cockpit), "hello").wake_status == "left_to_receiver"
    tell(cockpit, shown(cockpit), "quietly", wake=False)
    assert [("wake", "off") in message.extra for message in mail_of(bob)] == [False, True]


def test_a_wish_for_an_npm_peer_names_no_sender(world, bob):
    world.waker = FakeWaker("skipped_no_target")
    cockpit = world.context(ALICE, pid=1)
    told = tell(cockpit, shown(cockpit), "hello")
    assert world.wake_records.wishes == [(BOB, told.message_id, None)]


def test_a_wake_that_breaks_does_not_break_the_message(world, bob):
    def broken() -> None:
        raise RuntimeError("boom")

    world.waker = FakeWaker(effect=broken)
    cockpit = world.context(ALICE, pid=1)
    assert tell(cockpit, shown(cockpit), "hello").wake_status == "skipped_no_target"
    assert len(mail_of(bob)) == 1


def test_a_nudge_is_a_message_like_any_other(world, cockpit, bob):
    told = nudge(cockpit, shown(cockpit))
    (message,) = mail_of(bob)
    assert (message.id, message.body, message.origin) == (told.message_id, NUDGE, "operator")
    assert told.wake_status == "fired"


# ---------------------------------------------------------------------- files


def test_a_message_names_the_copies_of_its_files(world, cockpit, bob):
    world.sides.attachments.files["/tmp/a b.txt"] = b"content"
    told = tell(cockpit, shown(cockpit), "see", ["'/tmp/a b.txt'"])
    (attached,) = told.attached
    (message,) = mail_of(bob)
    assert (attached.name, attached.size) == ("a b.txt", 7)
    assert message.body == (
        "see\n\n1 file is attached; read them with your file tools:\n"
        f"1. {attached.path} (a b.txt, 7 bytes)"
    )
    assert told.as_dict()["attachments"] == [Attached(*attached)._asdict()]


def test_files_may_go_without_a_text(world, cockpit, bob):
    world.sides.attachments.files["/tmp/a"] = b"content"
    tell(cockpit, shown(cockpit), "", ["/tmp/a"])
    assert mail_of(bob)[0].body.startswith("1 file is attached")


def test_a_file_that_cannot_be_attached_sends_nothing(world, cockpit, bob):
    world.sides.attachments.files["/tmp/a"] = b"content"
    with pytest.raises(AttachmentRefused):
        tell(cockpit, shown(cockpit), "see", ["/tmp/a", "/tmp/missing"])
    with pytest.raises(AttachmentRefused):
        tell(cockpit._replace(settings=cockpit.settings._replace(attach_max_bytes=6)),
             shown(cockpit), "see", ["/tmp/a"])  # fmt: skip
    assert (mail_of(bob), world.sides.attachments.copies) == ((), {})


def test_the_agent_is_looked_for_before_a_file_is_copied(world, cockpit, bob):
    world.sides.attachments.files["/tmp/a"] = b"content"
    agent = shown(cockpit)
    end(world, 2, Life.EXITED)
    with pytest.raises(AgentDead):
        tell(cockpit, agent, "see", ["/tmp/a"])
    assert world.sides.attachments.copies == {}


# ---------------------------------------------------------------------- broadcasts


def test_a_broadcast_gives_each_a_message_of_its_own_and_a_failure_stops_no_other(
    world, cockpit, bob
):
    world.context(CAROL, pid=3, name="carol")
    agents = [shown(cockpit), shown(cockpit, CAROL)]
    end(world, 2, Life.EXITED)
    first, second = tell_all(cockpit, agents, "all of you", wake=False)

    assert first.as_dict()["error"] == "agent-dead"
    assert (first.as_dict()["label"], first.as_dict()["ok"]) == ("bob", False)
    assert second.told
    assert second.told.target_session_id == CAROL
    assert second.as_dict()["wake_status"] == "off"
