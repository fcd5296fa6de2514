"""The quick look for the processes of a session agrees with the registry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helpers.fakes import ALICE, BOB
from oxtail.core.entry import OURS, Client, Entry
from oxtail.disk.atomic import Disk
from oxtail.identity.siblings import pids_of


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    (tmp_path / "sessions").mkdir(mode=0o700)
    return Disk(str(tmp_path))


def entry(disk: Disk, pid: int, session_id: str | None, name: str = "", **members: Any) -> None:
    client = Client("claude-code", session_id, None, None, "/")
    written = Entry(pid, 1, client, proc_sig="", capabilities=OURS)
    value = {**written.as_dict(), **members}
    path = Path(disk.layout.sessions, name or f"{pid}.json")
    path.write_text(json.dumps(value), encoding="utf-8")


def test_only_entries_that_name_the_session_count(disk: Disk) -> None:
    entry(disk, 11, BOB)
    entry(disk, 12, ALICE)
    entry(disk, 13, None)
    entry(disk, 14, ALICE, name="14.json", state={"purpose": BOB, "updated_at": 1})
    entry(disk, 15, BOB, name="16.json")
    entry(disk, 17, BOB, name="017.json")
    entry(disk, 19, BOB)
    Path(disk.layout.sessions, "20.json").write_text(f'{{"session_id":"{BOB}"', encoding="utf-8")
    Path(disk.layout.sessions, "21.json").write_text(f'["{BOB}"]', encoding="utf-8")
    Path(disk.layout.sessions, "22.json").symlink_to("11.json")
    Path(disk.layout.sessions, "23.json").mkdir()

    assert pids_of(disk, BOB) == (11, 19)


def test_no_folder_is_no_process(tmp_path: Path) -> None:
    assert pids_of(Disk(str(tmp_path / "none")), BOB) == ()
