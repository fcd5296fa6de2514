from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from helpers.fakes import FakeClock, FakeTrace
from oxtail.disk.atomic import Disk
from oxtail.wake.records import FileWakeRecords

SESSION = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
REQUEST = "00112233445566ff"
DEDUPE = "d-a993b6cbbc32e37a9330e41c7928f028"
RATE = "r-bd7662a5eeb41614e720d477abfcb227"
HOUR = 3_600.0


class World:
    def __init__(self, home: Path) -> None:
        self.folder = home / ".oxtail" / "autowake"
        self.clock = FakeClock()
        self.trace = FakeTrace()
        self.records = FileWakeRecords(
            Disk(str(home / ".oxtail")),
            self.clock,
            dedupe_ttl_ms=3_600_000,
            min_interval_ms=4_000,
            trace=self.trace,
        )

    def claim(self, session_id: str = SESSION, reply_to: str = REQUEST) -> str | None:
        """Claim a wake; what it wrote gets the fake clock's time."""
        before = self.written()
        answer = self.records.claim_reply_wake(session_id, reply_to)
        for name, at in self.written().items():
            if before.get(name) != at:
                self.date(name, self.clock.now())
        return answer

    def names(self) -> list[str]:
        return sorted(os.listdir(self.folder)) if self.folder.is_dir() else []

    def written(self) -> dict[str, int]:
        return {name: (self.folder / name).stat().st_mtime_ns for name in self.names()}

    def date(self, name: str, at: float) -> None:
        os.utime(self.folder / name, (at, at))


@pytest.fixture
def world(home: Path) -> World:
    return World(home)


def test_the_first_claim_wins_and_leaves_both_records(world: World) -> None:
    assert world.claim() is None
    assert world.names() == [DEDUPE, RATE]
    now_ms = int(world.clock.now() * 1000)
    body = (world.folder / DEDUPE).read_text()
    assert body == json.dumps(
        {"sessionId": SESSION, "replyTo": REQUEST, "at": now_ms}, separators=(",", ":")
    )
    assert (world.folder / RATE).read_text() == str(now_ms)
    assert {(world.folder / name).stat().st_mode & 0o777 for name in world.names()} == {0o600}


def test_one_answer_wakes_once(world: World) -> None:
    world.claim()
    world.clock.advance(HOUR - 1)
    assert world.claim() == "skipped_deduped"
    world.clock.advance(1)
    assert world.claim() is None


def test_answers_to_two_questions_wake_no_faster_than_the_interval(world: World) -> None:
    world.claim()
    world.clock.advance(3.9)
    assert world.claim(reply_to="second") == "skipped_rate_limited"
    assert world.claim(session_id=OTHER) is None
    world.clock.advance(0.2)
    assert world.claim(reply_to="second") is None


def test_a_refused_claim_leaves_no_record(world: World) -> None:
    world.claim()
    world.claim(reply_to="second")
    assert world.names() == [DEDUPE, RATE]


def test_a_clock_that_was_set_back_limits_nobody_by_rate(world: World) -> None:
    world.claim()
    world.clock.advance(-600)
    assert world.claim(reply_to="second") is None
    assert world.claim() == "skipped_deduped"


def test_expired_records_are_removed_whoever_they_belong_to(world: World) -> None:
    world.folder.mkdir(parents=True)
    for name in ("d-old", "r-old", "d-old.tmp.1.abc", "x-old", "d-new", "d-future"):
        (world.folder / name).touch()
        world.date(name, world.clock.now() - HOUR)
    world.date("d-new", world.clock.now() - HOUR + 1)
    world.date("d-future", world.clock.now() + 10 * HOUR)
    world.claim()
    assert world.names() == sorted([DEDUPE, RATE, "d-new", "x-old"])


def test_a_record_of_another_implementation_counts(world: World) -> None:
    world.folder.mkdir(parents=True)
    (world.folder / DEDUPE).write_text("anything")
    world.date(DEDUPE, world.clock.now() - 60)
    assert world.claim() == "skipped_deduped"


def test_losing_the_race_for_the_name_is_deduped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = Disk.create

    def overtaken(disk: Disk, path: str, data: bytes, *, durable: bool = False) -> bool:
        Path(path).write_text("the other one")
        return create(disk, path, data, durable=durable)

    monkeypatch.setattr(Disk, "create", overtaken)
    assert world.claim() == "skipped_deduped"


def test_a_store_that_cannot_be_used_refuses_and_says_why(world: World) -> None:
    world.folder.parent.mkdir()
    world.folder.write_text("in the way")
    assert world.claim() == "skipped_store_error"
    world.records.stamp(SESSION, REQUEST)
    assert len(world.trace.named("autowake_store_error")) == 2


def test_a_stamp_counts_as_a_wake(world: World) -> None:
    world.records.stamp(SESSION, REQUEST)
    for name in world.names():
        world.date(name, world.clock.now())
    assert world.names() == [DEDUPE, RATE]
    assert world.claim() == "skipped_deduped"
    assert world.claim(reply_to="second") == "skipped_rate_limited"
