from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from helpers.fakes import FakeClock
from oxtail.core.transcript import Said, Transcript
from oxtail.transcripts import scan
from oxtail.transcripts.files import FileTranscripts

both = pytest.mark.parametrize("tail", [False, True])


def claude(text: object, role: str = "user", **more: Any) -> bytes:
    record = {"type": role, "message": {"role": role, "content": text}, **more}
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


def codex(text: str, role: str = "user") -> bytes:
    content = [{"type": "input_text", "text": text}]
    payload = {"type": "message", "role": role, "content": content}
    return json.dumps({"type": "response_item", "payload": payload}).encode() + b"\n"


class File:
    def __init__(self, path: Path) -> None:
        self.path = path

    def holds(self, *lines: bytes) -> None:
        self.path.write_bytes(b"".join(lines))
        os.utime(self.path, (1_700_000_000, 1_700_000_000))

    def read(
        self,
        *,
        client: str = "claude-code",
        limit: int = 20,
        max_bytes: int = 24_000,
        timestamps: bool = False,
        tail: bool = False,
        chunk: int = scan.CHUNK_BYTES,
        path: str | None = None,
    ) -> Transcript:
        reader = FileTranscripts("/nowhere", {}, FakeClock(), chunk_bytes=chunk)
        return reader.read(
            path or str(self.path),
            client,
            limit=limit,
            max_bytes=max_bytes,
            timestamps=timestamps,
            tail_scan=tail,
        )

    def texts(self, **options: Any) -> list[str]:
        return [said.text for said in self.read(**options).messages]


@pytest.fixture
def file(tmp_path: Path) -> File:
    return File(tmp_path / "t.jsonl")


@both
def test_a_missing_file_is_an_empty_transcript(file: File, tail: bool) -> None:
    assert file.read(tail=tail) == Transcript((), False, False, 0, None)


@both
def test_an_empty_file_is_an_empty_transcript(file: File, tail: bool) -> None:
    file.holds()
    assert file.read(tail=tail) == Transcript((), False, False, 0, 1_700_000_000.0)


@both
def test_messages_come_oldest_first_with_time_stamps_if_wanted(file: File, tail: bool) -> None:
    file.holds(claude("one", timestamp="t1"), claude("two", "assistant", timestamp="t2"))
    assert file.read(tail=tail).messages == (
        Said("user", "one", None),
        Said("assistant", "two", None),
    )
    assert [said.timestamp for said in file.read(tail=tail, timestamps=True).messages] == [
        "t1",
        "t2",
    ]


@both
def test_each_client_has_its_own_reader(file: File, tail: bool) -> None:
    file.holds(claude("from claude"), codex("from codex"))
    assert file.texts(client="codex", tail=tail) == ["from codex"]
    assert file.texts(client="claude-code", tail=tail) == ["from claude"]
    assert file.texts(client="unknown", tail=tail) == ["from claude"]


@both
@pytest.mark.parametrize("chunk", [16, 17, 64, 65_536])
def test_lines_that_are_no_messages_are_left_out(file: File, tail: bool, chunk: int) -> None:
    file.holds(
        b"\n\n",
        b"\0\0\0\0\n",
        claude("one"),
        b'{"type":"user","message":{"role":"user","content":"torn',
        b"\n",
        b"\xff\xfe\n",
        b"null\n[1]\n7\n" + b"[" * 5_000 + b"\n",
        claude([{"type": "tool_result", "content": "x"}]),
        claude("two").replace(b"\n", b"\r\n"),
        claude("thr\u2028ee"),
        b'{"type":"user","message":{"role":"user","content":"a torn last line',
    )
    assert file.texts(tail=tail, chunk=chunk) == ["one", "two", "thr\u2028ee"]
    assert file.read(tail=tail, chunk=chunk).total_messages == 3


@both
def test_a_last_line_without_a_line_end_counts(file: File, tail: bool) -> None:
    file.holds(claude("one"), claude("two").rstrip(b"\n"))
    assert file.texts(tail=tail) == ["one", "two"]


@both
@pytest.mark.parametrize("chunk", range(16, 40))
def test_characters_across_chunks_stay_whole(file: File, tail: bool, chunk: int) -> None:
    text = "é日\U0001f600" * 30
    file.holds(claude(text), claude(text + "!"))
    assert file.texts(tail=tail, chunk=chunk) == [text, text + "!"]


def test_both_scans_know_that_exactly_the_limit_is_everything(file: File) -> None:
    file.holds(b"{}\n", *(claude(str(n)) for n in range(5)))
    whole, tail = file.read(limit=5), file.read(limit=5, tail=True)
    assert whole == tail
    assert (whole.total_messages, whole.count_truncated) == (5, False)


def test_beyond_the_limit_only_the_full_scan_knows_the_total(file: File) -> None:
    file.holds(*(claude(str(n)) for n in range(6)))
    whole, tail = file.read(limit=5), file.read(limit=5, tail=True)
    assert whole.messages == tail.messages
    assert (whole.total_messages, whole.count_truncated) == (6, True)
    assert (tail.total_messages, tail.count_truncated) == (None, True)


@both
def test_what_the_byte_budget_cannot_reach_still_counts(file: File, tail: bool) -> None:
    file.holds(claude("oldest"), claude("a" * 200), claude("b" * 200), claude("c" * 100))
    found = file.read(tail=tail, max_bytes=256)
    assert [said.text[:1] for said in found.messages] == ["b", "c"]
    assert found.messages[0].text.startswith("b" * 156 + "…")
    assert (found.total_messages, found.count_truncated, found.bytes_truncated) == (4, False, True)


