"""Many processes note, ask and tell at once."""

from __future__ import annotations

import os
from pathlib import Path

from helpers.crowds import crowd
from helpers.fakes import ALICE, BOB, FakeTrace
from helpers.file_world import FileWorld
from oxtail.app.rules import remove_rule, rules, set_rule
from oxtail.core.governor import Passed
from oxtail.core.notice import Notice
from oxtail.core.policy import Policy, Rule
from oxtail.disk.atomic import Disk
from oxtail.store.files.locks import Locks
from oxtail.store.files.notices import FileNotices
from oxtail.store.files.policies import FilePolicies
from oxtail.store.files.traffic import CUT_BYTES, SIZE, FileTraffic
from oxtail.store.memory.notices import MemoryNotices

CROWD = 8
EACH = 200
NOW = 1_800_000_000.0


class Clock:
    def now(self) -> float:
        return NOW

    def monotonic(self) -> float:
        return NOW


def disk_of(home: Path) -> Disk:
    return Disk(str(home / ".oxtail"), fsync=False, trace=FakeTrace())


def test_a_pair_that_many_processes_write_loses_nothing(home: Path) -> None:
    def work(number: int) -> int:
        disk = disk_of(home)
        traffic = FileTraffic(disk)
        one, other = ((ALICE, BOB), (BOB, ALICE))[number % 2]
        for count in range(EACH):
            traffic.note(one, other, Passed(number * 1_000 + count, bool(number % 2)))
            traffic.between(one, other, 100)
        return len(disk.trace.events)  # type: ignore[attr-defined]

    assert crowd(CROWD, work) == ["0"] * CROWD

    found = FileTraffic(disk_of(home)).between(ALICE, BOB, 10_000)
    seen = [found[place] for place in range(len(found))]
    for number in range(CROWD):
        own = [each for each in seen if each.at_ms // 1_000 == number]
        assert [each.at_ms % 1_000 for each in own] == list(range(EACH))
        assert {each.is_back for each in own} == {bool(number % 2)}
        assert {each.is_empty for each in own} == {bool(number % 2)}


def test_a_file_that_is_cut_while_others_write_stays_whole(home: Path) -> None:
    disk = disk_of(home)
    FileTraffic(disk).note(ALICE, BOB, Passed(7, False))
    path = Path(disk.layout.traffic_between(ALICE, BOB))
    path.write_bytes(path.read_bytes() * (CUT_BYTES // SIZE - EACH))

    def work(number: int) -> int:
        mine = disk_of(home)
        traffic = FileTraffic(mine)
        for _ in range(EACH):
            traffic.note(ALICE, BOB, Passed(7, False))
        return len(mine.trace.events)  # type: ignore[attr-defined]

    assert crowd(CROWD, work) == ["0"] * CROWD
    assert path.stat().st_size % SIZE == 0
    assert path.stat().st_size <= CUT_BYTES + CROWD * SIZE
    assert len(FileTraffic(disk).between(ALICE, BOB, 100)) == 100


def test_of_many_one_is_told_that_a_matter_is_news(home: Path) -> None:
    disk = disk_of(home)
    for after in (0.0, 3_600.0, 7_200.0):

        def work(number: int, now: float = NOW + after) -> bool:
            return FileTraffic(disk_of(home)).is_news("loop", now)

        assert sorted(crowd(CROWD, work)) == ["False"] * (CROWD - 1) + ["True"]
    assert len(os.listdir(disk.layout.traffic)) == 1


def test_notices_of_many_are_all_kept_whole(home: Path) -> None:
    def work(number: int) -> None:
        disk = disk_of(home)
        notices = FileNotices(disk, Locks(disk, 10.0, disk.trace))
        for count in range(20):
            notices.say(Notice(count, "damped", f"{number} said {count} " + "x" * 300))

    crowd(CROWD, work)

    disk = disk_of(home)
    found = FileNotices(disk, Locks(disk, 1.0, disk.trace)).recent(1_000)
    assert len(found) == CROWD * 20
    assert len({notice.text for notice in found}) == CROWD * 20


def test_a_policy_is_never_seen_half_written(home: Path) -> None:
    wanted = [Policy(tuple(Rule(f"r{n}", "hold") for n in range(size))) for size in (1, 150)]

    def work(number: int) -> int:
        disk = disk_of(home)
        policies = FilePolicies(disk, Clock(), MemoryNotices(), Locks(disk, 5.0, disk.trace))
        strange = 0
        for count in range(60):
            if number < 2:
                policies.set_session(BOB, wanted[count % 2])
            elif policies.of_session(BOB) not in (*wanted, Policy()):
                strange += 1
        return strange

    assert crowd(4, work) == ["0"] * 4
    assert not (home / ".oxtail" / "damaged").exists()


def test_rules_that_are_set_at_once_are_all_kept(home: Path) -> None:
    folder = home / ".oxtail"

    crowd(CROWD, lambda number: set_rule(FileWorld(folder).bob, f"peer-{number}", "hold"))
    crowd(CROWD, lambda number: set_rule(FileWorld(folder).bob, f"bot-{number}", "hold", "/p"))
    crowd(CROWD // 2, lambda number: remove_rule(FileWorld(folder).bob, f"peer-{number}"))

    found = rules(FileWorld(folder).bob, "/p")
    assert {rule.who for rule in found.session.rules} == {
        f"peer-{number}" for number in range(CROWD // 2, CROWD)
    }
    assert {rule.who for rule in found.project.rules} == {f"bot-{n}" for n in range(CROWD)}
