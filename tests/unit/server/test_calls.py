"""A call is answered exactly once, or cancelled and never answered."""

from __future__ import annotations

import threading

import pytest

from helpers.fakes import FakeClock
from oxtail.errors import NotEmitted
from oxtail.server.calls import Call, CallRequest, Calls, CallState, Cancellation
from oxtail.server.catalog import TOOLS

READ = next(tool for tool in TOOLS if tool.name == "read_my_messages")


class Sink:
    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.problem: Exception | None = None
        self.during = lambda: None

    def write(self, line: bytes) -> None:
        self.during()
        if self.problem:
            raise self.problem
        self.lines.append(line)


class Mail:
    def __init__(self) -> None:
        self.retracted = 0

    def retract(self) -> None:
        self.retracted += 1


@pytest.fixture
def sink() -> Sink:
    return Sink()


def make(sink: Sink, identifier: object = 1, token: object = None) -> Call:
    return Call(CallRequest(identifier, READ, {}, progress_token=token), sink)


def test_a_call_is_answered_once(sink):
    call = make(sink)
    call.answer({"a": 1})
    with pytest.raises(NotEmitted):
        call.answer({"a": 2})
    assert len(sink.lines) == 1
    assert call.state is CallState.ANSWERED


def test_a_cancelled_call_gets_no_answer(sink):
    call = make(sink)
    assert call.cancel()
    with pytest.raises(NotEmitted):
        call.answer({})
    assert sink.lines == []
    assert call.cancellation.is_set()


def test_an_answer_that_could_not_be_written_counts_as_cancelled(sink):
    call = make(sink)
    sink.problem = NotEmitted()
    with pytest.raises(NotEmitted):
        call.answer({})
    assert call.state is CallState.CANCELLED


def test_a_cancellation_during_the_write_comes_too_late(sink):
    call = make(sink)
    late: list[bool] = []
    sink.during = lambda: late.append(call.cancel())
    call.answer({})
    assert late == [False]
    assert call.state is CallState.ANSWERED
    assert not call.cancellation.is_set()


def test_mail_goes_back_once_whichever_comes_first(sink):
    first, second = make(sink), make(sink)
    early, late = Mail(), Mail()
    first.answer({})
    first.take_back()
    first.showed(early)
    second.answer({})
    second.showed(late)
    second.take_back()
    second.take_back()
    assert (early.retracted, late.retracted) == (1, 1)
    assert not first.has_shown
    assert not second.has_shown


def test_progress_stops_with_the_answer(sink):
    call = make(sink, token="t")
    call.progress(10)
    call.answer({})
    call.progress(20)
    assert len(sink.lines) == 2
    assert b'"progressToken":"t","progress":10' in sink.lines[0]


def test_no_progress_goes_to_who_did_not_ask(sink):
    make(sink).progress(10)
    assert sink.lines == []


def test_listeners_hear_of_a_cancellation_once_even_if_late():
    cancellation = Cancellation()
    heard: list[str] = []
    cancellation.add_callback(lambda: heard.append("early"))
    cancellation.set()
    cancellation.set()
    cancellation.add_callback(lambda: heard.append("late"))
    assert heard == ["early", "late"]


def test_a_listener_that_comes_with_the_cancellation_hears_it():
    for _ in range(200):
        cancellation = Cancellation()
        heard = threading.Event()
        setting = threading.Thread(target=cancellation.set)
        setting.start()
        cancellation.add_callback(heard.set)
        setting.join()
        assert heard.is_set()


class TestKeeping:
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def calls(self, clock: FakeClock) -> Calls:
        return Calls(clock.monotonic)

    def shown(self, calls: Calls, sink: Sink, identifier: object) -> Call:
        call = make(sink, identifier)
        assert calls.add(call)
        call.answer({})
        call.showed(Mail())
        calls.done(call)
        return call

    def test_an_open_call_is_found_by_its_id_and_no_other(self, calls, sink):
        call = make(sink, 1)
        assert calls.add(call)
        assert calls.find(1) is call
        assert calls.find("1") is None
        assert calls.find(2) is None

    def test_an_id_is_taken_until_the_answer(self, calls, sink):
        call = make(sink)
        assert calls.add(call)
        assert not calls.add(make(sink))
        call.answer({})
        assert calls.add(make(sink))

    def test_the_end_of_an_old_call_does_not_remove_a_new_one(self, calls, sink):
        old, new = make(sink), make(sink)
        calls.add(old)
        old.answer({})
        calls.add(new)
        calls.done(old)
        assert calls.find(1) is new

    def test_a_call_that_showed_no_mail_is_forgotten_at_its_end(self, calls, sink):
        call = make(sink)
        calls.add(call)
        call.answer({})
        calls.done(call)
        assert calls.find(1) is None
        assert len(calls) == 0

    def test_a_call_that_showed_mail_is_kept_for_a_minute(self, calls, sink, clock):
        call = self.shown(calls, sink, 1)
        clock.advance(60)
        assert calls.find(1) is call
        clock.advance(1)
        assert calls.find(1) is None

    def test_the_last_64_are_kept(self, calls, sink):
        for number in range(100):
            self.shown(calls, sink, number)
        kept = [number for number in range(100) if calls.find(number)]
        assert kept == list(range(36, 100))
