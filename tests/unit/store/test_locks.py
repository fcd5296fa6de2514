"""One holder at a time; what the dead left is cleared, what the living hold is not."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from helpers.fakes import FakeTrace
from oxtail.disk.atomic import Disk
from oxtail.errors import LockBusy, StoreError
from oxtail.store.files.flock import take_flock
from oxtail.store.files.locks import Locks

NODE = b"0123456789abcdef"
BASH = b"0123456789ab"
PYTHON = b"0123456789abcdef01234567"


class Bench:
    """One file and its lock."""

    def __init__(self, home: Path) -> None:
        self.trace = FakeTrace()
        self.disk = Disk(str(home), fsync=False, trace=self.trace)
        self.file = str(home / "mailboxes" / "5.jsonl")
        self.lock = Path(self.file + ".lock")
        self.owner = Path(self.file + ".lock.owner")
        self.marker = Path(self.file + ".lock.steal")
        self.lock.parent.mkdir(parents=True)

    def locks(self, budget: float = 5.0) -> Locks:
        return Locks(self.disk, budget, self.trace)

    def leave(self, token: bytes | None, *, age: float = 0, mode: int = 0o700) -> None:
        self.lock.mkdir(mode)
        if token is not None:
            self.owner.write_bytes(token)
        when = time.time() - age
        os.utime(self.lock, (when, when))

    def take(self, budget: float = 5.0) -> None:
        with self.locks(budget).holding(self.file, "stale_clear", box="5"):
            assert self.lock.is_dir()

    def is_clean(self) -> bool:
        return not any(path.exists() for path in (self.lock, self.owner, self.marker))


@pytest.fixture
def bench(home: Path) -> Bench:
    return Bench(home / ".oxtail")


@pytest.fixture
def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "pass"])
    child.wait()
    return child.pid


def test_a_held_lock_is_a_folder_with_a_token_beside_it(bench: Bench) -> None:
    with bench.locks().holding(bench.file, "stale_clear") as held:
        assert bench.lock.is_dir()
        assert list(bench.lock.iterdir()) == []
        assert bench.owner.read_bytes() == held.token
        pid, _, random = held.token.partition(b".")
        assert int(pid) == os.getpid()
        assert len(random) == 24
        held.check()

    assert bench.is_clean()


def test_tokens_are_never_used_twice(bench: Bench) -> None:
    tokens = set()
    for _ in range(50):
        with bench.locks().holding(bench.file, "stale_clear") as held:
            tokens.add(held.token)

    assert len(tokens) == 50


def test_a_release_leaves_a_lock_that_is_somebody_elses(bench: Bench) -> None:
    locks = bench.locks()
    held = locks.take(bench.file, "stale_clear")
    bench.owner.write_bytes(b"1." + NODE)
    with pytest.raises(LockBusy):
        held.check()
    locks.give(held)

    assert bench.lock.is_dir()
    assert bench.owner.read_bytes() == b"1." + NODE
    assert bench.trace.named("lock_release_skipped_not_owner") == [{"lock": str(bench.lock)}]


def test_a_release_leaves_a_lock_without_an_owner(bench: Bench) -> None:
    locks = bench.locks()
    held = locks.take(bench.file, "stale_clear")
    bench.owner.unlink()
    locks.give(held)

    assert bench.lock.is_dir()
    assert bench.trace.named("lock_release_skipped_not_owner")


@pytest.mark.parametrize("random", [NODE, BASH, b"12345"])
def test_the_lock_of_a_living_peer_of_another_kind_is_honored(bench: Bench, random: bytes) -> None:
    bench.leave(b"%d.%s" % (os.getpid(), random))
    with pytest.raises(LockBusy):
        bench.take(0.2)

    assert bench.lock.is_dir()
    assert bench.owner.exists()


def test_a_lock_without_an_owner_is_honored_until_it_is_stale(bench: Bench) -> None:
    bench.leave(None, age=29)
    with pytest.raises(LockBusy):
        bench.take(0.2)
    when = time.time() - 31
    os.utime(bench.lock, (when, when))
    bench.take(0.2)

    assert bench.is_clean()
    assert bench.trace.named("stale_clear") == [{"box": "5"}]


@pytest.mark.parametrize("token", [None, b"1." + NODE, b"odd token", b""])
def test_a_stale_lock_is_cleared_whatever_its_token(bench: Bench, token: bytes | None) -> None:
    bench.leave(token, age=60)
    bench.take(0.2)

    assert bench.is_clean()


def test_a_lock_from_the_future_is_not_stale(bench: Bench) -> None:
    bench.leave(None, age=-3600)
    with pytest.raises(LockBusy):
        bench.take(0.2)

    assert bench.lock.is_dir()


def test_what_a_dead_python_peer_left_is_cleared_at_once(bench: Bench) -> None:
    # The pid may belong to somebody by now: the free kernel lock is the proof.
    bench.leave(b"%d.%s" % (os.getpid(), PYTHON), mode=0o500)
    bench.take(0.0)

    assert bench.is_clean()


def test_what_a_python_peer_left_before_its_token_is_cleared_at_once(bench: Bench) -> None:
    bench.leave(None, mode=0o500)
    bench.take(0.0)

    assert bench.is_clean()


def test_the_lock_of_a_dead_peer_of_another_kind_is_cleared_soon(
    bench: Bench, dead_pid: int
) -> None:
    bench.leave(b"%d.%s" % (dead_pid, NODE))
    bench.take(2.0)

    assert bench.is_clean()
    assert bench.trace.named("stale_clear")


def test_a_lock_that_changes_hands_between_the_dead_is_looked_at_anew(
    bench: Bench, dead_pid: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.leave(b"%d.%s" % (dead_pid, NODE))
    pauses = []

    def renew(seconds: float) -> None:
        pauses.append(seconds)
        bench.owner.write_bytes(b"%d.%016x" % (dead_pid, len(pauses)))

    monkeypatch.setattr(time, "sleep", renew)
    with pytest.raises(LockBusy):
        bench.take(0.3)


def test_a_marker_of_another_peer_makes_the_clearer_wait(bench: Bench) -> None:
    bench.leave(None, age=60)
    bench.marker.mkdir()
    with pytest.raises(LockBusy):
        bench.take(0.2)
    assert bench.lock.is_dir()
    when = time.time() - 31
    os.utime(bench.marker, (when, when))
    bench.take(1.0)

    assert bench.is_clean()


def test_a_marker_of_a_dead_python_peer_is_cleared_at_once(bench: Bench) -> None:
    bench.leave(None, age=60)
    bench.marker.mkdir(0o500)
    bench.take(1.0)

    assert bench.is_clean()


def test_a_lock_whose_clearer_died_half_way_is_cleared_soon(bench: Bench) -> None:
    bench.leave(None)
    bench.marker.mkdir(0o500)
    bench.take(2.0)

    assert bench.is_clean()


def test_a_lock_that_was_taken_anew_while_it_was_looked_at_stays(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.leave(b"1." + NODE, age=60)
    real = os.mkdir
    taken = b"%d.%s" % (os.getpid(), NODE)

    def retake(path: str, mode: int = 0o777) -> None:
        real(path, mode)
        if path.endswith(".steal"):
            bench.owner.write_bytes(taken)
            os.utime(bench.lock)

    monkeypatch.setattr(os, "mkdir", retake)
    with pytest.raises(LockBusy):
        bench.take(0.2)

    assert bench.owner.read_bytes() == taken


def test_a_stale_lock_that_is_no_empty_folder_is_set_aside(bench: Bench) -> None:
    bench.leave(None, age=60)
    (bench.lock / "stray").write_text("?")
    when = time.time() - 60
    os.utime(bench.lock, (when, when))
    bench.take(1.0)

    assert bench.is_clean()
    assert bench.trace.named("damaged_set_aside")


def test_a_stale_lock_that_is_a_file_is_set_aside(bench: Bench) -> None:
    bench.lock.write_text("?")
    when = time.time() - 60
    os.utime(bench.lock, (when, when))
    bench.take(1.0)

    assert bench.is_clean()


@pytest.mark.parametrize("call", ["pwrite", "link"])
def test_without_a_token_the_folder_does_not_stay(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_args: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(StoreError):
        bench.take()
    monkeypatch.undo()

    assert bench.is_clean()
    bench.take(0.2)


def test_without_links_the_token_is_a_file_of_its_own(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_source: str, _target: str) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with bench.locks().holding(bench.file, "stale_clear") as held:
        assert bench.owner.read_bytes() == held.token
        assert bench.owner.stat().st_nlink == 1
    assert bench.is_clean()


@pytest.mark.parametrize("kind", ["file", "link to the side file", "dangling link"])
def test_an_orphan_token_is_replaced(bench: Bench, kind: str) -> None:
    bench.take()
    if kind == "file":
        bench.owner.write_bytes(b"1." + NODE)
    elif kind == "dangling link":
        bench.owner.symlink_to("/nowhere/at/all")
    else:
        os.link(bench.file + ".lock.flock", bench.owner)
    with bench.locks().holding(bench.file, "stale_clear") as held:
        assert bench.owner.read_bytes() == held.token
        held.check()

    assert bench.is_clean()


def test_a_peer_that_writes_into_an_orphan_keeps_its_lock(bench: Bench) -> None:
    """Its token lies in the side file then, which a waiting Python peer must not touch."""
    bench.take()
    os.link(bench.file + ".lock.flock", bench.owner)
    bench.lock.mkdir()
    token = b"%d.%s" % (os.getpid(), NODE)
    bench.owner.write_bytes(token)
    with pytest.raises(LockBusy):
        bench.take(0.1)

    assert bench.owner.read_bytes() == token


def test_without_kernel_locks_the_folder_alone_decides(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with bench.locks().holding(bench.file, "stale_clear") as held:
        assert len(held.token.partition(b".")[2]) == 16
        assert bench.lock.stat().st_mode & 0o777 == 0o700
    assert bench.is_clean()
    # Without the kernel lock nothing proves that the maker of this one is gone.
    bench.leave(b"1." + PYTHON, mode=0o500)
    with pytest.raises(LockBusy):
        bench.take(0.2)


def test_threads_of_one_process_take_turns(bench: Bench) -> None:
    inside, seen = [0], []

    def work() -> None:
        for _ in range(20):
            with bench.locks().holding(bench.file, "stale_clear"):
                inside[0] += 1
                seen.append(inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [1] * 80
    assert bench.is_clean()


def test_a_side_file_that_was_swept_away_is_made_anew(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    locks = bench.locks()
    first = locks.take(bench.file, "stale_clear")
    result: list[bool] = []
    waiting = threading.Event()

    def take(descriptor: int, deadline: float) -> bool:
        waiting.set()
        return take_flock(descriptor, deadline)

    monkeypatch.setattr("oxtail.store.files.locks.take_flock", take)

    def other() -> None:
        with locks.holding(bench.file, "stale_clear") as held:
            assert held.flock is not None
            side = os.stat(bench.file + ".lock.flock")
            result.append(os.fstat(held.flock).st_ino == side.st_ino)

    thread = threading.Thread(target=other)
    thread.start()
    assert waiting.wait(60)
    os.unlink(bench.file + ".lock.flock")
    locks.give(first)
    thread.join()

    assert result == [True]


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_a_side_file_that_is_no_file_is_set_aside(bench: Bench, kind: str) -> None:
    side = Path(bench.file + ".lock.flock")
    side.symlink_to("/dev/null") if kind == "link" else side.mkdir()
    bench.take()

    assert side.is_file()
    assert not side.is_symlink()


def test_an_exception_in_the_block_gives_the_lock_back(bench: Bench) -> None:
    with pytest.raises(KeyError), bench.locks().holding(bench.file, "stale_clear"):
        raise KeyError("x")

    assert bench.is_clean()
    bench.take(0.0)
