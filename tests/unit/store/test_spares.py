"""A lock folder that is given back is put aside and used again; nobody's folder is replaced."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from helpers.fakes import FakeTrace
from oxtail.disk.atomic import Disk
from oxtail.errors import LockBusy
from oxtail.store.files.locks import Locks
from oxtail.store.files.marks import PYTHON_MODE
from oxtail.store.files.rename import renamer
from oxtail.store.files.spares import Spares


class Bench:
    """One file, its lock, and the spare folder of that."""

    def __init__(self, home: Path) -> None:
        self.trace = FakeTrace()
        self.disk = Disk(str(home), fsync=False, trace=self.trace)
        self.file = str(home / "mailboxes" / "5.jsonl")
        self.lock = Path(self.file + ".lock")
        self.spare = Path(self.file + ".lock.spare")
        self.lock.parent.mkdir(parents=True)

    def locks(self, spares: Spares | None, budget: float = 5.0) -> Locks:
        return Locks(self.disk, budget, self.trace, spares)

    def take(self, spares: Spares | None, budget: float = 5.0) -> tuple[int, float]:
        """Take the lock and give it back; return the inode and the age of its folder."""
        with self.locks(spares, budget).holding(self.file, "stale_clear"):
            found = self.lock.stat()
            return found.st_ino, time.time() - found.st_mtime


@pytest.fixture
def bench(home: Path) -> Bench:
    return Bench(home / ".oxtail")


@pytest.fixture
def spares() -> Spares:
    return Spares(PYTHON_MODE)


def test_a_folder_is_used_again_and_counts_as_new(bench: Bench, spares: Spares) -> None:
    first, _ = bench.take(spares)
    assert not bench.lock.exists()
    then = time.time() - 60
    os.utime(bench.spare, (then, then))

    again, age = bench.take(spares)

    assert again == first
    assert age < 30
    assert bench.spare.stat().st_mode & 0o777 == PYTHON_MODE
    assert bench.trace.events == []


def test_the_folder_of_another_peer_is_not_replaced(bench: Bench, spares: Spares) -> None:
    bench.take(spares)
    bench.lock.mkdir(0o700)
    theirs = bench.lock.stat().st_ino

    with pytest.raises(LockBusy):
        bench.take(spares, budget=0.05)

    assert bench.lock.stat().st_ino == theirs
    assert bench.spare.is_dir()


def test_a_command_without_spares_goes_on_as_ever(bench: Bench, spares: Spares) -> None:
    bench.take(spares)

    inode, _ = bench.take(None)

    assert inode != bench.spare.stat().st_ino
    assert not bench.lock.exists()


@pytest.mark.parametrize("kind", ["file", "link", "mode"])
def test_a_spare_that_is_none_is_left_alone(bench: Bench, spares: Spares, kind: str) -> None:
    if kind == "file":
        bench.spare.write_text("x")
    elif kind == "link":
        bench.spare.symlink_to(bench.lock.parent)
    else:
        bench.spare.mkdir(0o700)
        (bench.spare / "x").touch()
    before = bench.spare.lstat().st_ino

    bench.take(spares)
    bench.take(spares)

    assert not bench.lock.exists()
    assert bench.spare.lstat().st_ino == before


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS])
def test_a_file_system_that_cannot_is_asked_once(bench: Bench, number: int) -> None:
    asked: list[str] = []

    def rename(source: str, target: str) -> None:
        asked.append(target)
        raise OSError(number, "no")

    spares = Spares(PYTHON_MODE, rename)
    for _ in range(3):
        bench.take(spares)

    assert asked == [str(bench.lock)]
    assert not bench.lock.exists()


def test_the_rename_says_what_is_wrong(tmp_path: Path) -> None:
    rename = renamer()
    if rename is None:
        pytest.skip("this system has no such rename")
    folder = tmp_path / "names"
    one, two = folder / "one", folder / "two"
    one.mkdir(parents=True)
    two.mkdir()

    with pytest.raises(FileExistsError):
        rename(str(one), str(two))
    with pytest.raises(FileNotFoundError):
        rename(str(folder / "none"), str(folder / "new"))
    rename(str(one), str(folder / "new"))

    assert sorted(path.name for path in folder.iterdir()) == ["new", "two"]
