"""A lock folder is passed on to one who waits, and never kept for nobody."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpers.fakes import FakeTrace
from helpers.waiting import until
from oxtail.disk.atomic import Disk
from oxtail.errors import LockBusy
from oxtail.store.files import handover
from oxtail.store.files.locks import Held, Locks

LONGEST_SECONDS = 60.0


class Bench:
    """One file, its lock, and who waits for it."""

    def __init__(self, home: Path) -> None:
        self.trace = FakeTrace()
        self.disk = Disk(str(home), fsync=False, trace=self.trace)
        self.file = str(home / "mailboxes" / "5.jsonl")
        self.lock = Path(self.file + ".lock")
        self.queue = Path(self.file + ".lock.queue")
        self.owner = Path(self.file + ".lock.owner")
        self.lock.parent.mkdir(parents=True)
        self.locks = Locks(self.disk, 5.0, self.trace)

    def take(self) -> Held:
        return self.locks.take(self.file, "stale_clear")

    def take_crowded(self) -> Held:
        """Take the lock as one who had to wait for it."""
        first = self.take()
        taken: list[Held] = []
        thread = threading.Thread(target=lambda: taken.append(self.take()))
        thread.start()
        until(self.is_awaited)
        self.locks.give(first)
        thread.join()
        return taken[0]

    def is_awaited(self) -> bool:
        return handover.is_awaited(str(self.lock))

    @contextmanager
    def somebody_waits(self) -> Iterator[None]:
        with handover.waiting(str(self.lock)):
            yield

    def is_free(self) -> bool:
        with open(f"{self.lock}.flock", "rb") as side:
            try:
                fcntl.flock(side, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True


@pytest.fixture
def bench(home: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A folder may be passed on for a minute: a test may take longer than a tenth of a second."""
    monkeypatch.setattr(handover, "LONGEST_CHAIN_SECONDS", LONGEST_SECONDS)
    return Bench(home / ".oxtail")


def inode(path: Path) -> int:
    return path.stat().st_ino


def test_a_folder_is_passed_on_to_one_who_waits(bench: Bench) -> None:
    held = bench.take_crowded()
    folder = inode(bench.lock)

    with bench.somebody_waits():
        bench.locks.give(held)
        assert bench.is_free()
        assert inode(bench.lock) == folder

    heir = bench.take()
    assert inode(bench.lock) == folder
    assert bench.owner.read_bytes() == heir.token != held.token
    bench.locks.give(heir)
    assert not bench.lock.exists()
    assert not bench.owner.exists()
    assert bench.trace.events == []


def test_a_holder_that_did_not_wait_passes_nothing_on(bench: Bench) -> None:
    held = bench.take()

    with bench.somebody_waits():
        bench.locks.give(held)

    assert not bench.lock.exists()


def test_nothing_is_passed_on_to_nobody(bench: Bench) -> None:
    bench.locks.give(bench.take_crowded())

    assert not bench.lock.exists()
    assert not bench.owner.exists()


def test_a_folder_that_was_passed_on_for_long_is_removed_although_somebody_waits(
    bench: Bench,
) -> None:
    held = bench.take_crowded()
    held.made_at -= LONGEST_SECONDS

    with bench.somebody_waits():
        bench.locks.give(held)

    assert not bench.lock.exists()


def test_an_heir_counts_the_age_from_the_making(bench: Bench) -> None:
    held = bench.take_crowded()
    then = time.time() - LONGEST_SECONDS / 2
    os.utime(bench.lock, (then, then))
    with bench.somebody_waits():
        bench.locks.give(held)

    heir = bench.take()

    assert heir.made_at == pytest.approx(then, abs=0.001)
    bench.locks.give(heir)


def test_an_old_folder_is_cleared_and_made_anew(bench: Bench) -> None:
    held = bench.take_crowded()
    with bench.somebody_waits():
        bench.locks.give(held)
    then = time.time() - 2 * LONGEST_SECONDS
    os.utime(bench.lock, (then, then))

    heir = bench.take()

    assert [name for name, _ in bench.trace.events] == ["stale_clear"]
    bench.locks.give(heir)
    assert not bench.lock.exists()


def test_the_folder_of_another_kind_of_peer_is_not_gone_on_with(bench: Bench) -> None:
    locks = Locks(bench.disk, 0.05, bench.trace)
    bench.lock.mkdir(0o700)
    bench.owner.write_text(f"{os.getpid()}.0123456789abcdef")

    with pytest.raises(LockBusy):
        locks.take(bench.file, "stale_clear")


def test_a_lock_that_was_taken_over_is_not_passed_on(bench: Bench) -> None:
    held = bench.take_crowded()
    bench.owner.unlink()
    bench.owner.write_text("7.0123456789abcdef")

    with bench.somebody_waits():
        bench.locks.give(held)

    assert [name for name, _ in bench.trace.events] == ["lock_release_skipped_not_owner"]
    assert bench.owner.read_text() == "7.0123456789abcdef"


def once(action: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do *action* right after the first look at the queue."""
    real, looks = handover.is_awaited, []

    def look(lock: str) -> bool:
        seen = real(lock)
        looks.append(seen)
        if len(looks) == 1:
            action()
        return seen

    monkeypatch.setattr(handover, "is_awaited", look)


def test_one_who_gives_up_just_then_leaves_no_folder_behind(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = bench.take_crowded()
    waiter = handover.waiting(str(bench.lock))
    waiter.__enter__()
    once(lambda: waiter.__exit__(None, None, None), monkeypatch)

    bench.locks.give(held)

    assert not bench.lock.exists()
    assert not bench.owner.exists()
    assert bench.is_free()
    assert bench.trace.events == []


def test_one_who_gives_up_looks_a_last_time_after_it_has_left_the_queue(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = bench.take()
    locks = Locks(bench.disk, 0.02, bench.trace)
    real = handover.waiting

    @contextmanager
    def waiting(lock: str) -> Iterator[None]:
        with real(lock):
            yield
        bench.locks.give(held)

    monkeypatch.setattr(handover, "waiting", waiting)

    locks.give(locks.take(bench.file, "stale_clear"))

    assert not bench.lock.exists()


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_a_queue_that_is_no_file_only_keeps_folders_from_being_passed_on(
    bench: Bench, kind: str
) -> None:
    bench.queue.symlink_to("/dev/null") if kind == "link" else bench.queue.mkdir()

    first = bench.take()
    thread = threading.Thread(target=lambda: bench.locks.give(bench.take()))
    thread.start()
    bench.locks.give(first)
    thread.join()

    assert not bench.lock.exists()
