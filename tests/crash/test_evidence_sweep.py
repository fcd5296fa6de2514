"""Die before, half-way through and after each file-system call of recording a proof.

A fresh process then finds the whole proof or none, and recording it again leaves one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from crash.test_crash_sweep import Folders, Start, nothing
from helpers.crashes import deaths
from helpers.stores import Hosts, RealClock
from oxtail.core.evidence import InContext, Offered
from oxtail.disk.atomic import Disk
from oxtail.store.files.evidence import FileEvidence

pytestmark = pytest.mark.forks

ID = "00000000000000ff"
FIRST = Offered(ID, "claude-inbox", 1_800_000_000, 1)
SECOND = Offered(ID, "tmux", 1_800_000_015, 2)
PLACE = InContext(ID, "/t.jsonl", 7, 1_800_000_001)
OTHER = PLACE._replace(line=9)


def evidence(home: Path) -> FileEvidence:
    return FileEvidence(Disk(str(home), fsync=True), RealClock())


def left_behind(home: Path) -> list[str]:
    """Names that the sweep removes once their writer is dead for a minute."""
    hosts = Hosts(home)
    hosts.clock.advance(120)
    hosts.process().sweep()
    return [path.name for path in (home / "evidence").glob("*") if ".tmp." in path.name]


def offered(home: Path) -> None:
    evidence(home).offered(FIRST)


def test_an_offer(tmp_path: Path) -> None:
    folders = Folders(tmp_path, offered)

    def work(home: Path, start: Start) -> None:
        records = evidence(home)
        start()
        records.offered(SECOND)

    for home, where in deaths(folders, work):
        assert evidence(home).offer_of(ID) in (FIRST, SECOND), where
        evidence(home).offered(SECOND)
        assert evidence(home).offer_of(ID) == SECOND, where
        assert left_behind(home) == [], where
    assert folders.count > 8


def test_a_place_in_a_transcript(tmp_path: Path) -> None:
    folders = Folders(tmp_path, nothing)

    def work(home: Path, start: Start) -> None:
        records = evidence(home)
        start()
        records.found(PLACE)

    for home, where in deaths(folders, work):
        before = evidence(home).context_of(ID)
        assert before in (None, PLACE), where
        evidence(home).found(OTHER)
        assert evidence(home).context_of(ID) == (before or OTHER), where
        assert left_behind(home) == [], where
    assert folders.count > 12
