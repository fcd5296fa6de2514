"""What was sent to an earlier id reaches the one that goes on for it, and nobody else."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from helpers.fakes import ALICE, BOB, CAROL, World
from helpers.waiting import until
from oxtail.app import ask as app_ask
from oxtail.app.ask import ask
from oxtail.app.read import read, reserved_for_asks
from oxtail.app.send import reply, send
from oxtail.app.session import CLIENT_NAMED
from oxtail.core.correlation import Ask
from oxtail.core.entry import Known
from oxtail.core.envelope import Envelope
from oxtail.core.lineage import FORMER_MAX
from oxtail.core.names import session_box
from oxtail.errors import AmbiguousTarget, CrossProject, SelfSend, StoreError, TargetNotFound

DAVE = "44444444-4444-4444-8444-444444444444"
EVE = "55555555-5555-4555-8555-555555555555"


@pytest.fixture
def world() -> World:
    return World()


def shown(ctx: Any) -> list[str]:
    bodies: list[str] = []
    read(ctx, lambda result: bodies.extend(m.body for m in result.messages))
    return bodies


class TestTheReceiver:
    def test_mail_sent_before_and_after_a_clear_is_read_once(self, world: World) -> None:
        alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)
        send(alice, BOB, "before")
        bob.session.named_by_hook(CAROL)
        world.clock.advance(1)
        result = send(alice, BOB, "after")

        assert result.target_session_id == CAROL
        assert shown(bob) == ["before", "after"]
        assert shown(bob) == []

    def test_a_message_received_before_can_be_replied_to_by_its_id(self, world: World) -> None:
        alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)
        sent = send(alice, BOB, "question")
        shown(bob)
        bob.session.named_by_hook(CAROL)

        assert reply(bob, sent.message_id, "answer").target_session_id == ALICE

    def test_a_server_that_is_started_again_still_has_its_past(self, world: World) -> None:
        alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)
        send(alice, BOB, "before")
        bob.session.named_by_hook(CAROL)
        bob.session.close()

        again = world.context(CAROL, pid=3)

        assert again.session.ids() == (CAROL, BOB)
        assert shown(again) == ["before"]

    def test_mail_of_an_id_that_is_too_old_to_be_looked_through_is_brought(
        self, world: World
    ) -> None:
        alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)
        send(alice, BOB, "long ago")
        for number in range(FORMER_MAX + 4):
            bob.session.named_by_hook(f"id-{number}")

        assert BOB not in bob.session.ids()
        assert shown(bob) == ["long ago"]

    def test_a_call_that_names_another_thread_goes_on_for_the_first(self, world: World) -> None:
        alice, bob = world.context(ALICE, pid=1), world.context(None, pid=2, kind="codex")
        bob.session.caller_named(BOB)
        send(alice, BOB, "before")
        bob.session.caller_named(CAROL)

        assert bob.session.entry.client.session_id_source == CLIENT_NAMED
        assert shown(bob) == ["before"]

    def test_a_guess_that_the_client_corrects_was_somebody_elses(self, world: World) -> None:
        bob = world.context(None, pid=2)
        client = bob.session.entry.client._replace(session_id=ALICE)
        for source in ("birth-time", "hook-drop", "sticky-claim"):
            bob.session._entry = bob.session.entry._replace(
                client=client._replace(session_id_source=source)
            )
            bob.session.named_by_hook(BOB)
            assert bob.session.ids() == (BOB,)

    def test_a_new_child_of_codex_inherits_nothing(self, world: World) -> None:
        first = world.context(None, pid=2, kind="codex")
        first.session.caller_named(BOB)
        second = world.context(None, pid=3, kind="codex")

        second.session.caller_named(CAROL)

        assert second.session.ids() == (CAROL,)


class TestForks:
    def test_of_two_forks_one_has_the_past(self, world: World) -> None:
        alice = world.context(ALICE, pid=1)
        send_to = Known(BOB, None, "claude-code", "/project", 1)
        world.known[BOB] = send_to
        send(alice, BOB, "for whoever goes on")
        one, other = world.context(BOB, pid=2), world.context(BOB, pid=3)

        one.session.named_by_hook(CAROL)
        other.session.named_by_hook(DAVE)

        past = [one.session.ids(), other.session.ids()]
        assert sorted(map(len, past)) == [1, 2]
        assert [shown(one), shown(other)].count([]) == 1

    def test_a_fork_of_a_session_that_runs_inherits_nothing(self, world: World) -> None:
        original, fork = world.context(BOB, pid=2), world.context(BOB, pid=3)
        fork.registry.held_by = original.session.entry

        fork.session.named_by_hook(CAROL)

        assert fork.session.ids() == (CAROL,)
        assert original.session.ids() == (BOB,)
        assert world.trace.named("lineage_withheld")

    def test_a_fork_inherits_once_the_other_proves_to_be_a_fork_as_well(self, world: World) -> None:
        one, other = world.context(BOB, pid=2), world.context(BOB, pid=3)
        one.registry.held_by, other.registry.held_by = other.session.entry, one.session.entry
        one.session.named_by_hook(CAROL)
        other.session.named_by_hook(DAVE)
        assert (one.session.ids(), other.session.ids()) == ((CAROL,), (DAVE,))

        one.registry.held_by = other.registry.held_by = None
        one.session.named_by_hook(CAROL)
        other.session.named_by_hook(DAVE)

        assert (one.session.ids(), other.session.ids()) == ((CAROL, BOB), (DAVE,))

    def test_a_fork_of_a_session_that_has_ended_since_inherits_nothing(self, world: World) -> None:
        original, fork = world.context(BOB, pid=2), world.context(BOB, pid=3)
        fork.registry.held_by = original.session.entry
        fork.session.named_by_hook(CAROL)

        original.session.close()
        fork.registry.held_by = None
        fork.session.named_by_hook(CAROL)

        assert fork.session.ids() == (CAROL,)

    def test_a_session_that_is_resumed_takes_its_past_back(self, world: World) -> None:
        alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)
        bob.session.named_by_hook(CAROL)

        resumed = world.context(BOB, pid=3)
        send(alice, BOB, "to the resumed one")

        assert bob.session.ids() == (CAROL,)
        assert shown(bob) == []
        assert shown(resumed) == ["to the resumed one"]
        resumed.session.close()
        assert send(alice, BOB, "it may return again").target_session_id == BOB

    def test_one_that_a_peer_of_another_kind_has_resumed_is_left_alone(self, world: World) -> None:
        bob = world.context(BOB, pid=2)
        bob.session.named_by_hook(CAROL)
        world.entries[9] = world.entries[2]._replace(
            server_pid=9, client=world.entries[2].client._replace(session_id=BOB)
        )

        assert bob.session.ids() == (CAROL,)
        assert session_box(BOB) not in bob.session.boxes()

    def test_a_command_that_acts_for_an_old_id_brings_nobody_back(self, world: World) -> None:
        bob = world.context(BOB, pid=2)
        bob.session.named_by_hook(CAROL)
        world.context(BOB, pid=3, announced=False, returns=False)

        assert bob.session.ids() == (CAROL, BOB)

    def test_a_claim_of_an_own_earlier_id_goes_back_to_it(self, world: World) -> None:
        bob = world.context(BOB, pid=2)
        bob.session.named_by_hook(CAROL)

        bob.session.claim(BOB)

        assert bob.session.ids() == (BOB, CAROL)


class FailingOnce:
    """A lineage whose disk refuses the first record."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self._refuses = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def record(self, *arguments: str) -> bool:
        if self._refuses:
            self._refuses = False
            raise StoreError("no space")
        return bool(self._real.record(*arguments))


