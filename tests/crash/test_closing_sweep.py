"""Die at each step of closing work, and of finishing what a dead one has begun.

The requester gets one completion, and all agree on how the work ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crash.test_crash_sweep import Folders
from crash.test_work_sweep import WORK, Start, delegated, nothing_is_left, shown, waiting
from helpers.crashes import deaths
from helpers.fakes import ALICE, BOB
from helpers.file_world import FileWorld
from oxtail.app.closing import finish_closings
from oxtail.app.work import complete, decline
from oxtail.core.names import (
    completion_id,
)
from oxtail.core.work import State

pytestmark = [pytest.mark.slow, pytest.mark.forks]


CLOSE: dict[State, Callable[..., Any]] = {State.DONE: complete, State.DECLINED: decline}


@pytest.mark.parametrize(
    ("outcome", "reads_between"),
    [(State.DONE, False), (State.DONE, True), (State.DECLINED, False)],
)
def test_a_closing(tmp_path: Path, outcome: State, reads_between: bool) -> None:
    folders = Folders(tmp_path, delegated)

    def work(home: Path, start: Start) -> None:
        world = FileWorld(home, fsync=True)
        start()
        CLOSE[outcome](world.bob, WORK, "the first")

    recorded = 0
    for home, where in deaths(folders, work):
        world = FileWorld(home)
        seen = shown(world, ALICE) if reads_between else Counter()
        finish_closings(world.bob)
        again = complete(world.bob, WORK, "the second")
        recorded += again.already_closed
        # Readers of other kinds do not drop copies, so the next run adds none.
        assert waiting(home, ALICE) == [completion_id(WORK)] * (not seen), where
        seen += shown(world, ALICE)

        assert seen == {completion_id(WORK): 1}, where
        answer = world.store.lookup(ALICE, completion_id(WORK))
        assert answer is not None
        if again.already_closed:
            assert (again.state, answer.body.endswith("the first")) == (outcome, True), where
        else:
            assert (again.state, answer.body) == (State.DONE, "the second"), where
        owed = world.bob.work.find((BOB,), WORK)
        assert owed is not None
        assert owed.state is again.state, where
        assert world.store.pending_asks(ALICE) == (), where
        nothing_is_left(world, where)
    assert 0 < recorded < folders.count
    assert folders.count > 100


def test_the_end_of_a_closing_of_the_dead(tmp_path: Path) -> None:
    """The finisher dies too, at each of its steps, and the one after it finds the same end."""

    def prepare(home: Path) -> None:
        delegated(home)
        world = FileWorld(home)
        owed = world.bob.work.find((BOB,), WORK)
        assert owed is not None
        from oxtail.app.work import _intent

        world.bob.work.begin(_intent(world.bob, owed, State.DONE, "the first", None))

    folders = Folders(tmp_path, prepare)

    def work(home: Path, start: Start) -> None:
        world = FileWorld(home, fsync=True)
        start()
        finish_closings(world.bob)

    for home, where in deaths(folders, work):
        world = FileWorld(home)
        finish_closings(world.bob)

        assert shown(world, ALICE) == {completion_id(WORK): 1}, where
        owed = world.bob.work.find((BOB,), WORK)
        assert owed is not None
        assert (owed.state, owed.note) == (State.DONE, "the first"), where
        nothing_is_left(world, where)
