"""Die at each step of delegating and of closing; the next run ends the work once.

What a requester may be sent twice has one id, and is shown once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from crash.test_crash_sweep import Folders, no_lock_is_left, nothing
from helpers.crashes import deaths
from helpers.delegating import delegate, inbox
from helpers.fakes import ALICE, BOB, CAROL
from helpers.file_world import FileWorld
from oxtail.app.closing import finish_closings
from oxtail.app.work import complete, reassign
from oxtail.core.names import (
    completion_id,
    reassigned_id,
    reassignment_note_id,
    repeatable_id,
    session_box,
)
from oxtail.core.work import State
from oxtail.store.files import lines

pytestmark = [pytest.mark.slow, pytest.mark.forks]

KEY = "the job"
WORK = repeatable_id(ALICE, KEY)
Start = Callable[[], None]


def delegated(home: Path) -> None:
    delegate(FileWorld(home).alice, idempotency_key=KEY)


def shown(world: FileWorld, *session_ids: str) -> Counter[str]:
    """Return the ids that a read shows, each with how often."""
    readers = {ALICE: world.alice, BOB: world.bob, CAROL: world.carol}
    return Counter(m.id for each in session_ids for m in inbox(readers[each]).messages)


def waiting(home: Path, session_id: str) -> list[str]:
    """Return the ids in a box line by line, as a reader does that drops no copies."""
    path = home / "mailboxes" / f"{session_box(session_id)}.jsonl"
    found = lines.parse(path.read_bytes()) if path.exists() else []
    return [line.message.id for line in found if line.message]


def nothing_is_left(world: FileWorld, where: str) -> None:
    home = Path(world.disk.layout.home)
    assert world.bob.work.closings((BOB,)) == (), where
    assert [p for p in home.glob("work/*") if ".tmp." not in p.name] == [], where
    assert no_lock_is_left(home), where


def test_a_delegation_and_its_retry(tmp_path: Path) -> None:
    folders = Folders(tmp_path, nothing)

    def work(home: Path, start: Start) -> None:
        world = FileWorld(home, fsync=True)
        start()
        delegate(world.alice, idempotency_key=KEY)

    for home, where in deaths(folders, work):
        world = FileWorld(home)
        delegate(world.alice, idempotency_key=KEY)

        (owed,) = world.bob.work.open_of((BOB,))
        (ask,) = world.store.pending_asks(ALICE)
        assert owed.message.id == ask.message_id == WORK, where
        assert owed.message.request_id == ask.request_id, where
        assert shown(world, BOB) == {WORK: 1}, where
        assert no_lock_is_left(home), where
    assert folders.count > 60


def test_a_hand_over(tmp_path: Path) -> None:
    folders = Folders(tmp_path, delegated)

    def work(home: Path, start: Start) -> None:
        world = FileWorld(home, fsync=True)
        start()
        reassign(world.bob, WORK, CAROL, "no time")

    recorded = 0
    for home, where in deaths(folders, work):
        world = FileWorld(home)
        finish_closings(world.bob)
        again = reassign(world.bob, WORK, CAROL, "no time at all")
        recorded += again.already_closed

        assert world.bob.work.open_of((BOB,)) == (), where
        (owed,) = world.carol.work.open_of((CAROL,))
        assert (owed.message.id, owed.message.from_session_id) == (reassigned_id(WORK), ALICE)
        (ask,) = world.store.pending_asks(ALICE)
        assert (ask.target, ask.message_id) == (CAROL, owed.message.id), where
        assert shown(world, CAROL) == {owed.message.id: 1}, where
        assert shown(world, ALICE) == {reassignment_note_id(WORK): 1}, where
        complete(world.carol, owed.message.id, "42")
        assert shown(world, ALICE) == {completion_id(owed.message.id): 1}, where
        nothing_is_left(world, where)
    assert 0 < recorded < folders.count


def test_an_end_of_work_in_its_ledger(tmp_path: Path) -> None:
    """Stamping alone: the line is as it was or terminal, and its neighbors are as they were."""
    folders = Folders(tmp_path, delegated)

    def work(home: Path, start: Start) -> None:
        world = FileWorld(home, fsync=True)
        owed = world.bob.work.find((BOB,), WORK)
        assert owed is not None
        from oxtail.app.work import _intent

        closing = _intent(world.bob, owed, State.BLOCKED, "[blocked] no", None)
        world.bob.work.begin(closing)
        start()
        world.bob.work.finish(closing)

    for home, where in deaths(folders, work):
        world = FileWorld(home)
        owed = world.bob.work.find((BOB,), WORK)
        assert owed is not None
        assert owed.state in (State.CLOSING, State.BLOCKED), where
        assert finish_closings(world.bob) <= 1
        assert world.bob.work.open_of((BOB,)) == (), where
        nothing_is_left(world, where)
    assert folders.count > 20
