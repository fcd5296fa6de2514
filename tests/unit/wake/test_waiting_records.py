"""The records that waiting leaves: one wake for all waiters, wishes for npm peers, one reminder."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

import pytest

from helpers.fakes import FakeClock, FakeTrace
from helpers.stores import Hosts
from oxtail.disk.atomic import Disk
from oxtail.wake.records import FileWakeRecords

SESSION = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
MESSAGE = "aabbccddeeff0011"
THROTTLE = "bd7662a5eeb41614e720d477abfcb227"
WISH = "w-7d58a696a7ff32ae4b515b53d91dcad1"


class World:
    def __init__(self, home: Path) -> None:
        self.home = home / ".oxtail"
        self.clock = FakeClock()
        self.trace = FakeTrace()
        self.disk = Disk(str(self.home))
        self.records = self.process()

    def process(self) -> FileWakeRecords:
        return FileWakeRecords(
            Disk(str(self.home)),
            self.clock,
            dedupe_ttl_ms=3_600_000,
            min_interval_ms=4_000,
            waiters_interval_ms=90_000,
            trace=self.trace,
        )

    def names(self, folder: str) -> list[str]:
        path = self.home / folder
        names = sorted(os.listdir(path)) if path.is_dir() else []
        return [name for name in names if not name.startswith("lock-")]


@pytest.fixture
def world(home: Path) -> World:
    return World(home)


def test_one_of_all_waiters_wakes_a_session(world: World) -> None:
    assert world.records.claim_waiters_wake(SESSION)
    assert not world.process().claim_waiters_wake(SESSION)
    assert world.process().claim_waiters_wake(OTHER)

    path = world.home / "waiter-wake" / THROTTLE
    assert (path.read_bytes(), path.stat().st_mtime) == (b"", world.clock.now())
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_next_waiter_waits_as_long_as_the_throttle(world: World) -> None:
    world.records.claim_waiters_wake(SESSION)
    world.clock.advance(89.9)
    assert not world.records.claim_waiters_wake(SESSION)
    world.clock.advance(0.2)
    assert world.records.claim_waiters_wake(SESSION)
    assert not world.records.claim_waiters_wake(SESSION)
    assert world.names("waiter-wake") == [THROTTLE]


def test_a_record_of_an_npm_peer_counts(world: World) -> None:
    folder = world.home / "waiter-wake"
    folder.mkdir(parents=True)
    (folder / THROTTLE).touch()
    os.utime(folder / THROTTLE, (world.clock.now() - 60,) * 2)

    assert not world.records.claim_waiters_wake(SESSION)
    os.utime(folder / THROTTLE, (world.clock.now() - 91,) * 2)
    assert world.records.claim_waiters_wake(SESSION)


def test_a_record_of_the_far_future_blocks_nobody(world: World) -> None:
    world.records.claim_waiters_wake(SESSION)
    world.clock.advance(-60)
    assert not world.records.claim_waiters_wake(SESSION)
    world.clock.advance(-3_600)
    assert world.records.claim_waiters_wake(SESSION)


def test_an_old_record_that_was_replaced_meanwhile_is_left(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.records.claim_waiters_wake(SESSION)
    world.clock.advance(100)
    path = world.home / "waiter-wake" / THROTTLE
    real = Disk.remove_unchanged

    def overtaken(disk: Disk, name: str, stamp: object) -> bool:
        path.unlink()
        path.write_text("npm")
        return real(disk, name, stamp)  # type: ignore[arg-type]

    monkeypatch.setattr(Disk, "remove_unchanged", overtaken)
    assert not world.records.claim_waiters_wake(SESSION)
    assert path.read_text() == "npm"


def test_a_name_that_is_taken_in_the_last_moment_loses(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Disk.create

    def overtaken(disk: Disk, path: str, data: bytes, **more: object) -> bool:
        Path(path).write_text("npm")
        return real(disk, path, data, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Disk, "create", overtaken)
    assert not world.records.claim_waiters_wake(SESSION)


def test_whoever_finds_another_one_deciding_loses_without_waiting(world: World) -> None:
    world.records.claim_waiters_wake(SESSION)
    world.clock.advance(100)
    lock = world.home / "waiter-wake" / f"lock-{THROTTLE[:2]}"
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert not world.records.claim_waiters_wake(SESSION)
    assert world.records.claim_waiters_wake(SESSION)


@pytest.mark.parametrize("folder", ["waiter-wake", "pending-wake", "reminded"])
def test_records_that_cannot_be_used_refuse_and_say_why(world: World, folder: str) -> None:
    world.home.mkdir()
    (world.home / folder).write_text("in the way")
    if folder == "waiter-wake":
        assert not world.records.claim_waiters_wake(SESSION)
    elif folder == "reminded":
        assert not world.records.claim_reminder(MESSAGE, 7)
    else:
        world.records.wish(SESSION, MESSAGE, OTHER)

    assert len(world.trace.named("waiting_store_error")) == 1


def test_a_wish_is_what_npm_peers_read(world: World) -> None:
    world.records.wish(SESSION, MESSAGE, OTHER)

    path = world.home / "pending-wake" / WISH
    now_ms = int(world.clock.now() * 1000)
    assert path.read_text() == (
        f'{{"recipientSessionId":"{SESSION}","messageId":"{MESSAGE}","senderSessionId":"{OTHER}",'
        f'"sentAt":{now_ms},"attempts":0,"lastAttemptAt":null}}'
    )
    assert path.stat().st_mtime == world.clock.now()
    assert world.names("pending-wake") == [WISH]


def test_a_wish_that_is_there_keeps_its_count_and_its_clock(world: World) -> None:
    world.records.wish(SESSION, MESSAGE, None)
    path = world.home / "pending-wake" / WISH
    assert json.loads(path.read_text())["senderSessionId"] is None
    path.write_text(path.read_text().replace('"attempts":0', '"attempts":2'))
    world.clock.advance(10)
    world.records.wish(SESSION, MESSAGE, OTHER)

    assert json.loads(path.read_text())["attempts"] == 2


def test_one_reminder_is_given_for_each_deadline(world: World) -> None:
    assert world.records.claim_reminder(MESSAGE, 1_800_000_000)
    assert not world.process().claim_reminder(MESSAGE, 1_800_000_000)
    assert world.records.claim_reminder(MESSAGE, 1_800_000_060)
    assert world.records.claim_reminder("1100ffeeddccbbaa", 1_800_000_000)


def test_the_sweep_removes_what_no_longer_counts(hosts: Hosts, home: Path) -> None:
    store = hosts.process(pending_wake_ttl_ms=60_000)
    records = FileWakeRecords(
        hosts.disk, hosts.clock, dedupe_ttl_ms=1, min_interval_ms=1, waiters_interval_ms=1
    )
    records.wish(SESSION, MESSAGE, OTHER)
    records.claim_waiters_wake(SESSION)
    records.claim_reminder(MESSAGE, 7)
    hosts.path("pending-wake", f"{WISH}.tmp.1.00112233").write_text("{}")
    hosts.path("waiter-wake", f"{THROTTLE}.stale.1.00112233").touch()
    for folder in ("pending-wake", "waiter-wake", "reminded"):
        hosts.path(folder, "notes").write_text("not ours")

    hosts.clock.advance(59)
    store.sweep()
    assert WISH in hosts.names("pending-wake")
    hosts.clock.advance(2)
    store.sweep()
    assert hosts.names("pending-wake") == ["notes"]
    assert THROTTLE in hosts.names("waiter-wake")
    hosts.clock.advance(86_400)
    store.sweep()
    assert hosts.names("waiter-wake") == [f"lock-{THROTTLE[:2]}", "notes"]
    assert len(hosts.names("reminded")) == 2
    hosts.clock.advance(60 * 86_400)
    store.sweep()
    assert hosts.names("reminded") == ["notes"]


@pytest.fixture
def hosts(home: Path) -> Hosts:
    return Hosts(home / ".oxtail")
