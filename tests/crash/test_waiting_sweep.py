"""Die at each step of what waiting writes: a count, a throttle, a wish, a reminder."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from crash.test_crash_sweep import ASK, Folders, Start, nothing, open_store
from helpers.crashes import deaths
from helpers.fakes import FakeTrace
from helpers.stores import ALICE, BOB, RealClock
from oxtail.disk.atomic import Disk
from oxtail.wake.records import FileWakeRecords

pytestmark = pytest.mark.forks

MESSAGE = "aabbccddeeff0011"


def records(home: Path, *, ahead: float = 0.0) -> FileWakeRecords:
    clock = RealClock()
    clock.advance(ahead)
    return FileWakeRecords(
        Disk(str(home), fsync=True),
        clock,
        dedupe_ttl_ms=3_600_000,
        min_interval_ms=4_000,
        trace=FakeTrace(),
    )


def names(home: Path, folder: str) -> list[str]:
    path = home / folder
    found = sorted(os.listdir(path)) if path.is_dir() else []
    return [name for name in found if ".tmp." not in name and not name.startswith("lock-")]


def test_a_wake_that_is_counted(tmp_path: Path) -> None:
    folders = Folders(tmp_path, lambda home: open_store(home).suspend_ask(ASK))
    (name,) = names(folders.template, "pending-ask")
    before = (folders.template / "pending-ask" / name).stat().st_mtime
    counts = set()

    def work(home: Path, start: Start) -> None:
        store = open_store(home, fsync=True)
        start()
        store.woken_for_ask(ALICE, ASK.request_id)

    for home, where in deaths(folders, work):
        store = open_store(home)
        (one,) = store.all_asks(9)
        counts.add(one.attempts)
        assert abs(one.since - before) < 0.001, where
        assert [ask.request_id for ask in store.pending_asks(ALICE)] == [ASK.request_id], where
        assert store.woken_for_ask(ALICE, ASK.request_id), where
        assert store.all_asks(9)[0].attempts == one.attempts + 1, where
        assert store.consume_pending_ask(ALICE, ASK.request_id), where
        assert names(home, "pending-ask") == [], where
    assert counts == {0, 1}
    assert folders.count > 10


def old_throttle(home: Path) -> None:
    records(home).claim_waiters_wake(BOB)
    (name,) = names(home, "waiter-wake")
    os.utime(home / "waiter-wake" / name, (time.time() - 100,) * 2)


def test_a_throttle_that_is_claimed(tmp_path: Path) -> None:
    folders = Folders(tmp_path, old_throttle)
    still_free = 0

    def work(home: Path, start: Start) -> None:
        mine = records(home)
        start()
        assert mine.claim_waiters_wake(BOB)

    for home, where in deaths(folders, work):
        still_free += records(home).claim_waiters_wake(BOB)
        assert not records(home).claim_waiters_wake(BOB), where
        assert len(names(home, "waiter-wake")) == 1, where
        assert records(home, ahead=91).claim_waiters_wake(BOB), where
    assert 0 < still_free < folders.count
    assert folders.count > 12


def test_a_wish(tmp_path: Path) -> None:
    folders = Folders(tmp_path, nothing)
    there = 0

    def work(home: Path, start: Start) -> None:
        mine = records(home)
        start()
        mine.wish(BOB, MESSAGE, ALICE)

    for home, where in deaths(folders, work):
        found = [(home / "pending-wake" / name).read_text() for name in names(home, "pending-wake")]
        there += len(found)
        records(home).wish(BOB, MESSAGE, ALICE)
        (name,) = names(home, "pending-wake")
        text = (home / "pending-wake" / name).read_text()
        assert json.loads(text)["recipientSessionId"] == BOB, where
        assert found in ([], [text]), where
    assert 0 < there < folders.count


def test_a_reminder(tmp_path: Path) -> None:
    folders = Folders(tmp_path, nothing)
    again = 0

    def work(home: Path, start: Start) -> None:
        mine = records(home)
        start()
        assert mine.claim_reminder(MESSAGE, 7)

    for home, where in deaths(folders, work):
        again += records(home).claim_reminder(MESSAGE, 7)
        assert not records(home).claim_reminder(MESSAGE, 7), where
        assert len(names(home, "reminded")) == 1, where
    assert 0 < again < folders.count
