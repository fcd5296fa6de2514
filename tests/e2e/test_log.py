"""Following as people and scripts do it: in a process of its own, with real pipes and signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from helpers.command import OXTAIL, environment, oxtail
from helpers.history import LedgerFile, message
from helpers.waiting import until

ALICE = "aaaaaaaa-0000-4000-8000-000000000001"
BOB = "bbbbbbbb-0000-4000-8000-000000000002"

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "project"
    (path / ".git").mkdir(parents=True)
    monkeypatch.chdir(path)
    for session_id in (ALICE, BOB):
        assert oxtail("inbox", "--as", session_id).status == 0
    return path


class Follower:
    """``oxtail log --follow`` and what it has printed so far."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.decode())

    @property
    def numbers(self) -> list[int]:
        found: list[Any] = [json.loads(line) for line in list(self.lines)]
        return [int(line["result"]["message"]["id"], 16) for line in found]

    def end(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        self.process.send_signal(number)
        status = self.process.wait(timeout=60)
        self._thread.join(60)
        assert self.process.stderr
        return status, self.process.stderr.read().decode()


@contextmanager
def following(*words: str) -> Iterator[Follower]:
    process = subprocess.Popen(
        [*OXTAIL, "log", "--follow", *words],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield Follower(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            assert stream
            stream.close()


def test_what_is_sent_is_followed_and_ctrl_c_ends_it() -> None:
    assert oxtail("send", "--as", ALICE, BOB, "one").status == 0
    with following() as follower:
        until(lambda: "  one\n" in follower.lines)
        assert oxtail("send", "--as", BOB, ALICE, "two").status == 0
        until(lambda: "  two\n" in follower.lines)
        status, err = follower.end()

    assert (status, err) == (130, "")
    heads = [line for line in follower.lines if " | " in line]
    assert [f"from {ALICE} to {BOB}" in heads[0], f"from {BOB} to {ALICE}" in heads[1]] == [
        True
    ] * 2
    assert follower.lines[2] == "\n"


def test_each_message_is_a_line_of_json() -> None:
    with following("--json") as follower:
        assert oxtail("send", "--as", ALICE, BOB, "a\nb").status == 0
        (line,) = until(lambda: follower.lines)
        status, err = follower.end(signal.SIGINT)

    found = json.loads(line)
    assert (found["oxtail"], found["command"], found["ok"]) == (1, "log", True)
    assert found["result"]["message"]["body"] == "a\nb"
    assert found["result"]["to_session_id"] == BOB
    assert (status, err) == (130, "")


def test_a_reader_that_goes_away_ends_it_without_another_message() -> None:
    assert oxtail("send", "--as", ALICE, BOB, "one").status == 0
    done = subprocess.run(
        ["sh", "-c", f"{' '.join(OXTAIL)} log --follow | head -n 1"],
        env=environment(),
        capture_output=True,
        timeout=60,
    )

    assert done.returncode == 0
    assert BOB.encode() in done.stdout
    assert done.stderr == b""


def test_a_pipe_that_is_closed_already_is_no_failure() -> None:
    assert oxtail("send", "--as", ALICE, BOB, "one").status == 0
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [*OXTAIL, "log", "--follow"],
        env=environment(),
        stdout=write_end,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    os.close(write_end)

    assert (done.returncode, done.stderr) == (0, b"")


def test_a_ledger_that_is_compacted_all_the_time_loses_and_repeats_nothing(home: Path) -> None:
    ledger = LedgerFile(home / ".oxtail", BOB)
    ledger.append(message(0))
    with following("--json") as follower:
        until(lambda: follower.numbers == [0])
        for number in range(1, 121):
            ledger.append(message(number))
            if number % 3 == 0:
                # As a compaction does, a thousand times as often; what was not seen yet stays.
                ledger.drop_oldest(max(0, _count(ledger) - 100))
            if number % 40 == 0:
                _has_shown(follower, number)
        status, err = follower.end()

    assert follower.numbers == list(range(121))
    assert (status, err) == (130, "")


def _has_shown(follower: Follower, number: int) -> None:
    until(lambda: follower.numbers[-1:] == [number])


def _count(ledger: LedgerFile) -> int:
    return ledger.path.read_bytes().count(b"\n")
