"""A server looks after what its session waits for and what it owes."""

from __future__ import annotations

import pytest

from helpers.fakes import ALICE, BOB, CAROL, FakeWaker, World
from oxtail.app.read import read
from oxtail.app.send import send
from oxtail.app.watchdog import Watchdog
from oxtail.app.work import complete
from oxtail.core.correlation import Ask
from oxtail.core.names import completion_id
from oxtail.core.offer import Offer
from oxtail.core.policy import HOLD, Policy, Rule
from oxtail.core.presence import Marker
from oxtail.core.watchdog import Verdict
from oxtail.core.work import Closing, State
from oxtail.errors import StoreError

REQUEST = "00112233445566ff"
GRACE = 240


class FakeDoor:
    def __init__(self, name: str = "door", outcome: str = "accepted") -> None:
        self.name = name
        self.outcome = outcome
        self.texts: list[str] = []
        self.is_open = True

    def is_available(self) -> bool:
        return self.is_open

    def offer(self, text: str) -> Offer:
        self.texts.append(text)
        return Offer(self.outcome)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def alice(world):
    return world.context(ALICE, pid=1)


@pytest.fixture
def bob(world):
    return world.context(BOB, pid=2)


@pytest.fixture
def asked(world, alice, bob) -> Ask:
    return pend(world, alice)


def pend(world: World, ctx, request: str = REQUEST, target: str = BOB) -> Ask:
    """Let the session of *ctx* have asked *target*, and stop waiting."""
    sent = send(ctx, target, "a question", wake="off")
    ask = Ask(ctx.session.id, request, target, sent.message_id, 0, int(world.clock.now() * 1000))
    world.store.suspend_ask(ask)
    return ask


def attempts(world: World) -> list[int]:
    return [one.attempts for one in world.store.all_asks(99)]


def verdicts(tick) -> list[Verdict]:
    return [verdict for _, verdict in tick.verdicts]


# ---------------------------------------------------------------------- questions


def test_a_question_is_left_alone_at_first_and_then_its_target_is_woken(world, alice, asked):
    dog = Watchdog(alice, ())
    world.clock.advance(GRACE - 1)
    assert verdicts(dog.tick()) == [Verdict.YOUNG]
    assert world.waker.woken == []

    world.clock.advance(1)
    tick = dog.tick()
    assert (verdicts(tick), tick.woken) == ([Verdict.WAKE], ((BOB, "fired"),))
    assert [entry.session_id for entry in world.waker.woken] == [BOB]
    assert world.trace.named("waiter_heal_repoke") == [
        {
            "owner": ALICE,
            "target": BOB,
            "request_id": REQUEST,
            "message_id": asked.message_id,
            "wake_status": "fired",
            "attempts": 0,
        }
    ]


def test_a_target_is_woken_as_often_as_the_cap_says(world, alice, asked):
    dog = Watchdog(alice, ())
    world.clock.advance(GRACE)
    for _ in range(6):
        last = dog.tick()
        world.clock.advance(60)

    assert len(world.waker.woken) == 3
    assert attempts(world) == [3]
    assert verdicts(last) == [Verdict.GAVE_UP]


def test_a_wake_of_another_waiter_is_not_repeated(world, alice, asked):
    world.wake_records.waiters_refused.add(BOB)
    world.clock.advance(GRACE)
    tick = Watchdog(alice, ()).tick()

    assert tick.woken == ((BOB, None),)
    assert world.waker.woken == []
    assert attempts(world) == [0]


@pytest.mark.parametrize("status", ["skipped_no_target", "skipped_debounced", "disabled"])
def test_only_a_wake_that_arrived_is_counted(world, bob, status):
    world.waker = FakeWaker(status)
    alice = world.context(ALICE, pid=1)
    pend(world, alice)
    world.clock.advance(GRACE)

    assert Watchdog(alice, ()).tick().woken == ((BOB, status),)
    assert attempts(world) == [0]


def test_a_busy_target_is_left_alone_and_costs_no_claim(world, alice, asked):
    world.clock.advance(GRACE)
    world.presence.markers[BOB] = Marker("busy", world.clock.now())

    assert Watchdog(alice, ()).tick().woken == ((BOB, "skipped_busy"),)
    assert world.waker.woken == world.wake_records.waiters_wakes == []


def test_a_target_with_a_door_of_its_own_is_left_to_its_server(world, alice, bob, asked):
    world.entries[2] = bob.session.entry._replace(doors=("claude-inbox",))
    world.clock.advance(GRACE)

    assert Watchdog(alice, ()).tick().woken == ((BOB, "left_to_receiver"),)
    assert world.waker.woken == world.wake_records.waiters_wakes == []
    assert attempts(world) == [0]


def test_an_answered_question_loses_its_record_before_anything_else(world, alice, bob, asked):
    send(bob, ALICE, "the answer", reply_to=REQUEST, wake="off")
    world.store.suspend_ask(asked)
    bob.session.close()
    world.known.clear()
    world.clock.advance(GRACE)

    assert verdicts(Watchdog(alice, ()).tick()) == [Verdict.ANSWERED]
    assert world.store.all_asks(9) == ()
    assert world.trace.named("waiter_heal_target_gone") == []


