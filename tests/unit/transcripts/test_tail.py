"""What the end of a transcript says of its agent, in bounded work."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from helpers.fakes import FakeClock
from oxtail.core.activity import BYTES_MAX, Activity, Family
from oxtail.transcripts.files import FileTranscripts
from oxtail.transcripts.tail import Tails, lines_from_end

CALL = (
    b'{"type":"assistant","message":{"id":"m1","content":'
    b'[{"type":"tool_use","id":"a","name":"Bash","input":{}}]}}\n'
)
RESULT = b'{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"a"}]}}\n'
TALK = json.dumps({"type": "user", "message": {"content": "x" * 900}}).encode() + b"\n"


@pytest.fixture
def transcripts(tmp_path: Path) -> FileTranscripts:
    return FileTranscripts(str(tmp_path), {}, FakeClock())


def test_the_latest_call_and_the_time_of_change_are_found(transcripts, tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_bytes(TALK + CALL)
    os.utime(path, (1_700_000_000, 1_700_000_000))

    found = transcripts.activity(str(path), "claude-code")
    assert found.modified_at == 1_700_000_000
    assert found.tool is not None
    assert (found.tool.family, found.tool.running) == (Family.BASH, True)


def test_a_call_is_over_once_its_result_is_there(transcripts, tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_bytes(CALL)
    assert transcripts.activity(str(path), "claude-code").tool.running
    with path.open("ab") as file:
        file.write(RESULT)
    assert not transcripts.activity(str(path), "claude-code").tool.running


def test_half_a_line_at_the_end_hides_nothing(transcripts, tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_bytes(CALL + RESULT[:40])
    assert transcripts.activity(str(path), "claude-code").tool.running


@pytest.mark.parametrize("padding", [BYTES_MAX, 2_100 * 120])
def test_a_call_too_far_back_is_unknown_and_not_idle(transcripts, tmp_path, padding):
    path = tmp_path / "t.jsonl"
    line = TALK if padding == BYTES_MAX else b'{"type":"user"}'.ljust(119) + b"\n"
    path.write_bytes(CALL + line * (padding // len(line) + 1))
    found = transcripts.activity(str(path), "claude-code")
    assert (found.tool, found.modified_at) == (None, path.stat().st_mtime)


def test_no_more_is_read_than_is_needed(transcripts, tmp_path, monkeypatch):
    path = tmp_path / "t.jsonl"
    path.write_bytes(TALK * 20_000 + CALL)
    read: list[int] = []
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda d, n, o: read.append(n) or real(d, n, o))

    assert transcripts.activity(str(path), "claude-code").tool
    assert sum(read) <= 65_536
    read.clear()
    assert transcripts.activity(str(path), "claude-code").tool
    assert read == []
    path.write_bytes(TALK * 20_000)
    assert transcripts.activity(str(path), "claude-code").tool is None
    assert sum(read) <= BYTES_MAX


@pytest.mark.parametrize("thing", ["missing", "folder", "fifo", "nul", "surrogate"])
def test_what_is_no_file_says_nothing(transcripts, tmp_path, thing):
    path = tmp_path / "t.jsonl"
    if thing == "folder":
        path.mkdir()
    elif thing == "fifo":
        os.mkfifo(path)
    name = {"nul": "/a\0b", "surrogate": "/a\ud800"}.get(thing, str(path))
    assert transcripts.activity(name, "codex") == Activity()


def test_lines_come_from_the_end_whatever_the_size_of_the_pieces(tmp_path):
    path = tmp_path / "t"
    path.write_bytes("one\n\nthrée\nfour".encode())
    with path.open("rb") as file:
        size = path.stat().st_size
        whole = [b"four", "thrée".encode(), b"", b"one"]
        for chunk in range(1, 20):
            assert list(lines_from_end(file.fileno(), size, chunk=chunk)) == whole
        assert list(lines_from_end(file.fileno(), size, most=7)) == [b"four"]


def test_only_so_many_transcripts_are_remembered(tmp_path, monkeypatch):
    monkeypatch.setattr("oxtail.transcripts.tail.CACHE_MAX", 3)
    path = tmp_path / "t.jsonl"
    path.write_bytes(CALL)
    tails = Tails()
    with path.open("rb") as file:
        for number in range(5):
            tails.activity(f"/{number}", "codex", file.fileno())
        assert len(tails._known) == 3
