"""Limits at work: what is stopped, what passes all the same, and who is told."""

from __future__ import annotations

import itertools
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from helpers.fakes import ALICE, BOB, CAROL, World
from helpers.file_world import FileWorld
from oxtail.app import work
from oxtail.app.ask import ask
from oxtail.app.context import Context
from oxtail.app.read import read
from oxtail.app.results import AskResult, ReadResult
from oxtail.app.send import reply, send
from oxtail.core.address import Route
from oxtail.core.correlation import Ask
from oxtail.core.entry import Capabilities
from oxtail.core.envelope import Envelope
from oxtail.core.governor import CHAIN_MS, LOOP_MS, hops_of
from oxtail.core.names import session_box
from oxtail.errors import Damped

LIMIT = 6
MOST_HOPS = 40


on_both_stores = pytest.mark.parametrize("world", ["memory", "files"], indirect=True)


@pytest.fixture
def world(request: pytest.FixtureRequest, home: Path) -> World:
    on_files = getattr(request, "param", "memory") == "files"
    return FileWorld(home / ".oxtail") if on_files else World()


@pytest.fixture
def alice(world: World) -> Context:
    return world.context(ALICE, pid=1, name="builder")


@pytest.fixture
def bob(world: World) -> Context:
    return world.context(BOB, pid=2, name="reviewer")


def inbox(ctx: Context) -> tuple[Envelope, ...]:
    shown: list[ReadResult] = []
    read(ctx, shown.append)
    return shown[0].messages


def damped(*arguments: Any, **options: Any) -> Damped:
    with pytest.raises(Damped) as caught:
        send(*arguments, **options)
    return caught.value


def notices(ctx: Context) -> list[str]:
    return [notice.text for notice in ctx.notices.recent(100)]


def stored_by_npm(ctx: Context, sender: str, body: str, **members: Any) -> str:
    """Put a message of a peer that keeps no traffic into the box of *ctx*."""
    message_id = ctx.ids.new_id()
    message = Envelope(message_id, body, int(ctx.clock.now()), from_session_id=sender, **members)
    assert ctx.session.id
    ctx.store.put(Route(session_box(ctx.session.id), ctx.session.id, 1), message)
    return message_id


# ---------------------------------------------------------------------- acknowledgements


@on_both_stores
@pytest.mark.parametrize("by_id", [True, False], ids=["reply_to_message", "send_message"])
def test_two_agents_that_acknowledge_each_other_for_ever_are_stopped(
    world: World, alice: Context, bob: Context, by_id: bool
) -> None:
    """Each answers whatever comes with thanks; a question afterwards is answered all the same."""
    send(alice, BOB, "All tests of the parser are green now.")
    passed = 0
    stopped: Damped | None = None
    for me, other in itertools.islice(itertools.cycle([(bob, ALICE), (alice, BOB)]), 100):
        (message,) = inbox(me)
        world.clock.advance(20)
        try:
            if by_id:
                reply(me, message.id, "Ok, thanks!")
            else:
                send(me, other, "Ok, thanks!")
        except Damped as error:
            stopped = error
            break
        passed += 1

    assert passed == LIMIT
    assert stopped is not None
    assert stopped.code == "damped"
    assert (stopped.reason, stopped.limit) == ("acknowledgements", LIMIT)
    assert stopped.fields == {
        "reason": "acknowledgements",
        "limit": LIMIT,
        "retry_after_s": stopped.retry_after_s,
    }
    assert 0 < stopped.retry_after_s <= LOOP_MS // 1000
    assert inbox(alice) == inbox(bob) == ()
    for me, other in ((alice, BOB), (bob, ALICE)) * 3:
        damped(me, other, "THANKS")
    assert len(notices(alice)) == 1
    assert "builder" in notices(alice)[0]
    assert "reviewer" in notices(alice)[0]

    answered: list[AskResult] = []
    _ask(alice, bob, answered)
    assert answered[0].reply is not None
    assert answered[0].reply.body == "ok"


