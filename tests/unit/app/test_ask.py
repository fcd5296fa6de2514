"""Asking: the wait, and everything that may end it."""

from __future__ import annotations

import threading
import time

import pytest

from helpers.fakes import ALICE, BOB, World
from helpers.waiting import until
from oxtail.app.ask import ask
from oxtail.app.read import read
from oxtail.app.results import AskResult, ReadResult
from oxtail.app.send import reply, send
from oxtail.core.entry import Known
from oxtail.errors import AskCancelled, BadArgument, PeerHasNoSessionId, TargetNotFound


class RealClock:
    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


class Cancellation:
    def __init__(self) -> None:
        self.flag = False
        self.callbacks = []

    def is_set(self) -> bool:
        return self.flag

    def add_callback(self, callback) -> None:
        self.callbacks.append(callback)

    def set(self) -> None:
        self.flag = True
        for callback in self.callbacks:
            callback()


@pytest.fixture
def world() -> World:
    world = World()
    world.clock = RealClock()
    world.store.__init__(clock=world.clock, ids=world.ids, trace=world.trace)
    return world


class Asking(threading.Thread):
    """Asks in the background and keeps what came of it."""

    def __init__(self, ctx, target, body, emit=None, **options) -> None:
        super().__init__(daemon=True)
        self.results: list[AskResult] = []
        self.error: BaseException | None = None
        self.call = lambda: ask(ctx, target, body, emit or self.results.append, **options)
        self.start()

    def run(self) -> None:
        try:
            self.call()
        except BaseException as error:  # noqa: BLE001 - kept for the test to look at
            self.error = error

    def ended(self) -> Asking:
        self.join(60)
        assert not self.is_alive()
        return self


def next_message(ctx):
    shown: list[ReadResult] = []

    def look():
        read(ctx, shown.append)
        return shown[-1].messages

    return until(look)[0]


def test_an_answer_ends_the_wait_and_leaves_no_record(world):
    alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)
    asking = Asking(alice, BOB, "port?")

    question = next_message(bob)
    assert [question.request_id] == [a.request_id for a in world.store.waiting_asks(ALICE)]
    reply(bob, question.id, "8080")

    (result,) = asking.ended().results
    assert (
        result.reply.body,
        result.correlation,
        result.timed_out,
    ) == ("8080", "correlated", False)
    assert world.store.waiting_asks(ALICE) == ()
    assert world.store.pending_asks(ALICE) == ()
    assert world.store.receipt(result.reply.id).via == "ask_peer_reply"


def test_other_mail_stays_in_the_inbox_while_a_question_waits(world):
    alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)
    asking = Asking(alice, BOB, "q")
    question = next_message(bob)
    chatter = send(bob, ALICE, "by the way")
    reply(bob, question.id, "a")
    asking.ended()

    shown: list[ReadResult] = []
    read(alice, shown.append)
    assert [chatter.message_id] == [m.id for m in shown[0].messages]


def test_silence_is_a_timeout_and_the_question_stays_pending(world):
    alice = world.context(ALICE, pid=1)
    world.context(BOB, pid=2)
    results: list[AskResult] = []

    ask(alice, BOB, "q", results.append, timeout_ms=50)

    assert (
        results[0].reply,
        results[0].correlation,
        results[0].timed_out,
    ) == (None, "none", True)
    assert [results[0].request_id] == [a.request_id for a in world.store.pending_asks(ALICE)]


def test_an_answer_after_the_timeout_is_ordinary_mail_and_settles_the_question(world):
    alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)
    results: list[AskResult] = []
    ask(alice, BOB, "q", results.append, timeout_ms=20)
    question = next_message(bob)

    late = reply(bob, question.id, "late")

    assert late.wake.reason == "late_reply_to_pending"
    assert world.store.pending_asks(ALICE) == ()
    assert next_message(alice).body == "late"


def test_a_cancelled_question_becomes_pending_and_its_answer_mail(world):
    alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)
    cancel = Cancellation()
    asking = Asking(alice, BOB, "q", cancelled=cancel)
    question = next_message(bob)

    cancel.set()
    asking.ended()

    assert isinstance(asking.error, AskCancelled)
    assert asking.results == []
    assert [question.request_id] == [a.request_id for a in world.store.pending_asks(ALICE)]
    reply(bob, question.id, "late")
    assert next_message(alice).body == "late"


def test_an_answer_that_cannot_be_shown_goes_back_into_the_inbox(world):
    alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)

    def pipe_is_gone(result: AskResult) -> None:
        raise BrokenPipeError

    asking = Asking(alice, BOB, "q", emit=pipe_is_gone)
    question = next_message(bob)
    answer = reply(bob, question.id, "a")
    asking.ended()

    assert isinstance(asking.error, BrokenPipeError)
    assert world.store.receipt(answer.message_id) is None
    assert answer.message_id == next_message(alice).id


def test_an_idle_peer_is_woken_once_after_the_grace(world):
    alice = world.context(ALICE, pid=1)
    world.context(BOB, pid=2)
    results: list[AskResult] = []

    ask(alice, BOB, "q", results.append, timeout_ms=700)

    assert [entry.server_pid for entry in world.waker.woken] == [2]
    assert results[0].wake_status == "fired"


def test_a_wait_that_is_too_long_is_clamped_and_says_so(world):
    alice = world.context(ALICE, pid=1, ask_max_timeout_ms=30)
    world.context(BOB, pid=2)
    results: list[AskResult] = []

    ask(alice, BOB, "q", results.append, timeout_ms=60_000)

    assert (results[0].timeout_ms, results[0].clamped_from_ms) == (30, 60_000)


@pytest.mark.parametrize("timeout_ms", [0, -1, 300_001])
def test_an_impossible_timeout_is_refused(world, timeout_ms):
    alice = world.context(ALICE, pid=1)
    world.context(BOB, pid=2)

    with pytest.raises(BadArgument):
        ask(alice, BOB, "q", lambda r: None, timeout_ms=timeout_ms)


def test_only_a_running_peer_with_an_id_can_be_asked(world):
    alice = world.context(ALICE, pid=1)
    world.context(None, pid=2, name="newcomer")
    world.known[BOB] = Known(BOB, None, "codex", "/project", 0)

    with pytest.raises(PeerHasNoSessionId):
        ask(alice, "newcomer", "q", lambda r: None)
    with pytest.raises(TargetNotFound) as caught:
        ask(alice, BOB, "q", lambda r: None)
    assert caught.value.fields["wake_status"] == "skipped_no_target"
    assert world.store.waiting_asks(ALICE) == ()


def test_a_question_that_was_settled_meanwhile_is_not_opened_again_by_a_cancellation(
    world, monkeypatch
):
    alice = world.context(ALICE, pid=1)
    world.context(BOB, pid=2)
    cancel = Cancellation()
    suspend = world.store.suspend_ask

    def suspend_and_settle(asked):
        suspend(asked)
        if not cancel.is_set():
            assert world.store.consume_pending_ask(asked.session_id, asked.request_id)
            cancel.set()

    monkeypatch.setattr(world.store, "suspend_ask", suspend_and_settle)

    with pytest.raises(AskCancelled):
        ask(alice, BOB, "q", lambda result: None, timeout_ms=20, cancelled=cancel)

    assert list(world.store.pending_asks(ALICE)) == []
