"""Links from a session to its boxes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from helpers.fakes import BOB, FakeTrace
from oxtail.disk.atomic import Disk
from oxtail.disk.doorstep import KEEP_SECONDS, FileDoorstep

BOX = "s-bob-12345678"


@pytest.fixture
def trace() -> FakeTrace:
    return FakeTrace()


@pytest.fixture
def disk(tmp_path: Path, trace: FakeTrace) -> Disk:
    return Disk(str(tmp_path / "state"), trace=trace)


def links(disk: Disk) -> dict[str, str]:
    folder = Path(disk.layout.by_session)
    return {path.name: os.readlink(path) for path in folder.iterdir()} if folder.exists() else {}


def test_each_box_gets_a_link_that_leads_to_it(disk: Disk) -> None:
    FileDoorstep(disk).place(BOB, (BOX, "42"))

    for box in (BOX, "42"):
        link = os.path.join(disk.layout.by_session, f"{BOB}.{box}")
        assert os.path.realpath(link) == os.path.realpath(disk.layout.box(box))
    assert FileDoorstep(disk).boxes(BOB) == ("42", BOX)


def test_placing_again_changes_what_changed(disk: Disk) -> None:
    doorstep = FileDoorstep(disk)
    doorstep.place(BOB, (BOX, "42"))
    doorstep.place(BOB + "0", ("43",))
    doorstep.place(BOB, (BOX, "44"))

    assert set(links(disk)) == {f"{BOB}.{BOX}", f"{BOB}.44", f"{BOB}0.43"}


@pytest.mark.parametrize("session_id", ["a.b", ".*", "../../x", "a/b", "é", "", "a" * 201])
def test_an_id_that_is_no_safe_name_gets_no_link(disk: Disk, session_id: str) -> None:
    doorstep = FileDoorstep(disk)
    doorstep.place(session_id, (BOX,))
    assert doorstep.boxes(session_id) == ()
    assert links(disk) == {}


def test_a_name_that_is_no_box_is_not_believed(disk: Disk) -> None:
    doorstep = FileDoorstep(disk)
    doorstep.place(BOB, (BOX,))
    os.symlink("../../elsewhere", os.path.join(disk.layout.by_session, f"{BOB}...x"))
    assert doorstep.boxes(BOB) == (BOX,)


def test_old_links_to_nothing_go(disk: Disk) -> None:
    FileDoorstep(disk).place("old", ("1", "2"))
    FileDoorstep(disk).place("young", ("3",))
    Path(disk.folder(disk.layout.mailboxes), "2.jsonl").write_text("mail", encoding="ascii")
    long_ago = time.time() - KEEP_SECONDS - 60
    for box in ("1", "2"):
        path = os.path.join(disk.layout.by_session, f"old.{box}")
        os.utime(path, (long_ago, long_ago), follow_symlinks=False)

    FileDoorstep(disk).place(BOB, (BOX,))

    assert set(links(disk)) == {"old.2", "young.3", f"{BOB}.{BOX}"}


def test_a_folder_that_cannot_be_made_is_traced(disk: Disk, trace: FakeTrace) -> None:
    Path(disk.layout.home).write_text("a file", encoding="ascii")
    FileDoorstep(disk).place(BOB, (BOX,))
    assert trace.named("doorstep_failed")
