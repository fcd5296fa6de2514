"""Of all who wait for one session, one wakes it."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import pytest

from helpers.crowds import crowd
from helpers.stores import RealClock
from oxtail.core.names import hash32
from oxtail.disk.atomic import Disk
from oxtail.wake.records import FileWakeRecords

ROUNDS = 25
SESSION = "11111111-1111-4111-8111-111111111111"


def records(home: Path) -> FileWakeRecords:
    return FileWakeRecords(
        Disk(str(home / ".oxtail"), fsync=False),
        RealClock(),
        dedupe_ttl_ms=3_600_000,
        min_interval_ms=4_000,
    )


def let_pass(home: Path, session_id: str) -> Path:
    """Leave a record that is too old to count."""
    path = home / ".oxtail" / "waiter-wake" / hash32(session_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (time.time() - 100,) * 2)
    return path


def sessions() -> list[str]:
    """Return sessions no two of which share a lock."""
    found: dict[str, str] = {}
    for number in range(1000):
        found.setdefault(hash32(f"session-{number}")[:2], f"session-{number}")
    return list(found.values())[:ROUNDS]


@pytest.mark.parametrize("old", [False, True])
def test_one_of_a_crowd_wins_each_session(home: Path, old: bool) -> None:
    for session_id in sessions() if old else ():
        let_pass(home, session_id)

    def claim(_: int) -> str:
        mine = records(home)
        return " ".join(each for each in sessions() if mine.claim_waiters_wake(each))

    won = Counter(word for text in crowd(8, claim) for word in text.split())
    assert won == dict.fromkeys(sessions(), 1)


def test_two_that_come_while_one_replaces_an_old_record_lose(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_pass(home, SESSION)
    first, second, third = (records(home) for _ in range(3))
    won: list[str] = []
    rename = os.rename

    def between(source: str, target: str) -> None:
        monkeypatch.setattr(os, "rename", rename)
        if second.claim_waiters_wake(SESSION):
            won.append("second")
        rename(source, target)
        if third.claim_waiters_wake(SESSION):
            won.append("third")

    monkeypatch.setattr(os, "rename", between)
    if first.claim_waiters_wake(SESSION):
        won.append("first")

    assert won == ["first"]
