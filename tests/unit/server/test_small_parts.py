"""Timers, the worker, the watch for a dead parent, and the shape of results."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from helpers.fakes import FakeClock, FakeTrace
from oxtail.errors import AmbiguousTarget, BadArgument, StoreError
from oxtail.server import worker as worker_module
from oxtail.server.orphan import Parent
from oxtail.server.results import answer, failure, internal_error
from oxtail.server.timers import Timers
from oxtail.server.worker import Worker


def test_timers_run_in_the_order_in_which_they_are_due():
    clock = FakeClock()
    timers = Timers(clock.monotonic)
    done: list[str] = []
    timers.after(5, lambda: done.append("late"))
    timers.after(1, lambda: done.append("early"))
    assert timers.wait(30) == 1
    timers.run_due()
    assert done == []
    clock.advance(1)
    assert timers.wait(30) == 0
    timers.run_due()
    assert done == ["early"]
    clock.advance(100)
    timers.run_due()
    assert done == ["early", "late"]
    assert timers.wait(30) == 30


def test_a_timer_may_set_the_next_one():
    clock = FakeClock()
    timers = Timers(clock.monotonic)
    done: list[int] = []

    def again() -> None:
        done.append(1)
        timers.after(1, again)

    timers.after(0, again)
    timers.run_due()
    assert done == [1]


def test_a_parent_is_gone_when_it_changed():
    answers = iter([50, 50, 1])
    parent = Parent(lambda: next(answers))
    assert not parent.is_gone()
    assert parent.is_gone()


def test_a_server_of_process_one_is_no_orphan():
    answers = iter([1, 1, 7])
    parent = Parent(lambda: next(answers))
    assert not parent.is_gone()
    assert not parent.is_gone()


def test_the_worker_keeps_the_order_and_survives_a_failing_job():
    trace = FakeTrace()
    worker = Worker(trace)
    done: list[int] = []
    worker.start()
    worker.put(done.append, 1)
    worker.put(int, "no number")
    worker.put(done.append, 2)
    assert worker.finish(5)
    assert done == [1, 2]
    (event,) = trace.named("job_failed")
    assert "ValueError" in event["error"]


def test_the_worker_does_not_wait_for_ever():
    worker = Worker(FakeTrace())
    release = threading.Event()
    worker.start()
    worker.put(release.wait, 5)
    assert not worker.finish(0.01)
    release.set()


@pytest.fixture(autouse=True)
def short_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "BACKLOG_SECONDS", 0.01)


def test_a_worker_that_has_nothing_to_do_does_what_can_wait():
    left = [1, 2, 3]
    done: list[Any] = []
    all_done = threading.Event()

    def rest() -> bool:
        done.append(left.pop())
        if not left:
            all_done.set()
        return bool(left)

    worker = Worker(FakeTrace(), rest)
    worker.start()
    worker.put(done.append, "first")
    worker.put(done.append, "second")
    assert all_done.wait(30)
    worker.put(done.append, "third")
    assert worker.finish(5)
    assert done == ["first", "second", 3, 2, 1, "third"]


def test_a_job_that_comes_is_done_before_the_rest_of_what_can_wait():
    done: list[str] = []
    has_rested = threading.Event()

    def rest() -> bool:
        if done.count("rest") == 3:
            return False
        done.append("rest")
        if not has_rested.is_set():
            worker.put(done.append, "job")
            has_rested.set()
        return True

    worker = Worker(FakeTrace(), rest)
    worker.start()
    worker.put(done.append, "first")
    assert has_rested.wait(30)
    assert worker.finish(5)
    assert done[:3] == ["first", "rest", "job"]


def test_a_worker_survives_what_can_wait_and_fails():
    trace, failed = FakeTrace(), threading.Event()

    def rest() -> bool:
        failed.set()
        raise ValueError("no")

    worker = Worker(trace, rest)
    done: list[int] = []
    worker.start()
    worker.put(done.append, 1)
    assert failed.wait(30)
    worker.put(done.append, 2)
    assert worker.finish(5)
    assert done == [1, 2]
    assert "ValueError" in trace.named("job_failed")[0]["error"]


def test_a_result_is_one_text_of_minified_json():
    result = answer({"schema_version": 1, "text": "é\n\ud800 😀"})
    (item,) = result["content"]
    assert set(result) == {"content"}
    assert item["text"] == '{"schema_version":1,"text":"é\\n\\ud800 😀"}'
    assert json.loads(item["text"])["text"] == "é\n\ud800 😀"


@pytest.mark.parametrize(
    ("error", "code", "is_error"),
    [
        (StoreError("disk full"), "store-error", False),
        (AmbiguousTarget(candidates=["a"]), "ambiguous-target", False),
        (BadArgument("body", "must not be empty"), "bad-argument", True),
    ],
)
def test_a_failure_has_a_stable_code_and_its_facts(error, code, is_error):
    result = failure(error)
    members = json.loads(result["content"][0]["text"])
    assert members["ok"] is False
    assert members["error"] == code
    assert members["message"] == error.message
    assert members.items() >= error.fields.items()
    assert result.get("isError", False) is is_error


def test_an_unforeseen_error_is_a_tool_error_without_its_text():
    result = internal_error(KeyError("secret"))
    members = json.loads(result["content"][0]["text"])
    assert result["isError"] is True
    assert members["error"] == "internal-error"
    assert "secret" not in members["message"]