def test_whoever_has_seen_the_question_is_not_pressed(world, alice, bob, asked):
    read(bob, lambda result: None)
    world.clock.advance(GRACE)

    assert verdicts(Watchdog(alice, ()).tick()) == [Verdict.SHOWN]
    assert attempts(world) == [0]


def test_nobody_is_woken_for_a_question_that_is_held(world, alice, bob):
    world.sides.policies.set_session(BOB, Policy((Rule(ALICE, HOLD),)))
    pend(world, alice)
    world.clock.advance(GRACE)

    assert verdicts(Watchdog(alice, ()).tick()) == [Verdict.HELD]
    assert world.waker.woken == []


@pytest.mark.parametrize(("known", "error"), [(True, "not-running"), (False, "target-not-found")])
def test_a_target_that_does_not_run_is_told_once_and_its_record_stays(
    world, alice, bob, asked, known, error
):
    bob.session.close()
    if not known:
        world.known.pop(BOB)
    world.clock.advance(GRACE)
    dog = Watchdog(alice, ())

    assert verdicts(dog.tick()) == verdicts(dog.tick()) == [Verdict.TARGET_GONE]
    assert world.trace.named("waiter_heal_target_gone") == [
        {"owner": ALICE, "target": BOB, "error": error}
    ]
    assert len(world.store.all_asks(9)) == 1


def test_a_target_that_goes_by_another_id_now_is_woken(world, alice, bob):
    pend(world, alice)
    bob.session.close()
    world.known.pop(BOB)
    world.context(CAROL, pid=3)
    world.sides.lineage.record(BOB, CAROL, "clear")
    world.clock.advance(GRACE)
    Watchdog(alice, ()).tick()

    assert [entry.session_id for entry in world.waker.woken] == [CAROL]


def test_a_question_that_is_waited_on_is_nobodys_business(world, alice, bob):
    ask = Ask(ALICE, REQUEST, BOB, "0123456789abcdef", 0, int(world.clock.now() * 1000))
    world.store.open_ask(ask)
    world.clock.advance(GRACE)

    assert Watchdog(alice, ()).tick().verdicts == ()


def test_questions_of_others_and_of_peers_that_tell_no_target_are_left(world, alice, bob, asked):
    world.store.suspend_ask(asked._replace(request_id="a", target="", message_id=""))
    world.store.suspend_ask(asked._replace(request_id="b", message_id=""))
    world.clock.advance(GRACE)

    assert Watchdog(bob, ()).tick().verdicts == ()
    assert [request for request, _ in Watchdog(alice, ()).tick().verdicts] == [REQUEST]


def test_expired_questions_are_removed(world, alice, asked):
    world.clock.advance(3_601)
    Watchdog(alice, ()).tick()

    assert world.store.world.pending == {}


@pytest.mark.parametrize("switch", ["self_wake", "autowake"])
def test_either_switch_stops_it(world, bob, switch):
    alice = world.context(ALICE, pid=1, **{switch: False})
    pend(world, alice)
    world.clock.advance(3_601)

    assert Watchdog(alice, ()).tick().reason == "disabled"
    assert world.waker.woken == []
    assert len(world.store.world.pending) == 1


def test_a_session_that_has_not_said_who_it_is_waits_for_nothing(world):
    assert Watchdog(world.context(None, pid=9), ()).tick().reason == "unclaimed"


def test_of_several_servers_of_a_session_the_freshest_looks(world, alice, asked):
    world.entries.pop(1)
    world.clock.advance(GRACE)

    assert Watchdog(alice, ()).tick().reason == "not_mine"
    assert world.waker.woken == []


def test_a_wake_that_fails_is_traced_and_the_next_question_has_its_turn(world, bob):
    def broken() -> None:
        world.waker.effect = None
        raise OSError("no more processes")

    alice = world.context(ALICE, pid=1)
    world.context(CAROL, pid=3)
    pend(world, alice)
    pend(world, alice, "other", CAROL)
    world.clock.advance(GRACE)
    world.waker.effect = broken
    tick = Watchdog(alice, ()).tick()

    assert tick.woken == ((BOB, None), (CAROL, "fired"))
    assert [each["target"] for each in world.trace.named("waiter_heal_wake_error")] == [BOB]


def test_an_answer_that_comes_during_the_wake_leaves_no_record(world, alice, bob, monkeypatch):
    ask = pend(world, alice)
    world.clock.advance(GRACE)
    counted = world.store.woken_for_ask

    def brought_back(session_id: str, request_id: str) -> bool:
        send(bob, ALICE, "the answer", reply_to=REQUEST, wake="off")
        world.store.suspend_ask(ask)
        return counted(session_id, request_id)

    monkeypatch.setattr(world.store, "woken_for_ask", brought_back)
    Watchdog(alice, ()).tick()

    assert world.store.all_asks(9) == ()