def test_a_record_that_the_disk_refuses_is_made_later_and_the_mail_is_read_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)
    send(alice, BOB, "before")
    succession = bob.session._succession
    monkeypatch.setattr(succession, "_lineage", FailingOnce(succession._lineage))

    bob.session.named_by_hook(CAROL)
    assert bob.session.ids() == (CAROL, BOB)
    assert world.sides.lineage.former(CAROL) == ()
    assert shown(bob) == ["before"]

    bob.session.named_by_hook(CAROL)
    assert world.sides.lineage.former(CAROL) == (BOB,)


class TestTheSender:
    def test_a_name_leads_to_the_one_that_goes_on(self, world: World) -> None:
        alice = world.context(ALICE, pid=1)
        bob = world.context(BOB, pid=2, name="bob")
        bob.session.named_by_hook(CAROL)
        bob.session.close()

        # Both ids are known by that name, and they are one session.
        assert {k.session_id for k in world.known.values() if k.name == "bob"} == {BOB, CAROL}
        assert send(alice, "bob", "hello").target_session_id == CAROL
        assert send(alice, BOB, "hello").target_session_id == CAROL

    def test_two_sessions_of_one_name_stay_ambiguous(self, world: World) -> None:
        alice = world.context(ALICE, pid=1)
        for pid, (before, after) in enumerate(((BOB, CAROL), (DAVE, EVE)), 2):
            peer = world.context(before, pid=pid, name="bob")
            peer.session.named_by_hook(after)
            peer.session.close()

        with pytest.raises(AmbiguousTarget) as caught:
            send(alice, "bob", "hello")
        assert caught.value.fields["candidates"] == sorted((CAROL, EVE))

    def test_the_heir_decides_about_the_project(self, world: World) -> None:
        alice = world.context(ALICE, pid=1)
        world.known[BOB] = Known(BOB, None, "claude-code", "/project", 1)
        world.context(CAROL, pid=2, cwd="/elsewhere")
        world.sides.lineage.record(BOB, CAROL, "hook")

        with pytest.raises(CrossProject):
            send(alice, BOB, "hello")

    def test_an_old_id_that_nobody_knows_any_more_leads_to_its_heir(self, world: World) -> None:
        alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)
        bob.session.named_by_hook(CAROL)
        del world.known[BOB]

        assert send(alice, BOB, "hello").target_session_id == CAROL

    def test_an_own_earlier_id_is_oneself(self, world: World) -> None:
        alice = world.context(ALICE, pid=1)
        alice.session.named_by_hook(CAROL)

        with pytest.raises(SelfSend):
            send(alice, ALICE, "hello")

    def test_a_forged_heir_that_nobody_knows_is_nobody(self, world: World) -> None:
        alice = world.context(ALICE, pid=1)
        world.sides.lineage.record("never seen", "nobody", "forged")

        with pytest.raises(TargetNotFound):
            send(alice, "never seen", "hello")


