"""The trace: whole lines, private, bounded, and never in the way."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from oxtail import trace
from oxtail.trace import open_trace, rotated, silent, timestamp


def events(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_an_event_is_one_line_of_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "trace.jsonl"
    write = open_trace(str(path))

    write("first", number=1)
    write("second", server_pid=7)

    first, second = events(path)
    assert list(first) == ["ts", "server_pid", "event", "number"]
    assert (first["event"], second["server_pid"]) == ("first", 7)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_a_file_nothing_is_written() -> None:
    assert open_trace(None) is silent
    assert open_trace("") is silent


@pytest.mark.parametrize("members", [{"value": object()}, {"value": float("nan")}])
def test_what_cannot_be_written_fails_nobody(tmp_path: Path, members: dict[str, object]) -> None:
    open_trace(str(tmp_path / "trace"))("event", **members)
    open_trace(str(tmp_path))("a folder has the name", number=1)


def test_a_trace_that_has_grown_is_set_behind_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace, "TRACE_MAX_BYTES", 400)
    path = tmp_path / "folder" / "trace"
    write = open_trace(str(path))

    for number in range(20):
        write("event", number=number)

    kept = [*events(Path(rotated(str(path)))), *(events(path) if path.exists() else [])]
    numbers = [event["number"] for event in kept]
    assert numbers == list(range(20))[-len(numbers) :]
    assert sorted(p.name for p in path.parent.iterdir()) in (["trace", "trace.1"], ["trace.1"])
    assert Path(rotated(str(path))).stat().st_size < 600


def test_a_time_stamp_is_utc_with_milliseconds() -> None:
    assert timestamp(1_800_000_000.0625) == "2027-01-15T08:00:00.062Z"