def test_a_tick_that_fails_is_traced_and_the_next_one_works(world, alice, asked, monkeypatch):
    def broken(limit: int) -> None:
        raise StoreError("the disk is gone")

    dog = Watchdog(alice, ())
    world.clock.advance(GRACE)
    with monkeypatch.context() as patch:
        patch.setattr(world.store, "all_asks", broken)
        assert dog.tick().reason == "error"
    assert world.trace.named("waiter_heal_tick_error")[0]["error"] == "the disk is gone"
    assert dog.tick().reason == "looked"


# ---------------------------------------------------------------------- work


def give(world: World, alice, *, due_in: int = 60) -> str:
    deadline = int(world.clock.now()) + due_in
    return send(alice, BOB, "secret words", action_required=True, deadline=deadline).message_id


def test_a_session_is_reminded_of_overdue_work_once(world, alice, bob):
    work = give(world, alice)
    door = FakeDoor()
    dog = Watchdog(bob, [door])
    assert dog.tick().reminded == ()
    world.clock.advance(61)
    assert dog.tick().reminded == (work,)
    world.clock.advance(600)
    assert dog.tick().reminded == ()

    (text,) = door.texts
    assert work in text
    assert "secret" not in text
    assert [(n.kind, n.session_id) for n in world.sides.notices.recent(9)] == [("overdue", BOB)]
    assert work in world.sides.notices.recent(9)[0].text
    assert "secret" not in world.sides.notices.recent(9)[0].text


def test_each_deadline_has_its_reminder(world, alice, bob):
    door = FakeDoor()
    dog = Watchdog(bob, [door])
    first, second = give(world, alice, due_in=60), give(world, alice, due_in=120)
    world.clock.advance(61)
    assert dog.tick().reminded == (first,)
    world.clock.advance(60)
    assert dog.tick().reminded == (second,)


def test_a_restarted_server_does_not_remind_again(world, alice, bob):
    give(world, alice)
    world.clock.advance(61)
    door = FakeDoor()
    for _ in range(3):
        Watchdog(bob, [door]).tick()

    assert len(door.texts) == 1
    assert len(world.sides.notices.recent(9)) == 1


def test_a_busy_session_is_reminded_when_it_is_idle(world, alice, bob):
    work = give(world, alice)
    world.clock.advance(61)
    door = FakeDoor()
    dog = Watchdog(bob, [door])
    world.presence.markers[BOB] = Marker("busy", world.clock.now())
    assert dog.tick().reminded == ()
    world.presence.markers[BOB] = Marker("idle", world.clock.now())

    assert dog.tick().reminded == (work,)
    assert len(world.sides.notices.recent(9)) == 1


def test_the_next_door_is_tried_and_a_broken_one_not_for_ever(world, alice, bob):
    give(world, alice)
    world.clock.advance(61)
    shut, broken = FakeDoor("shut"), FakeDoor("broken", "failed")
    shut.is_open = False
    dog = Watchdog(bob, [shut, broken])
    for _ in range(6):
        assert dog.tick().reminded == ()

    assert (len(shut.texts), len(broken.texts)) == (0, 3)
    assert [each["outcome"] for each in world.trace.named("overdue_reminder")] == ["failed"] * 3


def test_work_that_is_closed_in_time_is_not_reminded_of(world, alice, bob):
    complete(bob, give(world, alice), "done")
    world.clock.advance(61)
    door = FakeDoor()

    assert Watchdog(bob, [door]).tick().reminded == ()
    assert (door.texts, world.sides.notices.recent(9)) == ([], ())


def test_a_reminder_that_waits_is_dropped_when_the_work_ends(world, alice, bob):
    work = give(world, alice)
    world.clock.advance(61)
    door = FakeDoor()
    dog = Watchdog(bob, [door])
    world.presence.markers[BOB] = Marker("busy", world.clock.now())
    dog.tick()
    complete(bob, work, "done at last")
    world.presence.markers.clear()
    dog.tick()

    assert door.texts == []


def test_a_person_is_told_although_nothing_may_wake_the_session(world, alice):
    bob = world.context(BOB, pid=2, self_wake=False)
    give(world, alice)
    world.clock.advance(61)
    door = FakeDoor()
    Watchdog(bob, [door]).tick()

    assert door.texts == []
    assert len(world.sides.notices.recent(9)) == 1


def test_a_closing_that_was_left_is_finished(world, alice, bob):
    work = send(alice, BOB, "do it", action_required=True)
    request = next(one.ask.request_id for one in world.store.all_asks(9))
    world.sides.work.begin(
        Closing(
            session_id=BOB,
            message_id=work.message_id,
            outcome=State.DONE,
            body="done",
            at=int(world.clock.now()),
            requester=ALICE,
            request_id=request,
        )
    )
    Watchdog(bob, ()).tick()

    assert world.store.lookup(ALICE, completion_id(work.message_id)).body == "done"
    assert world.sides.work.closings((BOB,)) == ()
    assert verdicts(Watchdog(alice, ()).tick()) == []
