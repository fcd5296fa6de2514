from __future__ import annotations

import os
from pathlib import Path

import pytest

from helpers.fakes import ALICE, BOB, FakeClock
from oxtail.disk.atomic import Disk
from oxtail.errors import StoreError
from oxtail.wake.records import TYPINGS_KEPT_SECONDS, FileTypings


@pytest.fixture
def disk(home: Path) -> Disk:
    return Disk(str(home / ".oxtail"))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def typings(disk: Disk, clock: FakeClock) -> FileTypings:
    return FileTypings(disk, clock, window_ms=1_000)


def test_another_process_sees_that_keys_were_typed_a_moment_ago(
    disk: Disk, clock: FakeClock
) -> None:
    assert not typings(disk, clock).is_too_soon(ALICE)
    typings(disk, clock).stamp(ALICE)
    clock.advance(0.9)
    assert typings(disk, clock).is_too_soon(ALICE)
    assert not typings(disk, clock).is_too_soon(BOB)
    clock.advance(0.1)
    assert not typings(disk, clock).is_too_soon(ALICE)


def test_a_stamp_from_the_future_does_not_debounce(disk: Disk, clock: FakeClock) -> None:
    typings(disk, clock).stamp(ALICE)
    clock.advance(-5)
    assert not typings(disk, clock).is_too_soon(ALICE)


def test_records_of_long_ago_are_dropped_and_locks_stay(disk: Disk, clock: FakeClock) -> None:
    typings(disk, clock).stamp(ALICE)
    lock = Path(disk.layout.doors) / "pane-ab.lock.flock"
    lock.touch()
    os.utime(lock, (1, 1))
    clock.advance(TYPINGS_KEPT_SECONDS + 1)
    typings(disk, clock).stamp(BOB)
    names = sorted(os.listdir(disk.layout.doors))
    assert names == ["pane-ab.lock.flock", os.path.basename(disk.layout.typed_at(BOB))]


def test_an_unusable_folder_is_told_to_the_caller(disk: Disk, clock: FakeClock) -> None:
    os.makedirs(disk.layout.home)
    Path(disk.layout.doors).write_text("no folder")
    with pytest.raises((OSError, StoreError)):
        typings(disk, clock).stamp(ALICE)
    with pytest.raises(OSError, match="Not a directory"):
        typings(disk, clock).is_too_soon(ALICE)


def test_two_panes_that_differ_have_few_locks_between_all_of_them(disk: Disk) -> None:
    locks = {disk.layout.pane_lock(f"/tmp/tmux-0/default %{number}") for number in range(5_000)}
    assert 200 < len(locks) <= 256
