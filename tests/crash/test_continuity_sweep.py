"""Die at each step of a succession, a return, an expiry and an adoption; then look."""

from __future__ import annotations

from pathlib import Path

import pytest

from crash.test_crash_sweep import Folders, Start, nothing, open_store
from helpers.crashes import deaths
from helpers.fakes import FakeTrace
from helpers.stores import ALICE, BOB, BOX, TO_BOB, RealClock, bodies, letter
from oxtail.core.codec import split_lines
from oxtail.core.names import session_box
from oxtail.disk.atomic import Disk
from oxtail.store.files.lineage import FileLineage
from oxtail.store.files.locks import Locks
from oxtail.store.files.shelf import FileShelf

pytestmark = pytest.mark.forks

CAROL = "33333333-3333-4333-8333-333333333333"
IDS = (ALICE, BOB, CAROL)


def lineage(home: Path) -> FileLineage:
    return FileLineage(Disk(str(home), fsync=True), RealClock())


def shelf(home: Path) -> FileShelf:
    disk = Disk(str(home), fsync=True)
    return FileShelf(disk, RealClock(), Locks(disk, 2.0, FakeTrace()))


def assert_one_heir(home: Path, where: str) -> None:
    found = lineage(home)
    for heir in IDS:
        for former in found.former(heir):
            assert found.heir(former) == heir, where
    for session_id in IDS:
        heir = found.heir(session_id)
        assert heir == session_id or session_id in found.former(heir), where


def test_a_succession(tmp_path: Path) -> None:
    folders = Folders(tmp_path, lambda home: lineage(home).record(ALICE, BOB, "hook"))
    seen = set()

    def work(home: Path, start: Start) -> None:
        mine = lineage(home)
        start()
        mine.record(BOB, CAROL, "hook")

    for home, where in deaths(folders, work):
        assert_one_heir(home, where)
        seen.add(lineage(home).former(CAROL))
        # Whoever comes first is right: the one whose server died, or another fork.
        assert lineage(home).record(BOB, CAROL, "hook"), where
        assert lineage(home).former(CAROL) == (BOB, ALICE), where
        assert_one_heir(home, where)
    assert seen == {(), (BOB, ALICE)}
    assert folders.count > 25


def test_a_succession_that_another_fork_finds_begun(tmp_path: Path) -> None:
    folders = Folders(tmp_path, nothing)

    def work(home: Path, start: Start) -> None:
        mine = lineage(home)
        start()
        mine.record(ALICE, BOB, "hook")

    winners = set()
    for home, where in deaths(folders, work):
        lineage(home).record(ALICE, CAROL, "hook")
        lineage(home).former(BOB)
        assert_one_heir(home, where)
        winners.add(lineage(home).heir(ALICE))
    assert winners == {BOB, CAROL}


@pytest.mark.slow
def test_going_back_to_an_earlier_id(tmp_path: Path) -> None:
    def prepare(home: Path) -> None:
        lineage(home).record(ALICE, BOB, "hook")
        lineage(home).record(BOB, CAROL, "hook")

    folders = Folders(tmp_path, prepare)

    def work(home: Path, start: Start) -> None:
        mine = lineage(home)
        start()
        mine.record(CAROL, ALICE, "hook")

    for home, where in deaths(folders, work):
        assert_one_heir(home, where)
        assert lineage(home).record(CAROL, ALICE, "hook"), where
        assert lineage(home).former(ALICE) == (CAROL, BOB), where
    assert folders.count > 25


def test_a_return(tmp_path: Path) -> None:
    folders = Folders(tmp_path, lambda home: lineage(home).record(ALICE, BOB, "hook"))

    def work(home: Path, start: Start) -> None:
        mine = lineage(home)
        start()
        mine.returned(ALICE)

    heirs = set()
    for home, where in deaths(folders, work):
        assert_one_heir(home, where)
        heirs.add(lineage(home).heir(ALICE))
        lineage(home).returned(ALICE)
        assert lineage(home).former(BOB) == (), where
    assert heirs == {ALICE, BOB}


OLD = [letter(f"old {n}", message_id=f"{n:016x}")._replace(enqueued_at=1_000) for n in (1, 2)]
NEW = letter("new", message_id="00000000000000ff")


def test_an_expiry(tmp_path: Path) -> None:
    def prepare(home: Path) -> None:
        store = open_store(home)
        for message in (OLD[0], NEW, OLD[1]):
            store.put(TO_BOB, message)

    folders = Folders(tmp_path, prepare)

    def work(home: Path, start: Start) -> None:
        mine = shelf(home)
        start()
        mine.expire((), 2_000)

    for home, where in deaths(folders, work):
        kept = b"".join(path.read_bytes() for path in home.glob("expired/*.jsonl"))
        waiting = bodies(open_store(home).peek([BOX]).messages)
        assert "new" in waiting, where
        for message in OLD:
            assert message.body in waiting or message.id.encode() in kept, where
            if message.body not in waiting:
                assert shelf(home).expired_at(message.id) is not None, where
        shelf(home).expire((), 2_000)
        assert bodies(open_store(home).peek([BOX]).messages) == ["new"], where
        (path,) = home.glob("expired/*.jsonl")
        assert len(split_lines(path.read_bytes())) == len(OLD), where
        assert all(shelf(home).expired_at(message.id) for message in OLD), where
    assert folders.count > 25


@pytest.mark.slow
def test_an_adoption(tmp_path: Path) -> None:
    """The steps of :func:`oxtail.app.adopt.adopt`, on disk."""

    def prepare(home: Path) -> None:
        open_store(home).put(TO_BOB, NEW)

    folders = Folders(tmp_path, prepare)

    def adopt(home: Path) -> None:
        lineage(home).record(BOB, CAROL, "adopted")
        open_store(home, fsync=True).adopt_box(BOX, session_box(CAROL))

    def work(home: Path, start: Start) -> None:
        start()
        adopt(home)

    for home, where in deaths(folders, work):
        ids = (CAROL, *lineage(home).former(CAROL))
        owner = ids if BOB in ids else (BOB,)
        boxes = [session_box(each) for each in owner]
        assert bodies(open_store(home).peek(boxes).messages) == ["new"], where
        adopt(home)
        assert bodies(open_store(home).peek([session_box(CAROL)]).messages) == ["new"], where
    assert folders.count > 40