def _ask(alice: Context, bob: Context, results: list[AskResult]) -> None:
    """Ask, and have the answer come while the asker waits."""

    def answer() -> None:
        with bob.store.bell(bob.session.boxes()) as bell:
            while not bob.store.peek(bob.session.boxes()).messages:
                bell.wait(0.2)
        reply(bob, inbox(bob)[0].id, "ok")

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    ask(alice, BOB, "Which branch?", results.append, timeout_ms=60_000)
    thread.join(60)
    assert not thread.is_alive()


def test_content_passes_and_begins_a_new_count(alice: Context, bob: Context) -> None:
    for _ in range(LIMIT):
        send(alice, BOB, "ok")
    damped(alice, BOB, "ok")

    send(bob, ALICE, "the build is broken")
    for _ in range(LIMIT):
        send(alice, BOB, "ok")
    damped(alice, BOB, "ok")


def test_a_loop_that_never_ends_passes_its_limit_in_an_hour(world: World, alice: Context) -> None:
    world.context(BOB, pid=2)
    passed = 0
    for _ in range(2 * 3_600 // 10):
        world.clock.advance(10)
        with suppress(Damped):
            send(alice, BOB, "ok")
            passed += 1

    assert passed == 2 * LIMIT


@on_both_stores
def test_the_wait_that_is_told_is_enough(world: World, alice: Context) -> None:
    world.context(BOB, pid=2)
    for _ in range(LIMIT):
        send(alice, BOB, "ok")
        world.clock.advance(60)
    world.clock.advance(damped(alice, BOB, "ok").retry_after_s)

    send(alice, BOB, "ok")


def test_others_are_not_stopped_by_the_loop_of_two(world: World, alice: Context) -> None:
    world.context(BOB, pid=2)
    world.context(CAROL, pid=3)
    for _ in range(LIMIT):
        send(alice, BOB, "ok")
    damped(alice, BOB, "ok")

    send(alice, CAROL, "ok")


def test_whoever_acknowledges_each_message_of_an_npm_peer_is_no_loop(
    world: World, alice: Context
) -> None:
    world.context(BOB, pid=2)
    for number in range(3 * LIMIT):
        stored_by_npm(alice, BOB, f"task {number}")
        world.clock.advance(5)
        send(alice, BOB, "ok")
        world.clock.advance(5)


@on_both_stores
def test_an_npm_peer_that_only_acknowledges_back_is_a_loop(world: World, alice: Context) -> None:
    world.context(BOB, pid=2)
    stored_by_npm(alice, BOB, "task")
    world.clock.advance(5)
    for _ in range(LIMIT):
        send(alice, BOB, "ok")
        world.clock.advance(5)
        stored_by_npm(alice, BOB, "thanks")
        world.clock.advance(5)

    assert damped(alice, BOB, "ok").reason == "acknowledgements"


# ---------------------------------------------------------------------- hops


def test_messages_that_follow_from_each_other_are_counted_and_stopped(
    world: World, alice: Context, bob: Context
) -> None:
    sent = send(alice, BOB, "message number 0")
    for number in range(MOST_HOPS + 1):
        me = (bob, alice)[number % 2]
        (message,) = inbox(me)
        assert (message.id, hops_of(message)) == (sent.message_id, number)
        world.clock.advance(3_600)
        if number < MOST_HOPS:
            sent = reply(me, message.id, f"and that makes {number}")
    with pytest.raises(Damped) as caught:
        reply(me, message.id, "and that makes one too many")

    assert (caught.value.reason, caught.value.limit) == ("hops", MOST_HOPS)
    assert "hops" not in dict(_last(alice, "message number 0").extra)
    send(alice, BOB, "something new")


def _last(ctx: Context, body: str) -> Envelope:
    found = ctx.store.latest_from(BOB, ALICE, 0)
    return next(message for message in found if message.body == body)


@on_both_stores
def test_a_new_message_follows_from_mail_that_came_a_moment_ago(
    world: World, alice: Context, bob: Context
) -> None:
    for number in range(MOST_HOPS + 1):
        me, other = ((alice, BOB), (bob, ALICE))[number % 2]
        send(me, other, f"{number} is what I say")
        world.clock.advance(30)
    me, other = ((alice, BOB), (bob, ALICE))[(MOST_HOPS + 1) % 2]

    stopped = damped(me, other, "41 is what I say")
    assert stopped.reason == "hops"
    assert stopped.retry_after_s == CHAIN_MS // 1000 - 30
    world.clock.advance(stopped.retry_after_s)
    send(me, other, "41 is what I say")


def test_a_message_about_another_one_follows_from_it(
    world: World, alice: Context, bob: Context
) -> None:
    message_id = stored_by_npm(bob, CAROL, "look", extra=(("hops", 7),))
    world.clock.advance(3_600)

    send(bob, ALICE, "Carol says: look", source_message_id=message_id)

    assert hops_of(inbox(alice)[0]) == 8


@pytest.mark.parametrize("hops", [-1, True, "9", 1e9, None, [], 1 << 80])
def test_forged_hops_stop_nobody_but_those_who_answer_them(
    alice: Context, bob: Context, hops: object
) -> None:
    message_id = stored_by_npm(bob, ALICE, "look", extra=(("hops", hops),))

    if hops == 1 << 80:
        with pytest.raises(Damped):
            reply(bob, message_id, "seen it")
    else:
        reply(bob, message_id, "seen it")
    send(bob, ALICE, "something new")


def test_questions_and_their_answers_make_no_chain(
    world: World, alice: Context, bob: Context
) -> None:
    for number in range(MOST_HOPS + 5):
        question = stored_by_npm(bob, ALICE, f"question {number}", request_id=f"r{number}")
        inbox(bob)
        reply(bob, question, f"answer {number}")
        inbox(alice)
        world.clock.advance(1)
        send(alice, BOB, f"remark {number}")
        inbox(bob)
        world.clock.advance(1)

    assert hops_of(_last(alice, f"remark {MOST_HOPS + 4}")) == 0


# ---------------------------------------------------------------------- rates


def test_a_flood_between_two_is_stopped_and_told_once(world: World, alice: Context) -> None:
    world.context(BOB, pid=2)
    world.context(CAROL, pid=3)
    for number in range(120):
        send(alice, BOB, f"line {number}")
    for _ in range(50):
        stopped = damped(alice, BOB, "one line more")

    assert (stopped.reason, stopped.limit, stopped.retry_after_s) == ("pair-rate", 120, 60)
    send(alice, CAROL, "line")
    assert len(notices(alice)) == 1
    world.clock.advance(60)
    send(alice, BOB, "one line more")


def test_who_is_flooded_can_answer(world: World, alice: Context, bob: Context) -> None:
    for number in range(120):
        send(alice, BOB, f"line {number}")

    send(bob, ALICE, "stop that")


@on_both_stores
def test_a_session_that_floods_everybody_is_stopped(world: World) -> None:
    alice = world.context(ALICE, pid=1, session_per_minute=20)
    others = [f"session-{number}" for number in range(21)]
    for number, each in enumerate(others):
        world.context(each, pid=100 + number)
    for each in others[:-1]:
        send(alice, each, "news for all")

    stopped = damped(alice, others[-1], "news for all")
    assert (stopped.reason, stopped.limit) == ("session-rate", 20)
    assert "floods its peers" in notices(alice)[0]


def test_the_human_is_told_again_after_a_rest(world: World, alice: Context) -> None:
    world.context(BOB, pid=2)
    for _ in range(2):
        for _ in range(LIMIT):
            send(alice, BOB, "ok")
        for _ in range(5):
            damped(alice, BOB, "ok")
            world.clock.advance(300)
        world.clock.advance(2 * 3_600)

    assert len(notices(alice)) == 2


def test_zero_switches_a_limit_off(world: World) -> None:
    alice = world.context(
        ALICE, pid=1, ack_loop=0, pair_per_minute=0, session_per_minute=0, max_hops=0
    )
    world.context(BOB, pid=2)

    for _ in range(300):
        send(alice, BOB, "ok")


def test_those_who_have_not_said_who_they_are_have_limits_too(world: World) -> None:
    nobody = world.context(None, pid=1, pair_per_minute=3)
    other = world.context(None, pid=3, pair_per_minute=3)
    world.context(BOB, pid=2)
    send(nobody, BOB, "line 1")
    send(nobody, BOB, "line 2")
    send(other, BOB, "line 3")

    assert damped(nobody, BOB, "line 4").reason == "pair-rate"
    assert "a sender without session id" in notices(nobody)[0]


# ---------------------------------------------------------------------- what always passes


@pytest.fixture
def choked(world: World) -> Context:
    """Bob, who has sent Alice all that he may."""
    world.context(ALICE, pid=1)
    bob = world.context(BOB, pid=2, pair_per_minute=3, session_per_minute=3, max_hops=2)
    for number in range(3):
        send(bob, ALICE, f"line {number}")
    damped(bob, ALICE, "line 3")
    return bob


@on_both_stores
def test_the_answer_to_a_question_passes_once(world: World, choked: Context) -> None:
    question = stored_by_npm(choked, ALICE, "why?", request_id="r1", extra=(("hops", 50),))

    reply(choked, question, "because")
    with pytest.raises(Damped):
        reply(choked, question, "because, I said")


def test_the_answer_to_somebody_elses_question_is_not_owed(choked: Context) -> None:
    question = stored_by_npm(choked, CAROL, "why?", request_id="r1")

    damped(choked, ALICE, "because", reply_to="r1", source_message_id=question)


def test_the_answer_to_a_pending_question_passes_without_its_id(
    world: World, choked: Context
) -> None:
    choked.store.suspend_ask(Ask(ALICE, "r1", BOB, "1" * 16, 0, 0))

    send(choked, ALICE, "because", reply_to="r1")
    damped(choked, ALICE, "because", reply_to="r-of-nobody")


@on_both_stores
def test_the_end_of_work_passes(world: World, choked: Context) -> None:
    alice = world.context(ALICE, pid=1)
    sent = send(alice, BOB, "do it", action_required=True)

    closed = work.complete(choked, sent.message_id, "ok")

    assert closed.completion_id is not None
    assert [m.body for m in inbox(alice)][-1] == "ok"


def test_a_repeated_try_is_no_new_message(world: World) -> None:
    alice = world.context(ALICE, pid=1, pair_per_minute=1)
    world.context(BOB, pid=2)
    first = send(alice, BOB, "once", idempotency_key="k")

    again = send(alice, BOB, "once", idempotency_key="k")

    assert again.message_id == first.message_id
    assert damped(alice, BOB, "twice", idempotency_key="k2").reason == "pair-rate"


def test_a_damped_message_leaves_nothing(world: World, choked: Context) -> None:
    world.context(ALICE, pid=1)
    before = choked.store.latest_from(ALICE, BOB, 0)
    woken = len(world.waker.woken)
    damped(choked, ALICE, "work", action_required=True)
    with pytest.raises(Damped):
        ask(choked, ALICE, "why?", lambda _: None)

    assert choked.store.latest_from(ALICE, BOB, 0) == before
    assert choked.store.waiting_asks(BOB) == choked.store.pending_asks(BOB) == ()
    assert len(world.waker.woken) == woken


def test_a_peer_that_keeps_no_session_box_is_limited_as_others(world: World) -> None:
    alice = world.context(ALICE, pid=1, pair_per_minute=2)
    old = world.context(BOB, pid=2)
    world.entries[2] = old.session.entry._replace(capabilities=Capabilities())
    send(alice, BOB, "line 1")
    send(alice, BOB, "line 2")

    assert damped(alice, BOB, "line 3").reason == "pair-rate"
