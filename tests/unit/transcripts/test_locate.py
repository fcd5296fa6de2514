from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from helpers.fakes import FakeClock
from oxtail.transcripts.files import FileTranscripts, claude_folder_name

SESSION = "11111111-1111-4111-8111-111111111111"
NOON = 1_800_014_400.0  # 2027-01-15 12:00 UTC
CODEX = "0198c8a0-7f00-7abc-8def-0123456789ab"  # made on 2025-08-20


def transcripts(home: Path, **environ: str) -> FileTranscripts:
    return FileTranscripts(str(home), environ, FakeClock(NOON))


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    return path


def rollout(home: Path, day: str, name: str) -> Path:
    return touch(home / ".codex" / "sessions" / day / name)


@pytest.mark.parametrize(
    ("cwd", "name"),
    [
        ("/home/u/proj", "-home-u-proj"),
        ("/home/u/my_app.v2 (x)", "-home-u-my-app-v2--x-"),
        ("/home/ü/日本", "-home-----"),
        ("/a/\U0001f600", "-a---"),
        ("/a\0\n/..", "-a-----"),
    ],
)
def test_every_unit_but_letters_and_digits_becomes_a_dash(cwd: str, name: str) -> None:
    assert claude_folder_name(cwd) == name


def test_a_claude_path_is_known_before_the_file_exists(home: Path) -> None:
    found = transcripts(home).locate("claude-code", SESSION, "/w/my_app")
    assert found == f"{home}/.claude/projects/-w-my-app/{SESSION}.jsonl"


def test_a_moved_configuration_folder_is_honored(home: Path) -> None:
    found = transcripts(home, CLAUDE_CONFIG_DIR="/cfg").locate("claude-code", SESSION, "/w")
    assert found == f"/cfg/projects/-w/{SESSION}.jsonl"


def test_the_mapping_that_exists_on_disk_wins(home: Path) -> None:
    older = touch(home / ".claude/projects/-w-my_app" / f"{SESSION}.jsonl")
    reader = transcripts(home)
    assert reader.locate("claude-code", SESSION, "/w/my_app") == str(older)
    full = touch(home / ".claude/projects/-w-my-app" / f"{SESSION}.jsonl")
    assert reader.locate("claude-code", SESSION, "/w/my_app") == str(full)


def test_a_cut_folder_name_is_found_by_its_beginning(home: Path) -> None:
    cwd = "/w/" + "long/" * 60
    name = claude_folder_name(cwd)
    assert transcripts(home).locate("claude-code", SESSION, cwd) is None
    touch(home / ".claude/projects" / f"{name[:200]}-other" / "other.jsonl")
    cut = touch(home / ".claude/projects" / f"{name[:200]}-x7f3a" / f"{SESSION}.jsonl")
    assert transcripts(home).locate("claude-code", SESSION, cwd) == str(cut)


@pytest.mark.parametrize(
    "session_id",
    [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "/etc/passwd",
        "a\\b",
        "a\0b",
        "a\nb",
        "é",
        "x" * 201,
        ".hidden",
    ],
)
@pytest.mark.parametrize("client_type", ["claude-code", "codex"])
def test_an_id_that_could_leave_its_folder_has_no_transcript(
    home: Path, client_type: str, session_id: str
) -> None:
    touch(home / "x.jsonl")
    assert transcripts(home).locate(client_type, session_id, "/w") is None


@pytest.mark.parametrize("cwd", ["..", ".", "../..", "/../../etc", "a\0b", "\ud800", ""])
def test_a_folder_name_cannot_leave_the_projects(home: Path, cwd: str) -> None:
    touch(home / ".claude" / f"{SESSION}.jsonl")
    found = transcripts(home).locate("claude-code", SESSION, cwd)
    if found is not None:
        projects = f"{home}/.claude/projects"
        assert os.path.dirname(os.path.dirname(os.path.normpath(found))) == projects


def test_an_unknown_client_has_no_transcript(home: Path) -> None:
    assert transcripts(home).locate("unknown", SESSION, "/w") is None


def test_a_codex_path_is_that_of_a_file_that_exists(home: Path) -> None:
    reader = transcripts(home)
    assert reader.locate("codex", SESSION, "/w") is None
    rollout(home, "2027/01/15", "rollout-2027-01-15T09-00-00-other.jsonl")
    rollout(home, "2027/01/15", f"rollout-2027-01-15T09-00-00-{SESSION}.json")
    rollout(home, "2027/01/15", f"rollout-2027-01-15T09-00-00-1{SESSION}.jsonl")
    assert reader.locate("codex", SESSION, "/w") is None
    wanted = rollout(home, "2027/01/13", f"rollout-2027-01-13T09-00-00-{SESSION}.jsonl")
    assert reader.locate("codex", SESSION, "/w") == str(wanted)
    newer = rollout(home, "2027/01/14", f"rollout-2027-01-14T09-00-00-{SESSION}.jsonl")
    assert reader.locate("codex", SESSION, "/w") == str(newer)


def test_codex_home_is_honored(home: Path, tmp_path: Path) -> None:
    wanted = touch(tmp_path / "codex/sessions/2027/01/15" / f"rollout-x-{SESSION}.jsonl")
    reader = transcripts(home, CODEX_HOME=str(tmp_path / "codex"))
    assert reader.locate("codex", SESSION, "/w") == str(wanted)


def test_older_days_are_not_searched(home: Path) -> None:
    rollout(home, "2027/01/12", f"rollout-x-{SESSION}.jsonl")
    assert transcripts(home).locate("codex", SESSION, "/w") is None


def test_the_day_in_an_id_is_searched_too(home: Path) -> None:
    wanted = rollout(home, "2025/08/20", f"rollout-x-{CODEX}.jsonl")
    assert transcripts(home).locate("codex", CODEX, "/w") == str(wanted)
    future = "ffffffff-ffff-7abc-8def-0123456789ab"
    assert transcripts(home).locate("codex", future, "/w") is None
    assert transcripts(home).locate("codex", "-" * 14 + "7" + "-" * 21, "/w") is None


def test_the_local_day_is_searched_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")  # fourteen hours ahead: tomorrow already
    time.tzset()
    try:
        wanted = rollout(home, "2027/01/16", f"rollout-x-{SESSION}.jsonl")
        assert transcripts(home).locate("codex", SESSION, "/w") == str(wanted)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_sessions_that_are_no_folder_hold_nothing(home: Path) -> None:
    touch(home / ".codex" / "sessions")
    touch(home / ".claude" / "projects")
    assert transcripts(home).locate("codex", SESSION, "/w") is None
    assert transcripts(home).locate("claude-code", SESSION, "/w")