@both
def test_a_budget_that_is_just_spent_is_known_to_have_cut(file: File, tail: bool) -> None:
    file.holds(claude("gone"), claude("a" * 256))
    found = file.read(tail=tail, max_bytes=256)
    assert [said.text for said in found.messages] == ["a" * 256]
    assert found.bytes_truncated
    file.holds(claude("a" * 256))
    assert not file.read(tail=tail, max_bytes=256).bytes_truncated


@both
def test_budgets_out_of_range_are_clamped(file: File, tail: bool) -> None:
    file.holds(*(claude(str(n)) for n in range(3)))
    assert file.texts(tail=tail, limit=-5, max_bytes=0) == ["2"]
    assert len(file.texts(tail=tail, limit=10**9, max_bytes=10**12)) == 3


@both
def test_a_line_of_ten_megabytes_is_a_line(file: File, tail: bool) -> None:
    file.holds(claude("before"), claude("x" * 10_000_000), claude("after"))
    found = file.read(tail=tail, max_bytes=300)
    assert [said.text[:6] for said in found.messages] == ["xxxxxx", "after"]
    assert found.total_messages == 3


@both
def test_a_line_longer_than_any_client_writes_is_skipped_unread(
    file: File, tail: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "LINE_MAX_BYTES", 1_000)
    file.holds(claude("before"), claude("x" * 5_000), claude("after"))
    assert file.texts(tail=tail, chunk=64) == ["before", "after"]


@both
def test_memory_follows_the_budgets_and_not_the_file(
    file: File, tail: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "LINE_MAX_BYTES", 100_000)
    line = claude("y" * 4_000)
    file.holds(*[line] * 900, b"z" * 5_000_000 + b"\n", *[line] * 900)
    tracemalloc.start()
    try:
        found = file.read(tail=tail, limit=1_000, max_bytes=4_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found.messages) == 1
    assert peak < 1_000_000 < file.path.stat().st_size


def test_the_tail_scan_reads_only_the_tail(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    file.holds(b"x" * 5_000_000 + b"\n", *(claude(str(n)) for n in range(50)))
    read: list[int] = []
    pread = os.pread

    def counted(descriptor: int, count: int, offset: int) -> bytes:
        read.append(count)
        return pread(descriptor, count, offset)

    monkeypatch.setattr(os, "pread", counted)
    assert file.texts(tail=True, limit=3) == ["47", "48", "49"]
    assert sum(read) == scan.CHUNK_BYTES


@both
def test_what_is_no_regular_file_is_refused_without_waiting(
    file: File, tmp_path: Path, tail: bool
) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("fifo")
    (tmp_path / "loop").symlink_to("loop")
    names = [str(tmp_path / name) for name in ("folder", "fifo", "link", "loop")]
    for path in (*names, "/dev/zero", "/x\0y", "/\ud800", str(tmp_path / "n" / ("x" * 300))):
        if "xxx" in path:
            (tmp_path / "n").mkdir(exist_ok=True)
        with pytest.raises(OSError, match=r"."):
            file.read(path=path, tail=tail)


@both
def test_links_to_a_transcript_and_its_folder_are_followed(
    file: File, tmp_path: Path, tail: bool
) -> None:
    file.holds(claude("one"))
    (tmp_path / "folder").symlink_to(tmp_path)
    (tmp_path / "link").symlink_to("t.jsonl")
    for name in ("folder/t.jsonl", "link"):
        assert file.texts(path=str(tmp_path / name), tail=tail) == ["one"]
    (tmp_path / "dangling").symlink_to("nothing")
    assert file.read(path=str(tmp_path / "dangling"), tail=tail).total_messages == 0


@both
def test_a_file_that_is_cut_meanwhile_is_an_error_and_no_nonsense(
    file: File, tail: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.holds(*(claude(str(n)) for n in range(100)))
    pread = os.pread

    def cutting(descriptor: int, count: int, offset: int) -> bytes:
        data = pread(descriptor, count, offset)
        os.truncate(file.path, 10)
        return data

    monkeypatch.setattr(os, "pread", cutting)
    with pytest.raises(OSError, match="cut"):
        file.read(tail=tail, chunk=64, limit=1000)


@both
def test_what_is_appended_meanwhile_is_not_seen(
    file: File, tail: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.holds(claude("one"))
    pread = os.pread

    def growing(descriptor: int, count: int, offset: int) -> bytes:
        with file.path.open("ab") as out:
            out.write(claude("more"))
        return pread(descriptor, count, offset)

    monkeypatch.setattr(os, "pread", growing)
    assert file.texts(tail=tail, chunk=16) == ["one"]


def test_a_short_read_is_continued(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    file.holds(claude("one"), claude("two"))
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, count, at: pread(fd, min(count, 5), at))
    assert file.texts() == file.texts(tail=True) == ["one", "two"]


def test_the_descriptor_is_closed_whatever_happens(file: File, tmp_path: Path) -> None:
    file.holds(claude("one"))
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(20):
        file.read()
        with pytest.raises(OSError, match="regular"):
            file.read(path=str(tmp_path))
    if before:
        assert len(os.listdir("/proc/self/fd")) == before
