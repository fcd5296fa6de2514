"""A hook finds the past of its session on disk, with nobody there to lead it."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.fakes import ALICE, BOB, CAROL, FakeTrace
from helpers.registries import entry
from oxtail import config
from oxtail.core.codec import encode_pretty
from oxtail.core.names import session_box
from oxtail.disk.atomic import Disk
from oxtail.hooks.context import open_context
from oxtail.hooks.succession import lineage_on


@pytest.fixture
def disk(home: Path) -> Disk:
    return Disk(str(home / ".oxtail"), fsync=False)


def test_the_boxes_of_all_ids_and_of_their_processes_are_looked_into(
    home: Path, disk: Disk
) -> None:
    lineage_on(disk).record(ALICE, BOB, "hook")
    lineage_on(disk).record(BOB, CAROL, "hook")
    disk.folder(disk.layout.sessions)
    Path(disk.layout.entry(4242)).write_bytes(encode_pretty(entry(4242, ALICE).as_dict()))

    session = open_context(config.from_env({"HOME": str(home)}), FakeTrace(), CAROL).session

    assert session.ids() == (CAROL, BOB, ALICE)
    assert session.boxes() == (session_box(CAROL), session_box(BOB), session_box(ALICE), "4242")


def test_a_past_that_cannot_be_read_is_none(home: Path, disk: Disk) -> None:
    lineage_on(disk).record(ALICE, BOB, "hook")
    Path(disk.layout.past(BOB)).write_text("torn")

    session = open_context(config.from_env({"HOME": str(home)}), FakeTrace(), BOB).session

    assert session.ids() == (BOB,)
