"""Several processes that claim one past at the same instant: one of them has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.crowds import crowd
from helpers.fakes import ALICE
from helpers.stores import RealClock
from oxtail.disk.atomic import Disk
from oxtail.store.files.lineage import FileLineage

FORKS = 8
ROUNDS = 5


def lineage(home: Path) -> FileLineage:
    return FileLineage(Disk(str(home / ".oxtail"), fsync=False), RealClock())


def test_of_the_forks_of_one_session_one_inherits(home: Path) -> None:
    for turn in range(ROUNDS):
        former = f"{ALICE}-{turn}"

        def fork(number: int, former: str = former) -> str:
            heir = f"{former}-fork-{number}"
            return f"{heir} {lineage(home).record(former, heir, 'hook')}"

        answers = [answer.split() for answer in crowd(FORKS, fork)]

        (winner,) = [heir for heir, won in answers if won == "True"]
        assert lineage(home).heir(former) == winner
        assert [heir for heir, _ in answers if lineage(home).former(heir)] == [winner]


def test_two_that_take_the_past_of_each_other_make_no_loop(home: Path) -> None:
    for turn in range(ROUNDS):
        pair = (f"a-{turn}", f"b-{turn}")

        def swap(number: int, pair: tuple[str, str] = pair) -> bool:
            return lineage(home).record(pair[number % 2], pair[1 - number % 2], "hook")

        crowd(2, swap)

        heirs = {lineage(home).heir(each) for each in pair}
        assert len(heirs) == 1
        (heir,) = heirs
        assert lineage(home).former(heir) == tuple(each for each in pair if each != heir)


@pytest.mark.slow
def test_many_ids_taken_over_by_one_are_all_its_own(home: Path) -> None:
    crowd(FORKS, lambda number: lineage(home).record(f"orphan-{number}", ALICE, "adopted"))

    assert sorted(lineage(home).former(ALICE)) == [f"orphan-{number}" for number in range(FORKS)]


def test_lookers_never_see_two_heirs_while_one_comes_and_goes(home: Path) -> None:
    def work(number: int) -> str:
        mine = lineage(home)
        seen = set()
        for turn in range(60):
            if number == 0:
                mine.record("old", "new", "hook")
            elif number == 1:
                mine.returned("old")
            else:
                heir, own = mine.heir("old"), mine.former("new")
                assert heir in ("old", "new"), (turn, heir)
                assert own in ((), ("old",)), (turn, own)
                seen.add(heir)
        return str(len(seen))

    crowd(4, work)
    lineage(home).record("old", "new", "hook")
    assert lineage(home).former("new") == ("old",)
