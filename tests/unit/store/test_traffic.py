"""What has passed of late: one contract for both adapters, and files that are no good."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.fakes import ALICE, BOB, CAROL, FakeTrace
from oxtail.core.governor import HOPS_MAX, Passed
from oxtail.disk.atomic import Disk
from oxtail.ports import Traffic
from oxtail.store.files.traffic import CUT_BYTES, SIZE, FileTraffic
from oxtail.store.memory.traffic import MemoryTraffic
from oxtail.store.retention import NEWS_SECONDS, TRAFFIC_KEPT

NOW = 1_800_000_000.0
AT = 1_800_000_000_000


@pytest.fixture
def trace() -> FakeTrace:
    return FakeTrace()


@pytest.fixture
def disk(tmp_path: Path, trace: FakeTrace) -> Disk:
    return Disk(str(tmp_path / "state"), fsync=False, trace=trace)


@pytest.fixture(params=["files", "memory"])
def traffic(request: pytest.FixtureRequest, disk: Disk) -> Traffic:
    return FileTraffic(disk) if request.param == "files" else MemoryTraffic()


def seen(found: object) -> list[Passed]:
    return [found[place] for place in range(len(found))]  # type: ignore[arg-type, index]


def test_nothing_has_passed_between_strangers(traffic: Traffic) -> None:
    assert seen(traffic.between(ALICE, BOB, 10)) == []
    assert seen(traffic.of(ALICE, 10)) == []


def test_both_see_what_passed_each_from_its_own_side(traffic: Traffic) -> None:
    traffic.note(ALICE, BOB, Passed(AT, False, hops=3))
    traffic.note(BOB, ALICE, Passed(AT + 1, True, is_answer=True))

    assert seen(traffic.between(ALICE, BOB, 10)) == [
        Passed(AT, False, False, 3),
        Passed(AT + 1, True, True, 0, True),
    ]
    assert [each.is_back for each in seen(traffic.between(BOB, ALICE, 10))] == [True, False]
    assert seen(traffic.between(ALICE, CAROL, 10)) == []


def test_a_sender_has_sent_to_everybody(traffic: Traffic) -> None:
    traffic.note(ALICE, BOB, Passed(AT, False))
    traffic.note(ALICE, CAROL, Passed(AT + 1, True, hops=HOPS_MAX))
    traffic.note(BOB, ALICE, Passed(AT + 2, False))

    assert seen(traffic.of(ALICE, 10)) == [Passed(AT, False), Passed(AT + 1, True, hops=HOPS_MAX)]


def test_only_the_latest_are_given(traffic: Traffic) -> None:
    for number in range(10):
        traffic.note(ALICE, BOB, Passed(AT + number, False))

    latest = traffic.between(ALICE, BOB, 3)
    assert [each.at_ms - AT for each in seen(latest)] == [7, 8, 9]
    assert latest[-1].at_ms - AT == 9
    assert [each.at_ms - AT for each in reversed(latest)] == [9, 8, 7]
    assert seen(traffic.between(ALICE, BOB, 0)) == []
    with pytest.raises(IndexError):
        latest[3]


def test_more_than_is_kept_can_be_asked_for(traffic: Traffic) -> None:
    for number in range(TRAFFIC_KEPT + 5):
        traffic.note(ALICE, BOB, Passed(AT + number, False))

    assert len(traffic.of(ALICE, 1_000_000)) == TRAFFIC_KEPT


def test_those_who_have_not_said_who_they_are_share_a_name(traffic: Traffic) -> None:
    traffic.note("", "pid:7", Passed(AT, False))

    assert len(traffic.between("", "pid:7", 5)) == 1


def test_a_matter_is_news_once_in_a_while(traffic: Traffic) -> None:
    assert traffic.is_news("loop a b", NOW)
    assert not traffic.is_news("loop a b", NOW + 1)
    assert traffic.is_news("loop a c", NOW + 1)
    assert not traffic.is_news("loop a b", NOW + 1 + NEWS_SECONDS - 2)
    assert traffic.is_news("loop a b", NOW + 3 * NEWS_SECONDS)
    assert traffic.is_news("loop a b", NOW - NEWS_SECONDS)


class TestFiles:
    @pytest.fixture
    def files(self, disk: Disk) -> FileTraffic:
        return FileTraffic(disk)

    @pytest.fixture
    def pair(self, disk: Disk) -> Path:
        path = Path(disk.layout.traffic_between(ALICE, BOB))
        path.parent.mkdir(parents=True)
        return path

    def test_files_are_private_and_small(self, disk: Disk, files: FileTraffic) -> None:
        files.note(ALICE, BOB, Passed(AT, False))

        names = sorted(os.listdir(disk.layout.traffic))
        assert [name[:2] for name in names] == ["p-", "s-"]
        for name in names:
            found = os.stat(os.path.join(disk.layout.traffic, name))
            assert (stat.S_IMODE(found.st_mode), found.st_size) == (0o600, SIZE)
        assert 4096 % SIZE == 0, "a record must not lie across two pages"

    def test_a_file_is_cut_to_its_end(
        self, disk: Disk, files: FileTraffic, trace: FakeTrace
    ) -> None:
        files.note(ALICE, BOB, Passed(AT, False))
        path = Path(disk.layout.traffic_between(ALICE, BOB))
        path.write_bytes(path.read_bytes() * (CUT_BYTES // SIZE))
        files.note(ALICE, BOB, Passed(AT + 1, False))

        assert path.stat().st_size == TRAFFIC_KEPT * SIZE
        assert [each.at_ms for each in seen(files.between(ALICE, BOB, 2))] == [AT, AT + 1]
        assert trace.events == []

    def test_a_folder_that_went_is_made_again(self, disk: Disk, files: FileTraffic) -> None:
        files.note(ALICE, BOB, Passed(AT, False))
        for name in os.listdir(disk.layout.traffic):
            os.unlink(os.path.join(disk.layout.traffic, name))
        os.rmdir(disk.layout.traffic)
        files.note(ALICE, BOB, Passed(AT, False))

        assert len(files.between(ALICE, BOB, 5)) == 1

    @pytest.mark.parametrize(
        "content",
        [b"x", b"x" * SIZE, b"\0" * (SIZE * 50), os.urandom(SIZE * 300 + 5)],
        ids=["torn", "one", "zeros", "noise"],
    )
    def test_what_is_no_record_counts_as_nothing_and_goes(
        self, files: FileTraffic, pair: Path, trace: FakeTrace, content: bytes
    ) -> None:
        pair.write_bytes(content)

        assert seen(files.between(ALICE, BOB, 100)) == []
        assert trace.named("traffic_failed")
        files.note(ALICE, BOB, Passed(AT, False))
        assert seen(files.between(ALICE, BOB, 100)) == [Passed(AT, False)]

    def test_a_torn_record_is_mended_by_the_next_note(self, files: FileTraffic, pair: Path) -> None:
        files.note(ALICE, BOB, Passed(AT, False))
        with pair.open("ab") as file:
            file.write(b"torn")
        files.note(ALICE, BOB, Passed(AT + 1, False))
        files.note(ALICE, BOB, Passed(AT + 2, False))

        assert [each.at_ms for each in seen(files.between(ALICE, BOB, 9))] == [AT + 1, AT + 2]

    def test_an_enormous_file_is_read_at_its_end_only(self, files: FileTraffic, pair: Path) -> None:
        with pair.open("wb") as file:
            file.truncate(1 << 40)

        assert seen(files.between(ALICE, BOB, 100)) == []
        files.note(ALICE, BOB, Passed(AT, False))
        assert pair.stat().st_size == SIZE

    @pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
    def test_what_is_no_file_is_set_aside(
        self, files: FileTraffic, pair: Path, trace: FakeTrace, tmp_path: Path, kind: str
    ) -> None:
        victim = tmp_path / "victim"
        victim.write_text("kept")
        make: dict[str, Callable[[], object]] = {
            "folder": pair.mkdir,
            "link": lambda: pair.symlink_to(victim),
            "pipe": lambda: os.mkfifo(pair),
        }
        make[kind]()

        assert seen(files.between(ALICE, BOB, 100)) == []
        files.note(ALICE, BOB, Passed(AT, False))

        assert len(files.between(ALICE, BOB, 100)) == 1
        assert victim.read_text() == "kept"
        assert trace.named("damaged_set_aside")

    def test_a_folder_that_cannot_be_used_is_traced_and_fails_nothing(
        self, disk: Disk, files: FileTraffic, trace: FakeTrace
    ) -> None:
        disk.folder(disk.layout.home)
        Path(disk.layout.traffic).write_text("in the way")

        files.note(ALICE, BOB, Passed(AT, False))
        assert seen(files.between(ALICE, BOB, 5)) == []
        assert files.is_news("anything", NOW)
        assert trace.named("traffic_failed")

    def test_times_and_hops_out_of_bounds_are_kept_in_bounds(self, files: FileTraffic) -> None:
        files.note(ALICE, BOB, Passed(-5, False, hops=-1))
        files.note(ALICE, BOB, Passed(1 << 70, False, hops=1 << 20))

        assert [(each.at_ms, each.hops) for each in seen(files.of(ALICE, 5))] == [
            (0, 0),
            ((1 << 63) - 1, HOPS_MAX),
        ]
