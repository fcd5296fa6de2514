"""When an operator last woke a session: one record for all cockpits, npm ones among them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from helpers.fakes import FakeClock, FakeTrace
from oxtail.core.names import hash32
from oxtail.disk.atomic import Disk
from oxtail.wake.records import FileWakeRecords

SESSION = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"


class World:
    def __init__(self, home: Path) -> None:
        self.home = home / ".oxtail"
        self.clock, self.trace = FakeClock(), FakeTrace()
        self.path = self.home / "operator-wake" / hash32(SESSION)

    def process(self) -> FileWakeRecords:
        return FileWakeRecords(
            Disk(str(self.home)),
            self.clock,
            dedupe_ttl_ms=1,
            min_interval_ms=1,
            operator_interval_ms=5_000,
            trace=self.trace,
        )


@pytest.fixture
def world(home: Path) -> World:
    return World(home)


def test_a_second_wake_within_the_window_is_too_soon_for_every_cockpit(world: World) -> None:
    assert not world.process().is_operator_too_soon(SESSION)
    world.process().stamp_operator(SESSION)
    assert world.process().is_operator_too_soon(SESSION)
    assert not world.process().is_operator_too_soon(OTHER)
    world.clock.advance(5)
    assert not world.process().is_operator_too_soon(SESSION)


def test_the_time_of_change_of_a_private_file_is_the_clock(world: World) -> None:
    world.process().stamp_operator(SESSION)
    assert (world.path.read_bytes(), world.path.stat().st_mtime) == (b"", world.clock.now())
    assert world.path.stat().st_mode & 0o777 == 0o600
    assert world.path.parent.stat().st_mode & 0o777 == 0o700

    # A clock that was set back holds nobody up.
    os.utime(world.path, (world.clock.now() - 1, world.clock.now() - 1))
    assert world.process().is_operator_too_soon(SESSION)
    os.utime(world.path, (world.clock.now() + 60, world.clock.now() + 60))
    assert not world.process().is_operator_too_soon(SESSION)


def test_a_broken_store_never_holds_a_wake_back(world: World) -> None:
    world.home.mkdir()
    (world.home / "operator-wake").write_text("in the way")
    world.process().stamp_operator(SESSION)
    assert not world.process().is_operator_too_soon(SESSION)
    assert len(world.trace.named("autowake_store_error")) == 2
