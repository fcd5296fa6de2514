"""One process of a host carries; when it ends, another one does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.fakes import FakeTrace
from helpers.waiting import until
from oxtail.disk.atomic import Disk
from oxtail.store.files.carriage import Carriage, is_carried, take_lock

PATIENT = [sys.executable, "-I", "-S", "-c", "import sys; sys.stdin.read()"]
HASTY = [sys.executable, "-I", "-S", "-c", "pass"]


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(str(tmp_path / ".oxtail"), fsync=False, trace=FakeTrace())


def carriage(disk: Disk, command: list[str] = PATIENT, clock: Clock | None = None) -> Carriage:
    return Carriage(disk, command, clock or Clock())


def test_only_one_of_many_servers_carries(disk: Disk) -> None:
    first, second = carriage(disk), carriage(disk)
    assert not is_carried(disk)
    first.look()
    second.look()
    assert is_carried(disk)
    assert first._process is not None
    assert second._process is None
    first.stop(5)
    second.look()
    assert second._process is not None
    second.stop(5)
    assert not is_carried(disk)


def test_a_carrier_ends_with_its_server_and_another_takes_over(disk: Disk) -> None:
    """The server is killed, so nobody tells the carrier but the end of its input."""
    program = (
        "import sys, time; sys.path[:0] = sys.argv[2:]\n"
        "from unit.store.test_carriage import *\n"
        "c = carriage(Disk(sys.argv[1])); c.look(); print(c._process.pid, flush=True)\n"
        "time.sleep(60)"
    )
    command = [sys.executable, "-c", program, disk.layout.home, *sys.path]
    server = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert server.stdout
    carrier = int(server.stdout.readline())
    other = carriage(disk)
    other.look()
    assert other._process is None
    server.send_signal(signal.SIGKILL)
    server.wait()
    server.stdout.close()
    # The old carrier held the lock, too, so it has ended as well.
    until(lambda: (other.look(), other._process)[1])
    assert other._process is not None
    assert other._process.pid != carrier
    other.stop(5)


def test_a_carrier_that_keeps_ending_is_started_ever_more_rarely(disk: Disk) -> None:
    clock = Clock()
    one = carriage(disk, HASTY, clock)
    for starts in range(1, 6):
        one.look()
        assert one._process is not None
        one._process.wait()
        one.look()
        assert one._process is None
        one.look()
        assert one._process is None, "not before the pause is over"
        clock.time += 2.0**starts
    one.stop(5)
    assert not is_carried(disk)


def test_a_lock_that_cannot_be_used_is_traced(disk: Disk) -> None:
    os.makedirs(os.path.dirname(disk.layout.nats))
    Path(disk.layout.nats).write_text("in the way")
    carriage(disk).look()
    assert isinstance(disk.trace, FakeTrace)
    assert [event for event, _ in disk.trace.events] == ["carrier_failed"]


def test_the_lock_is_free_once_it_is_closed(disk: Disk) -> None:
    held = take_lock(disk)
    assert held is not None
    assert take_lock(disk) is None
    os.close(held)
    again = take_lock(disk)
    assert again is not None
    os.close(again)
