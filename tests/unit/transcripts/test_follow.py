"""A transcript that grows is read once, whatever its client does to it meanwhile."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest

from helpers.fakes import FakeClock
from oxtail.core.follow import Mark
from oxtail.core.sighting import Sighting
from oxtail.transcripts import follow
from oxtail.transcripts.files import FileTranscripts
from oxtail.transcripts.follow import LOOK_BYTES, Limits, grown

SMALL = Limits(look=64, line=20)
ID = "0f3c9a1be2d47758"
SHOWN = (
    b'{"type":"user","message":{"content":[{"type":"tool_result","content":'
    b'"{\\"messages\\":[{\\"id\\":\\"%s\\",\\"body\\":\\"b\\"}]}"}]}}\n' % ID.encode()
)


class Follower:
    """One file, looked at again and again."""

    def __init__(self, path: Path, limits: Limits | None = None) -> None:
        self.path = path
        self.limits = limits
        self.mark: Mark | None = None

    def look(self) -> tuple[list[tuple[int, bytes]], bool]:
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            lines, self.mark, more = grown(
                descriptor, self.mark, lambda line: b"!" in line, self.limits
            )
        finally:
            os.close(descriptor)
        return lines, more

    def lines(self) -> list[tuple[int, bytes]]:
        found, more = self.look()
        while more:
            lines, more = self.look()
            found += lines
        return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "t.jsonl"


def add(path: Path, data: bytes) -> None:
    with path.open("ab") as out:
        out.write(data)


def test_wanted_lines_come_once_with_their_numbers(file: Path) -> None:
    file.write_bytes(b"a\n!b\n\n!c\n")
    follower = Follower(file)

    assert follower.lines() == [(2, b"!b"), (4, b"!c")]
    assert follower.lines() == []
    add(file, b"d\n!e\n")
    assert follower.lines() == [(6, b"!e")]


def test_a_torn_last_line_is_left_until_it_is_whole(file: Path) -> None:
    file.write_bytes(b"a\n!to")
    follower = Follower(file)

    assert follower.lines() == []
    add(file, b"rn")
    assert follower.lines() == []
    add(file, b"\n")
    assert follower.lines() == [(2, b"!torn")]


def test_a_character_that_is_torn_in_two_is_whole_again(file: Path) -> None:
    data = "!żółw".encode()
    file.write_bytes(data[:3])
    follower = Follower(file)
    follower.lines()
    add(file, data[3:] + b"\n")

    assert follower.lines() == [(1, data)]


def test_one_look_reads_a_bounded_number_of_bytes(file: Path) -> None:
    file.write_bytes(b"x" * 9 + b"\n" + b"!" * 9 + b"\n" + b"y\n" * 100 + b"!z\n")
    follower = Follower(file, SMALL)

    lines, more = follower.look()

    assert (lines, more) == ([(2, b"!" * 9)], True)
    assert follower.mark is not None
    assert follower.mark.offset <= SMALL.look
    assert follower.lines() == [(103, b"!z")]


@pytest.mark.parametrize("length", [21, 64, 65, 1_000])
def test_a_line_that_is_too_long_is_passed_over_and_counted(file: Path, length: int) -> None:
    file.write_bytes(b"!a\n" + b"!" * length + b"\n!c\n")

    assert Follower(file, SMALL).lines() == [(1, b"!a"), (3, b"!c")]


def test_a_line_that_grows_too_long_while_it_is_written_is_passed_over(file: Path) -> None:
    file.write_bytes(b"")
    follower = Follower(file, SMALL)
    for _ in range(20):
        add(file, b"!!!!!!!")
        assert follower.lines() == []
    add(file, b"\n!b\n")

    assert follower.lines() == [(2, b"!b")]


def test_an_enormous_line_takes_no_memory(file: Path) -> None:
    with file.open("wb") as out:
        for _ in range(64):
            out.write(b"!" * 1024 * 1024)
        out.write(b"\n!b\n")
    follower = Follower(file)
    tracemalloc.start()

    assert follower.lines() == [(2, b"!b")]

    assert tracemalloc.get_traced_memory()[1] < LOOK_BYTES
    tracemalloc.stop()


def test_a_file_that_was_cut_is_read_from_its_beginning(file: Path) -> None:
    file.write_bytes(b"!a\n!b\n!c\n")
    follower = Follower(file)
    follower.lines()

    file.write_bytes(b"!d\n")

    assert follower.lines() == [(1, b"!d")]


def test_a_file_that_was_written_anew_in_place_is_read_from_its_beginning(file: Path) -> None:
    file.write_bytes(b"!a\n!b\n")
    follower = Follower(file)
    follower.lines()

    file.write_bytes(b"!c\n!d\n!e\n")  # the same file by number, and longer

    assert follower.lines() == [(1, b"!c"), (2, b"!d"), (3, b"!e")]


def test_a_file_that_was_replaced_is_read_from_its_beginning(file: Path) -> None:
    file.write_bytes(b"!a\n!b\n")
    follower = Follower(file)
    follower.lines()

    other = file.with_name("other")
    other.write_bytes(b"!a\n!b\n!c\n")
    other.rename(file)

    assert follower.lines() == [(1, b"!a"), (2, b"!b"), (3, b"!c")]


def test_a_file_that_is_replaced_while_it_is_read_is_read_as_it_was(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_bytes(b"!a\n" * 40_000)
    other = file.with_name("other")
    other.write_bytes(b"!new\n")
    real = os.pread

    def pread(descriptor: int, count: int, offset: int) -> bytes:
        if other.exists():
            other.rename(file)
        return real(descriptor, count, offset)

    monkeypatch.setattr(follow.os, "pread", pread)
    follower = Follower(file)

    assert len(follower.lines()) == 40_000
    assert follower.lines() == [(1, b"!new")]


def test_a_file_that_is_cut_while_it_is_read_gives_what_is_left(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_bytes(b"!a\n" * 100_000)
    real = os.pread

    def pread(descriptor: int, count: int, offset: int) -> bytes:
        data = real(descriptor, count, offset)
        if offset == 0:
            os.truncate(file, 3 * 10)
        return data

    monkeypatch.setattr(follow.os, "pread", pread)
    follower = Follower(file)
    follower.lines()
    monkeypatch.undo()

    assert follower.lines() == [(number, b"!a") for number in range(1, 11)]


def test_a_look_must_be_able_to_pass_the_longest_line() -> None:
    with pytest.raises(ValueError, match="pass"):
        Limits(look=10, line=10)


# ------------------------------------------------------------------ through the port


@pytest.fixture
def transcripts() -> FileTranscripts:
    return FileTranscripts("/nowhere", {}, FakeClock())


def test_messages_before_the_model_are_found_with_their_lines(
    transcripts: FileTranscripts, file: Path
) -> None:
    file.write_bytes(b'{"type":"user"}\n' + SHOWN)

    growth = transcripts.follow(str(file), "claude-code", None)

    assert growth.seen == ((2, Sighting(ID, "b")),)
    assert transcripts.follow(str(file), "claude-code", growth.mark).seen == ()
    assert transcripts.follow(str(file), "codex", None).seen == ()


def test_a_link_is_followed_and_leads_elsewhere_another_time(
    transcripts: FileTranscripts, file: Path
) -> None:
    one, two = file.with_name("one"), file.with_name("two")
    one.write_bytes(SHOWN)
    two.write_bytes(b"\n" + SHOWN)
    file.symlink_to(one)
    first = transcripts.follow(str(file), "claude-code", None)
    file.unlink()
    file.symlink_to(two)

    assert [n for n, _ in first.seen] == [1]
    assert [n for n, _ in transcripts.follow(str(file), "claude-code", first.mark).seen] == [2]


def test_a_missing_file_is_told_from_one_that_cannot_be_read(
    transcripts: FileTranscripts, file: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        transcripts.follow(str(file), "claude-code", None)
    os.mkfifo(file)
    for path in (str(file), str(file.parent), "/dev/zero", "a\0b", "\ud800"):
        with pytest.raises(OSError):  # noqa: PT011 - whichever the system gives
            transcripts.follow(path, "claude-code", None)
