"""The lock of a fleet: kept by whoever is slow, freed by whoever ends, shared with npm peers."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from helpers.waiting import until
from oxtail.core.fleet_errors import FleetBusy
from oxtail.disk.atomic import Disk
from oxtail.disk.fleet_layout import FleetLayout
from oxtail.store.files.fleet_locks import STALE_SECONDS, FileFleetLocks

ROOT = "/home/kim/my shop_1"


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(str(tmp_path / "state"))


@pytest.fixture
def folder(disk: Disk) -> Path:
    path = Path(FleetLayout(disk.layout.home).fleet_lock(ROOT))
    path.parent.mkdir(parents=True)
    return path


def locks(disk: Disk, beat: float = 20.0) -> FileFleetLocks:
    return FileFleetLocks(disk, budget=0.15, beat=beat)


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_it_has_the_name_that_npm_peers_give_it(disk: Disk, folder: Path) -> None:
    assert folder.name == "-home-kim-my-shop_1"
    with locks(disk).holding(ROOT):
        assert folder.is_dir()
        assert Path(f"{folder}.owner").read_bytes().startswith(b"%d." % os.getpid())
    assert not folder.exists()
    assert not Path(f"{folder}.owner").exists()


def test_it_is_held_once_and_freed_by_an_exception(disk: Disk, folder: Path) -> None:
    with locks(disk).holding(ROOT), locks(disk).holding("/other"):
        with pytest.raises(FleetBusy) as caught, locks(disk).holding(ROOT):
            pass
        assert caught.value.code == "fleet-busy"
    with pytest.raises(KeyboardInterrupt), locks(disk).holding(ROOT):
        raise KeyboardInterrupt
    with locks(disk).holding(ROOT):
        pass


def test_a_holder_that_is_slow_keeps_its_folder_young(disk: Disk, folder: Path) -> None:
    with locks(disk, beat=0.01).holding(ROOT) as hold:
        age(folder, STALE_SECONDS + 60)
        assert until(lambda: time.time() - folder.stat().st_mtime < 60)
        hold.check()


def test_an_npm_peer_keeps_it_for_five_minutes_and_no_longer(disk: Disk, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    Path(f"{folder}.owner").write_text(f"{os.getpid()}.0123456789abcdef")
    age(folder, STALE_SECONDS - 30)
    with pytest.raises(FleetBusy), locks(disk).holding(ROOT):
        pass
    age(folder, STALE_SECONDS + 30)
    with locks(disk).holding(ROOT) as hold:
        hold.check()


def test_a_holder_notices_that_it_was_taken_over(disk: Disk, folder: Path) -> None:
    with locks(disk).holding(ROOT) as hold:
        Path(f"{folder}.owner").unlink()
        Path(f"{folder}.owner").write_text("1.0123456789abcdef")
        with pytest.raises(FleetBusy):
            hold.check()
    assert folder.exists()


def test_a_root_with_a_long_path_has_a_lock_too(disk: Disk) -> None:
    with locks(disk).holding("/" + "x" * 4_000) as hold:
        hold.check()
