"""Lines for the human: one contract for both adapters, and a file that is no good."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.fakes import BOB, FakeTrace
from oxtail.core.notice import TEXT_MAX_CHARS, Notice
from oxtail.disk.atomic import Disk
from oxtail.ports import Notices
from oxtail.store.files.locks import Locks
from oxtail.store.files.notices import NOTICES_MAX_BYTES, FileNotices
from oxtail.store.memory.notices import MemoryNotices
from oxtail.store.retention import NOTICES_KEPT


@pytest.fixture
def trace() -> FakeTrace:
    return FakeTrace()


@pytest.fixture
def disk(tmp_path: Path, trace: FakeTrace) -> Disk:
    return Disk(str(tmp_path / "state"), fsync=False, trace=trace)


@pytest.fixture
def files(disk: Disk) -> FileNotices:
    return FileNotices(disk, Locks(disk, 1.0, disk.trace))


@pytest.fixture(params=["files", "memory"])
def notices(request: pytest.FixtureRequest, files: FileNotices) -> Notices:
    return files if request.param == "files" else MemoryNotices()


def test_the_latest_are_given_oldest_first(notices: Notices) -> None:
    assert notices.recent(5) == ()
    said = [Notice(number, "damped", f"text {number}", BOB) for number in range(7)]
    for notice in said:
        notices.say(notice)

    assert notices.recent(3) == tuple(said[-3:])
    assert notices.recent(100) == tuple(said)
    assert notices.recent(0) == ()


def test_a_notice_is_one_short_line(notices: Notices) -> None:
    notices.say(Notice(1, "held", "a\nb\r\n\tc  d " + "x" * 1000))

    (notice,) = notices.recent(5)
    assert notice.text.startswith("a b c d x")
    assert len(notice.text) == TEXT_MAX_CHARS
    assert notice.session_id is None


def test_there_is_a_bound(disk: Disk, files: FileNotices) -> None:
    big = Notice(1, "damped", "\N{GRINNING FACE}" * TEXT_MAX_CHARS)
    files.say(big)
    path = Path(disk.layout.notices())
    path.write_bytes(path.read_bytes() * (NOTICES_MAX_BYTES // path.stat().st_size))
    files.say(big)
    files.say(Notice(2, "damped", "last"))

    assert path.stat().st_size < NOTICES_MAX_BYTES
    kept = files.recent(10_000)
    assert NOTICES_KEPT <= len(kept) <= NOTICES_KEPT + 1
    assert kept[-1] == Notice(2, "damped", "last")


@pytest.mark.parametrize(
    "line",
    [
        "torn",
        "[]",
        "null",
        '{"at":"1","kind":"x","text":"y"}',
        '{"at":true,"kind":"x","text":"y"}',
        '{"at":-1,"kind":"x","text":"y"}',
        '{"at":1e300,"kind":"x","text":"y"}',
        '{"at":1,"kind":2,"text":"y"}',
        '{"at":1,"kind":"x"}',
    ],
)
def test_a_line_that_is_no_notice_is_passed_over(disk: Disk, files: FileNotices, line: str) -> None:
    files.say(Notice(1, "damped", "before"))
    with Path(disk.layout.notices()).open("a", encoding="utf-8") as file:
        file.write(line)
    files.say(Notice(2, "damped", "after"))

    assert [notice.text for notice in files.recent(10)] == ["before", "after"]


def test_the_form_of_a_line(disk: Disk, files: FileNotices) -> None:
    files.say(Notice(1, "damped", "text", BOB))

    line = Path(disk.layout.notices()).read_text()
    assert json.loads(line) == {
        "schema_version": 1,
        "at": 1,
        "kind": "damped",
        "text": "text",
        "session_id": BOB,
    }


def test_what_is_no_file_is_set_aside(disk: Disk, files: FileNotices, trace: FakeTrace) -> None:
    disk.folder(disk.layout.home)
    Path(disk.layout.notices()).mkdir()

    assert files.recent(5) == ()
    files.say(Notice(1, "damped", "text"))
    assert [notice.text for notice in files.recent(5)] == ["text"]
    assert trace.named("damaged_set_aside")


def test_a_lock_that_stays_taken_fails_nothing(
    disk: Disk, files: FileNotices, trace: FakeTrace
) -> None:
    path = disk.layout.notices()
    locks = Locks(disk, 1.0, disk.trace)
    impatient = FileNotices(disk, Locks(disk, 0.01, disk.trace))
    disk.folder(disk.layout.home)
    with locks.holding(path, "notices_lock_stale_clear"):
        impatient.say(Notice(1, "damped", "text"))

    assert files.recent(5) == ()
    assert trace.named("notice_failed")
