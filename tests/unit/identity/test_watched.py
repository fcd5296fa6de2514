"""A process that is watched is the one that was meant, and no longer watched when it has ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from helpers.waiting import until
from oxtail.identity import process, watched

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs pidfd_open")


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    running = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    yield running
    assert running.stdin
    running.stdin.close()
    running.wait(60)


@pytest.fixture(autouse=True)
def nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_found_running", set())
    monkeypatch.setattr(watched, "_held", {})


def looked_at(pid: int, times: int = 2) -> str:
    token = process.start_token(pid)
    assert token
    for _ in range(times):
        assert process.is_same_process(pid, token, None)
    return token


def test_the_second_look_watches_and_later_ones_read_nothing(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = looked_at(child.pid, 1)
    assert not watched.runs(child.pid, token)
    looked_at(child.pid, 1)
    assert watched.runs(child.pid, token)

    monkeypatch.setattr(process, "stat_of", lambda pid: pytest.fail("read /proc"))
    assert process.is_same_process(child.pid, token, None)


@pytest.mark.parametrize("is_reaped", [True, False])
def test_a_process_that_ended_is_dead_at_the_next_look(
    child: subprocess.Popen[bytes], is_reaped: bool
) -> None:
    token = looked_at(child.pid)
    child.send_signal(signal.SIGKILL)
    if is_reaped:
        child.wait(60)
    else:
        until(lambda: process.stat_of(child.pid).state == "Z")  # type: ignore[union-attr]

    assert not process.is_same_process(child.pid, token, None)
    assert not watched.runs(child.pid, token)


def test_another_start_is_another_process(child: subprocess.Popen[bytes]) -> None:
    looked_at(child.pid)
    for _ in range(3):
        assert not process.is_same_process(child.pid, "boot/1", None)
    assert not watched.runs(child.pid, "boot/1")


def test_a_pid_that_was_given_anew_while_it_was_opened_is_not_watched(
    child: subprocess.Popen[bytes],
) -> None:
    watched.watch(child.pid, "boot/1", process.start_token)
    assert not watched.runs(child.pid, "boot/1")


def test_a_system_without_such_descriptors_looks_each_time(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    token = looked_at(child.pid, 5)
    assert not watched.runs(child.pid, token)


def test_few_processes_are_watched_at_a_time(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "MOST", 2)
    before = len(os.listdir("/proc/self/fd"))
    for number in range(5):
        watched.watch(child.pid, f"token {number}", lambda pid, number=number: f"token {number}")

    assert [watched.runs(child.pid, f"token {n}") for n in range(5)] == [False] * 3 + [True] * 2
    assert len(os.listdir("/proc/self/fd")) == before + 2
