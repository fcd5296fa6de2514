"""Die at each step of taking over a lock: the next one gets in, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crash.test_crash_sweep import (
    IDS,
    NEW,
    Folders,
    Start,
    ledger_ids,
    mailed,
    no_lock_is_left,
    open_store,
)
from helpers.crashes import deaths
from helpers.stores import BOB, BOX, TO_BOB
from oxtail.disk.atomic import Disk

pytestmark = [pytest.mark.slow, pytest.mark.forks]


def leave_lock(home: Path, token: str | None, mode: int, age: float) -> None:
    mailed(home)
    for path in (Disk(str(home)).layout.box(BOX), Disk(str(home)).layout.ledger(BOB)):
        lock = Path(path + ".lock")
        lock.mkdir(mode)
        if token:
            Path(f"{lock}.owner").write_text(token)
        os.utime(lock, (time.time() - age, time.time() - age))


@pytest.mark.parametrize(
    ("random", "mode", "age"),
    [
        ("0123456789abcdef01234567", 0o500, 0),
        ("0123456789abcdef", 0o700, 0),
        (None, 0o500, 0),
        (None, 0o700, 60),
    ],
)
def test_a_takeover(tmp_path: Path, random: str | None, mode: int, age: float) -> None:
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "pass"])
    child.wait()
    token = f"{child.pid}.{random}" if random else None
    folders = Folders(tmp_path, lambda home: leave_lock(home, token, mode, age))

    def work(home: Path, start: Start) -> None:
        store = open_store(home, fsync=True)
        start()
        store.put(TO_BOB, NEW)

    for home, where in deaths(folders, work):
        store = open_store(home, budget_ms=1_000)
        store.put(TO_BOB, NEW, repeat=True)
        assert [m.id for m in store.peek([BOX]).messages] == [*IDS, NEW.id], where
        assert ledger_ids(home).count(NEW.id) == 1, where
        assert no_lock_is_left(home), where
    assert folders.count > 40