class TestQuestions:
    def ask_of(self, session_id: str, target: str = ALICE) -> Ask:
        return Ask(session_id, "request-1", target, "00000000000000aa", 1, 1)

    def test_a_late_answer_to_the_old_id_pulls_the_new_one_back(self, world: World) -> None:
        alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)
        world.store.open_ask(self.ask_of(BOB))
        world.store.suspend_ask(self.ask_of(BOB))
        bob.session.named_by_hook(CAROL)

        result = send(alice, BOB, "late", reply_to="request-1")

        assert result.target_session_id == CAROL
        assert result.wake.reason == "late_reply_to_pending"
        assert world.store.pending_asks(BOB) == ()
        assert shown(bob) == ["late"]

    def test_a_waiting_question_keeps_its_answer_over_a_clear(self, world: World) -> None:
        bob = world.context(BOB, pid=2)
        world.store.open_ask(self.ask_of(BOB))
        bob.session.named_by_hook(CAROL)

        is_reserved = reserved_for_asks(bob)
        answer = Envelope("00000000000000ab", "yes", 1, from_session_id=ALICE, reply_to="request-1")
        assert is_reserved(answer)
        assert not is_reserved(answer._replace(reply_to=None))

    def test_an_answer_from_the_heir_of_the_one_who_was_asked_is_the_answer(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(app_ask, "GRACE_SECONDS", 0.0)
        bob = world.context(BOB, pid=2)
        bob.session.named_by_hook(CAROL)
        world.sides.lineage.record(ALICE, DAVE, "hook")
        store = world.store
        store.open_ask(self.ask_of(BOB))
        is_reserved = reserved_for_asks(bob)

        answer = Envelope("00000000000000ab", "yes", 1, from_session_id=DAVE, reply_to="request-1")
        assert is_reserved(answer)
        assert not is_reserved(answer._replace(from_session_id=EVE))

    def test_both_sides_are_cleared_while_one_waits(self, world: World) -> None:
        class Clock:
            def __getattr__(self, name: str) -> Any:
                import time

                return time.time if name == "now" else time.monotonic

        alice = world.context(ALICE, pid=1)._replace(clock=Clock())
        bob = world.context(BOB, pid=2)
        answers: list[Any] = []
        asking = threading.Thread(
            target=lambda: ask(alice, BOB, "question", answers.append, timeout_ms=60_000)
        )
        asking.start()
        until(lambda: bool(world.store.peek(bob.session.boxes()).messages))
        alice.session.named_by_hook(CAROL)
        bob.session.named_by_hook(DAVE)
        (question,) = world.store.peek(bob.session.boxes()).messages

        assert reply(bob, question.id, "answer").target_session_id == CAROL
        asking.join(60)

        (result,) = answers
        assert result.reply.body == "answer"
        assert result.correlation == "correlated"
        assert world.store.pending_asks(ALICE) == world.store.waiting_asks(ALICE) == ()
