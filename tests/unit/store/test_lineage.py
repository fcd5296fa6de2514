"""One past has one heir: what both stores of lineage promise, and what files add to it."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.fakes import ALICE, BOB, CAROL, FakeClock, FakeTrace
from helpers.stores import RealClock
from oxtail.core.lineage import FORMER_MAX
from oxtail.core.names import hash32
from oxtail.disk.atomic import Disk
from oxtail.errors import LockBusy, StoreError
from oxtail.ports import Lineage
from oxtail.store.files import lineage as files_module
from oxtail.store.files.lineage import KEEP_SECONDS, FileLineage
from oxtail.store.memory.lineage import MemoryLineage

DAVE = "44444444-4444-4444-8444-444444444444"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["files", "memory"])
def lineage(request: pytest.FixtureRequest, home: Path, clock: FakeClock) -> Lineage:
    if request.param == "memory":
        return MemoryLineage(clock)
    return FileLineage(Disk(str(home / ".oxtail"), fsync=False), clock)


class TestBothStores:
    def test_without_a_record_everybody_is_itself(self, lineage: Lineage) -> None:
        assert lineage.heir(ALICE) == ALICE
        assert lineage.former(ALICE) == ()

    def test_the_last_of_a_chain_has_all_before_it_the_youngest_first(
        self, lineage: Lineage
    ) -> None:
        assert lineage.record(ALICE, BOB, "hook")
        assert lineage.record(BOB, CAROL, "hook")

        assert [lineage.heir(each) for each in (ALICE, BOB, CAROL)] == [CAROL] * 3
        assert lineage.former(CAROL) == (BOB, ALICE)
        assert lineage.former(BOB) == lineage.former(ALICE) == ()

    def test_of_two_forks_the_first_inherits(self, lineage: Lineage) -> None:
        assert lineage.record(ALICE, BOB, "hook")
        assert not lineage.record(ALICE, CAROL, "hook")

        assert lineage.heir(ALICE) == BOB
        assert (lineage.former(BOB), lineage.former(CAROL)) == ((ALICE,), ())

    def test_to_record_it_again_changes_nothing(self, lineage: Lineage) -> None:
        lineage.record(ALICE, BOB, "hook")
        lineage.record(BOB, CAROL, "hook")

        assert lineage.record(BOB, CAROL, "call-meta")
        assert lineage.former(CAROL) == (BOB, ALICE)

    def test_one_who_returns_takes_its_past_back(self, lineage: Lineage) -> None:
        lineage.record(ALICE, BOB, "hook")
        lineage.record(BOB, CAROL, "hook")

        lineage.returned(BOB)

        assert (lineage.heir(ALICE), lineage.heir(BOB), lineage.heir(CAROL)) == (BOB, BOB, CAROL)
        assert (lineage.former(BOB), lineage.former(CAROL)) == ((ALICE,), ())
        assert lineage.record(BOB, DAVE, "hook")
        assert lineage.former(DAVE) == (BOB, ALICE)

    def test_going_back_to_an_earlier_id_makes_no_loop(self, lineage: Lineage) -> None:
        lineage.record(ALICE, BOB, "hook")
        lineage.record(BOB, CAROL, "hook")

        assert lineage.record(CAROL, ALICE, "hook")

        assert {lineage.heir(each) for each in (ALICE, BOB, CAROL)} == {ALICE}
        assert lineage.former(ALICE) == (CAROL, BOB)

    def test_only_so_many_are_looked_through(self, lineage: Lineage) -> None:
        ids = [f"id-{number}" for number in range(20)]
        for former, heir in itertools.pairwise(ids):
            lineage.record(former, heir, "hook")

        assert lineage.former(ids[-1]) == tuple(reversed(ids[:-1]))[:FORMER_MAX]
        assert lineage.heir(ids[0]) == ids[-1]

    def test_one_that_was_too_old_is_taken_up_again(self, lineage: Lineage) -> None:
        ids = [f"id-{number}" for number in range(20)]
        for former, heir in itertools.pairwise(ids):
            lineage.record(former, heir, "hook")

        assert lineage.record(ids[0], ids[-1], "adopted")
        assert lineage.former(ids[-1])[:2] == (ids[0], ids[-2])

    @pytest.mark.parametrize("bad", ["", "x" * 201, "a\nb", ALICE])
    def test_what_is_no_other_session_is_never_recorded(self, lineage: Lineage, bad: str) -> None:
        assert not lineage.record(ALICE, bad, "hook")
        assert not lineage.record(bad, ALICE, "hook")
        assert lineage.heir(ALICE) == ALICE

    def test_what_leads_to_nobody_is_forgotten_in_time(
        self, lineage: Lineage, clock: FakeClock
    ) -> None:
        lineage.record(ALICE, BOB, "hook")
        lineage.record(CAROL, DAVE, "hook")

        lineage.sweep(())
        assert lineage.heir(ALICE) == BOB
        clock.advance(KEEP_SECONDS + 1)
        lineage.sweep((DAVE,))

        assert (lineage.heir(ALICE), lineage.former(BOB)) == (ALICE, ())
        assert (lineage.heir(CAROL), lineage.former(DAVE)) == (DAVE, (CAROL,))


class Files:
    """The folder, and what lies in it."""

    def __init__(self, home: Path) -> None:
        self.trace = FakeTrace()
        self.disk = Disk(str(home / ".oxtail"), fsync=False, trace=self.trace)
        self.folder = home / ".oxtail" / "lineage"

    def open(self) -> FileLineage:
        return FileLineage(self.disk, RealClock())

    def put(self, session_id: str, ending: str, content: bytes) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{hash32(session_id)}{ending}"
        path.write_bytes(content)
        return path

    def next(self, session_id: str, successor: object) -> Path:
        members = {"schema_version": 1, "session_id": session_id, "successor": successor}
        return self.put(session_id, ".next", json.dumps(members).encode())


@pytest.fixture
def files(home: Path) -> Files:
    return Files(home)


BAD: dict[str, bytes] = {
    "torn": b'{"schema_version":1,"session_id":"' + ALICE.encode(),
    "empty": b"",
    "null": b"null",
    "a list": b"[]",
    "another schema": b'{"schema_version":2}',
    "deep": b"[" * 16_000,
    "enormous": b'{"schema_version":1,"x":"' + b"y" * 1_000_000 + b'"}',
    "for another": json.dumps(
        {"schema_version": 1, "session_id": CAROL, "successor": DAVE, "former": [DAVE]}
    ).encode(),
    "to itself": json.dumps(
        {"schema_version": 1, "session_id": ALICE, "successor": ALICE, "former": 7}
    ).encode(),
    "a number": json.dumps({"schema_version": 1, "session_id": ALICE, "successor": 7}).encode(),
    "a long id": json.dumps(
        {"schema_version": 1, "session_id": ALICE, "successor": "x" * 5_000}
    ).encode(),
}


class TestFiles:
    def test_the_records_have_their_members(self, files: Files) -> None:
        files.open().record(ALICE, BOB, "hook")

        following = json.loads((files.folder / f"{hash32(ALICE)}.next").read_bytes())
        assert list(following) == ["schema_version", "session_id", "successor", "source", "at"]
        assert (following["successor"], following["source"]) == (BOB, "hook")
        past = json.loads((files.folder / f"{hash32(BOB)}.json").read_bytes())
        assert list(past) == ["schema_version", "session_id", "former", "source", "at"]
        assert past["former"] == [ALICE]
        for path in files.folder.iterdir():
            assert path.stat().st_mode & 0o077 == 0

    def test_two_processes_see_the_same(self, files: Files) -> None:
        one, other = files.open(), files.open()
        assert (one.former(BOB), other.former(BOB)) == ((), ())

        one.record(ALICE, BOB, "hook")
        assert other.former(BOB) == (ALICE,)
        other.returned(ALICE)
        assert (one.former(BOB), one.heir(ALICE)) == ((), ALICE)

    @pytest.mark.parametrize("ending", [".next", ".json"])
    @pytest.mark.parametrize("bad", BAD)
    def test_a_bad_record_is_no_record_and_in_nobodys_way(
        self, files: Files, bad: str, ending: str
    ) -> None:
        path = files.put(ALICE, ending, BAD[bad])
        lineage = files.open()

        assert (lineage.heir(ALICE), lineage.former(ALICE)) == (ALICE, ())
        assert path.exists(), "a look changes nothing"
        if ending == ".next":
            assert lineage.record(ALICE, BOB, "hook")
            assert lineage.former(BOB) == (ALICE,)
        else:
            assert lineage.record(BOB, ALICE, "hook")
            assert lineage.former(ALICE) == (BOB,)
        assert files.trace.named("damaged_set_aside")

    @pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda path: os.symlink("/", path)])
    def test_what_is_no_file_is_in_nobodys_way(
        self, files: Files, make: Callable[[str], None]
    ) -> None:
        files.folder.mkdir(parents=True)
        make(str(files.folder / f"{hash32(ALICE)}.next"))

        assert files.open().heir(ALICE) == ALICE
        assert files.open().record(ALICE, BOB, "hook")
        assert files.open().former(BOB) == (ALICE,)

    def test_a_forged_loop_leads_nowhere_and_is_set_aside(self, files: Files) -> None:
        for one, other in ((ALICE, BOB), (BOB, CAROL), (CAROL, ALICE)):
            files.next(one, other)
        lineage = files.open()

        assert [lineage.heir(each) for each in (ALICE, BOB, CAROL)] == [ALICE, BOB, CAROL]
        assert lineage.record(ALICE, DAVE, "hook")
        assert lineage.former(DAVE) == (ALICE,)

    def test_a_past_that_nobody_left_is_not_believed(self, files: Files) -> None:
        members = {"schema_version": 1, "session_id": BOB, "former": [ALICE, CAROL, 7, None]}
        files.put(BOB, ".json", json.dumps(members).encode())

        assert files.open().former(BOB) == ()

    def test_a_long_forged_past_is_bounded(self, files: Files) -> None:
        former = [f"id-{number}" for number in range(500)]
        for each in former:
            files.next(each, BOB)
        members = {"schema_version": 1, "session_id": BOB, "former": former}
        files.put(BOB, ".json", json.dumps(members).encode())

        assert files.open().former(BOB) == tuple(former[:FORMER_MAX])

    def test_what_a_dead_process_began_is_finished_before_the_next_step(self, files: Files) -> None:
        begun = {"schema_version": 1, "session_id": BOB, "former": [], "taking": ALICE}
        files.put(BOB, ".json", json.dumps(begun).encode())

        assert files.open().record(BOB, CAROL, "hook")

        assert files.open().former(CAROL) == (BOB, ALICE)
        assert files.open().former(BOB) == ()
        assert files.open().heir(ALICE) == files.open().heir(BOB) == CAROL

    def test_what_was_begun_and_won_by_another_is_given_up(self, files: Files) -> None:
        begun = {"schema_version": 1, "session_id": BOB, "former": [], "taking": ALICE}
        files.put(BOB, ".json", json.dumps(begun).encode())
        files.next(ALICE, CAROL)

        assert files.open().former(BOB) == ()
        assert files.open().heir(ALICE) == CAROL
        assert b"taking" not in (files.folder / f"{hash32(BOB)}.json").read_bytes()

    def test_damage_is_set_aside_by_the_sweep(self, files: Files) -> None:
        for number, bad in enumerate(BAD.values()):
            files.put(f"id-{number}", ".next", bad)
        files.open().record(ALICE, BOB, "hook")

        files.open().sweep((BOB,))

        left = {path.name for path in files.folder.iterdir()}
        assert left == {"lock", f"{hash32(ALICE)}.next", f"{hash32(BOB)}.json"}

    def test_a_lock_that_is_never_given_back_ends_in_an_error_and_changes_nothing(
        self, files: Files, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import fcntl

        monkeypatch.setattr(files_module, "LOCK_SECONDS", 0.01)
        files.folder.mkdir(parents=True)
        with open(files.folder / "lock", "w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with pytest.raises(LockBusy):
                files.open().record(ALICE, BOB, "hook")
        assert files.open().heir(ALICE) == ALICE

    def test_a_folder_that_cannot_be_made_is_an_error(self, files: Files) -> None:
        files.folder.parent.mkdir(exist_ok=True)
        files.folder.write_text("in the way")

        assert files.open().heir(ALICE) == ALICE
        with pytest.raises(StoreError):
            files.open().record(ALICE, BOB, "hook")
