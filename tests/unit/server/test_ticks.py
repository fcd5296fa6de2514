"""The watchdog is driven by the server's timers, one tick at a time."""

from __future__ import annotations

import threading

import pytest

from helpers.fakes import ALICE, FakeClock, World
from helpers.waiting import until
from oxtail.app.watchdog import Tick, Watchdog
from oxtail.server.ticks import Ticks
from oxtail.server.timers import Timers


class Gate:
    """Stands in for a watchdog's tick, which goes on when it is told."""

    def __init__(self) -> None:
        self.begun = 0
        self.go_on = threading.Event()

    def tick(self) -> Tick:
        self.begun += 1
        assert self.go_on.wait(60)
        return Tick("looked")


@pytest.fixture
def gate(monkeypatch) -> Gate:
    gate = Gate()
    monkeypatch.setattr(Watchdog, "tick", gate.tick)
    return gate


def test_the_first_tick_comes_after_one_interval_and_then_one_each(gate):
    clock = FakeClock()
    timers = Timers(clock.monotonic)
    ticks = Ticks(World().context(ALICE, pid=1), timers)
    gate.go_on.set()
    ticks.start()
    timers.run_due()
    assert gate.begun == 0
    for count in (1, 2, 3):
        clock.advance(60)
        timers.run_due()
        until(lambda count=count: gate.begun == count)
        ticks._thread.join(60)

    assert timers.wait(999) == 60


def test_a_tick_that_takes_long_is_not_doubled_and_ends_with_the_server(gate):
    clock = FakeClock()
    timers = Timers(clock.monotonic)
    ticks = Ticks(World().context(ALICE, pid=1, waiter_heal_interval_ms=1_000), timers)
    ticks.start()
    for _ in range(3):
        clock.advance(1)
        timers.run_due()
    until(lambda: gate.begun == 1)
    assert ticks._thread.daemon

    ticks.finish(0.01)
    gate.go_on.set()
    ticks.finish(5)
    clock.advance(1)
    timers.run_due()
    assert gate.begun == 1
