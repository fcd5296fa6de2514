"""The ladder by which a server learns its session."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from helpers.fakes import ALICE, BOB, FakeClock, FakeTrace
from oxtail.core.detected import Detected
from oxtail.core.entry import Client, Entry
from oxtail.disk.atomic import Disk
from oxtail.identity import births
from oxtail.identity.ancestry import Ancestor
from oxtail.identity.detect import (
    Ladder,
    client_type_from_env,
    client_type_from_name,
    session_id_from_env,
)

STARTED = 1_800_000_000
PARENT = Ancestor(600, "Sun Nov 8 14:00:08 2026")


class World:
    """A home with clients' folders; *environ*, the clock and the process tree are the test's."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.cwd = home / "proj"
        self.cwd.mkdir()
        self.trace = FakeTrace()
        self.clock = FakeClock(STARTED)
        self.disk = Disk(str(home / ".oxtail"), fsync=False, trace=self.trace)
        self.environ: dict[str, str] = {}
        self.projects = home / ".claude" / "projects" / "here"
        self.ladder = Ladder(
            self.disk,
            self.clock,
            self.environ,
            user_home=str(home),
            locate=lambda _kind, sid, _cwd: str(self.projects / f"{sid}.jsonl"),
            ancestors=lambda: (Ancestor(650, "x"), PARENT, Ancestor(500, "")),
        )

    def entry(self, kind: str = "claude-code", session_id: str | None = None) -> Entry:
        return Entry(4711, STARTED, Client(kind, session_id, None, None, str(self.cwd)))

    def detect(self, kind: str = "claude-code") -> Detected | None:
        return self.ladder.detect(self.entry(kind), "startup")

    def diagnose(self, kind: str = "claude-code") -> dict[str, Any]:
        return self.ladder.diagnose(self.entry(kind))

    def drop(self, session_id: str, **changes: Any) -> Path:
        payload = {"session_id": session_id, "cwd": str(changes.pop("cwd", self.cwd))}
        record = {
            "schema_version": 1, "ppid": 1234, "ppid_sig": "Sun Nov  8 10:00:00 2026",
            "written_at": STARTED - 1, "payload": payload, **changes,
        }  # fmt: skip
        path = Path(self.disk.folder(self.disk.layout.session_starts)) / session_id
        path.write_text(json.dumps(record))
        return path


@pytest.fixture
def world(home: Path) -> World:
    return World(home)


CONFIRMED = {"ppid": 600, "ppid_sig": "Sun Nov  8  14:00:08 2026"}


# Client type


@pytest.mark.parametrize(
    ("environ", "kind"),
    [
        ({}, "unknown"),
        ({"CLAUDECODE": "1"}, "claude-code"),
        ({"CLAUDECODE": "1", "CODEX_THREAD_ID": "t"}, "claude-code"),
        ({"CLAUDECODE": "0"}, "unknown"),
        ({"CODEX_HOME": "/h"}, "codex"),
        ({"CODEX_RUNTIME": "x"}, "codex"),
        ({"CODEX_COMPANION_SESSION_ID": "x"}, "codex"),
        ({"CODEX_THREAD_ID": ""}, "unknown"),
    ],
)
def test_the_environment_tells_the_client(environ: dict[str, str], kind: str) -> None:
    assert client_type_from_env(environ) == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("claude-code", "claude-code"), ("Claude Desktop", "claude-code"),
        ("codex-mcp-client", "codex"), ("CODEX", "codex"), ("cursor", "unknown"),
        ("", "unknown"), (None, "unknown"),
    ],
)  # fmt: skip
def test_the_handshake_tells_the_client(name: str | None, kind: str) -> None:
    assert client_type_from_name(name) == kind


def test_a_handshake_that_tells_nothing_leaves_it_to_the_environment(world: World) -> None:
    world.environ["CODEX_HOME"] = "/h"

    assert world.ladder.client_type("cursor") == "codex"
    assert world.ladder.client_type("claude-code") == "claude-code"


# Environment


@pytest.mark.parametrize(
    ("kind", "environ", "found"),
    [
        ("claude-code", {"CLAUDE_CODE_SESSION_ID": ALICE}, ALICE),
        ("claude-code", {"CLAUDE_CODE_SESSION_ID": ""}, None),
        ("claude-code", {"CODEX_THREAD_ID": BOB}, None),
        ("codex", {"CODEX_THREAD_ID": ALICE, "CODEX_COMPANION_SESSION_ID": BOB}, ALICE),
        ("codex", {"CODEX_THREAD_ID": "", "CODEX_COMPANION_SESSION_ID": BOB}, BOB),
        ("codex", {"CODEX_SESSION_ID": BOB}, None),
        ("unknown", {"CLAUDE_CODE_SESSION_ID": ALICE, "CODEX_THREAD_ID": BOB}, None),
        ("codex", {"CODEX_THREAD_ID": "x" * 201}, None),
        ("codex", {"CODEX_THREAD_ID": "a\nb"}, None),
    ],
)
def test_the_environment_names_the_session(
    world: World, kind: str, environ: dict[str, str], found: str | None
) -> None:
    assert session_id_from_env(kind, environ) == found
    world.environ.update(environ)
    assert world.ladder.from_env(kind) == (Detected(found, "env") if found else None)


# Hook drops


def test_a_drop_under_our_client_names_the_session_for_sure(world: World) -> None:
    world.drop(ALICE, **CONFIRMED)
    world.drop(BOB)

    assert world.detect() == Detected(ALICE, "hook-drop")
    assert world.diagnose()["winning"] == {
        "session_id": ALICE, "source": "hook-drop", "confidence": "high", "strategy": "hook-drop",
    }  # fmt: skip


def test_an_old_drop_counts_if_our_client_wrote_it(world: World) -> None:
    world.drop(ALICE, **CONFIRMED, written_at=STARTED - 86_400)

    assert world.detect() == Detected(ALICE, "hook-drop")


def test_several_drops_under_our_client_name_nobody(world: World) -> None:
    world.drop(ALICE, **CONFIRMED)
    world.drop(BOB, **CONFIRMED)

    assert world.detect() is None


def test_a_neighbor_s_fresh_drop_is_not_taken_in_the_first_seconds(world: World) -> None:
    world.drop(ALICE)
    assert world.detect() is None
    assert not world.ladder.is_hopeless()

    world.clock.advance(30)

    assert world.detect() == Detected(ALICE, "hook-drop")
    assert world.diagnose()["winning"]["confidence"] == "medium"


def test_our_own_drop_that_comes_late_beats_a_neighbor_s(world: World) -> None:
    world.drop(BOB)
    assert world.detect() is None

    world.drop(ALICE, **CONFIRMED)
    world.clock.advance(30)

    assert world.detect() == Detected(ALICE, "hook-drop")


@pytest.mark.parametrize(
    "changes",
    [
        {"written_at": STARTED - 121},
        {"ppid": 600, "ppid_sig": "Sun Nov 8 14:00:09 2026", "written_at": STARTED - 500},
        {"ppid": 600, "ppid_sig": "", "written_at": STARTED - 500},
        {"ppid": 500, "ppid_sig": "", "written_at": STARTED - 500},
        {"cwd": "/elsewhere"},
        {"written_at": None},
        {"schema_version": 2},
        {"schema_version": True},
        {"payload": None},
        {"payload": {"session_id": ""}},
        {"payload": {"session_id": ALICE}},
    ],
)
def test_a_drop_that_does_not_fit_names_nobody(world: World, changes: dict[str, Any]) -> None:
    world.drop(ALICE, **changes)
    world.clock.advance(30)

    assert world.detect() is None


def test_several_unconfirmed_drops_name_nobody_and_never_will(world: World) -> None:
    world.drop(ALICE)
    world.drop(BOB)
    world.clock.advance(30)

    assert world.detect() is None
    assert world.diagnose()["per_strategy"]["hook-drop"]["structural"] is True


def test_a_link_to_our_folder_is_our_folder(world: World) -> None:
    (world.home / "link").symlink_to(world.cwd)
    world.drop(ALICE, **CONFIRMED, cwd=world.home / "link")

    assert world.detect() == Detected(ALICE, "hook-drop")


def test_temporary_and_damaged_drops_are_ignored_and_left(world: World) -> None:
    folder = world.drop(ALICE, **CONFIRMED).parent
    (folder / ".x.tmp.7").write_text((folder / ALICE).read_text().replace(ALICE, BOB))
    (folder / "null").write_text("null")
    (folder / "torn").write_text('{"schema')
    (folder / "nul").write_text(
        '{"schema_version":1,"payload":{"session_id":"a","cwd":"/\\u0000"}}'
    )
    (folder / "odd").write_text(
        '{"schema_version":1,"payload":{"session_id":"a","cwd":"/\\ud800"}}'
    )
    (folder / "dir").mkdir()

    assert world.detect() == Detected(ALICE, "hook-drop")
    assert len(list(folder.iterdir())) == 7


def test_a_drop_that_nobody_needs_any_more_is_removed(world: World) -> None:
    old = world.drop(ALICE, **CONFIRMED, written_at=STARTED - 31 * 86_400)

    assert world.detect() is None
    assert not old.exists()


def test_without_a_drop_for_this_folder_no_process_is_looked_at(home: Path) -> None:
    def refuse() -> tuple[Ancestor, ...]:
        raise AssertionError("ps was run")

    world = World(home)
    ladder = Ladder(
        world.disk, world.clock, {}, user_home=str(home), locate=lambda *_: None, ancestors=refuse
    )
    assert ladder.detect(world.entry(), "startup") is None


# Birth time


@pytest.fixture
def born(world: World, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Births by file name, in seconds after the server's start."""
    ages: dict[str, float] = {}

    def birth_of(path: str) -> float | None:
        age = ages.get(os.path.basename(path))
        return None if age is None else STARTED + age

    monkeypatch.setattr(births, "birth_of", birth_of)
    world.projects.mkdir(parents=True)
    return ages


def claude(world: World, born: dict[str, float], session_id: str, age: float) -> None:
    name = f"{session_id}.jsonl"
    (world.projects / name).write_text("")
    born[name] = age


@pytest.mark.parametrize(
    ("age", "found"), [(-0.999, True), (300, True), (5, True), (-1, False), (300.1, False)]
)
def test_the_one_transcript_born_after_the_start_is_ours(
    world: World, born: dict[str, float], age: float, found: bool
) -> None:
    claude(world, born, ALICE, age)
    claude(world, born, BOB, -9000)

    assert world.detect() == (Detected(ALICE, "birth-time") if found else None)


def test_two_transcripts_born_after_the_start_are_nobody_s(
    world: World, born: dict[str, float]
) -> None:
    claude(world, born, ALICE, 1)
    claude(world, born, BOB, 2)

    assert world.detect() is None
    assert world.diagnose()["per_strategy"]["birth-time"]["structural"] is True


def codex(
    world: World, born: dict[str, float], session_id: str, *, cwd: Any = None, pad: int = 0
) -> None:
    folder = world.home / ".codex/sessions" / time.strftime("%Y/%m/%d", time.gmtime(STARTED))
    folder.mkdir(parents=True, exist_ok=True)
    name = f"rollout-2027-01-15T08-00-00-{session_id}.jsonl"
    payload = {"id": session_id, "instructions": "x" * pad, "cwd": cwd or str(world.cwd)}
    (folder / name).write_text(json.dumps({"type": "session_meta", "payload": payload}) + "\n{}\n")
    born[name] = 1


def test_a_codex_transcript_of_this_folder_is_ours_however_long_its_first_line(
    world: World, born: dict[str, float]
) -> None:
    codex(world, born, ALICE, pad=200_000)
    codex(world, born, BOB, cwd="/elsewhere")

    assert world.detect("codex") == Detected(ALICE, "birth-time")


@pytest.mark.parametrize("changes", [{"pad": 270_000}, {"cwd": 7}, {"cwd": "/"}])
def test_a_codex_transcript_that_does_not_say_our_folder_is_not_ours(
    world: World, born: dict[str, float], changes: dict[str, Any]
) -> None:
    codex(world, born, ALICE, **changes)

    assert world.detect("codex") is None


def test_a_damaged_or_nameless_codex_transcript_is_skipped(
    world: World, born: dict[str, float]
) -> None:
    codex(world, born, ALICE)
    folder = next((world.home / ".codex/sessions").glob("*/*/*"))
    for name, content in {
        f"a-{BOB}.jsonl": "null\n", f"b-{BOB}.jsonl": "{", f"c-{BOB}.jsonl": '{"payload":[]}',
        "rollout.jsonl": (next(folder.iterdir())).read_text(),
    }.items():  # fmt: skip
        (folder / name).write_text(content)
        born[name] = 1

    assert world.detect("codex") == Detected(ALICE, "birth-time")


def test_a_birth_is_when_a_file_was_made_not_when_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("")
    os.utime(path, (5, 5))
    born = births.birth_of(str(path))

    assert born is not None
    assert born == 5 or abs(born - path.stat().st_ctime) < 60
    assert births.birth_of(str(tmp_path / "none")) is births.birth_of("\0") is None


def test_without_a_known_birth_the_last_change_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("")
    os.utime(path, (5, 5))
    monkeypatch.setattr(births, "_statx_birth", lambda _path: None)

    assert births.birth_of(str(path)) == 5


# Order, diagnosis, trace


def test_the_first_rung_that_hits_ends_the_climb(world: World, born: dict[str, float]) -> None:
    claude(world, born, BOB, 1)
    world.drop(BOB, **CONFIRMED)
    world.environ["CLAUDE_CODE_SESSION_ID"] = ALICE

    assert world.detect() == Detected(ALICE, "env")
    assert world.trace.named("detect_run") == [
        {
            "trigger": "startup",
            "winning_strategy": "env",
            "session_id": ALICE,
            "per_strategy": {"env": {"session_id": ALICE, "source": "env", "confidence": "high"}},
            "next_step": None,
        }
    ]


def test_a_diagnosis_tries_every_rung(world: World) -> None:
    world.environ["CLAUDE_CODE_SESSION_ID"] = ALICE
    diagnosis = world.diagnose()

    assert list(diagnosis) == ["per_strategy", "winning", "next_step"]
    assert list(diagnosis["per_strategy"]) == ["env", "hook-drop", "birth-time"]
    assert diagnosis["winning"]["strategy"] == "env"
    assert diagnosis["next_step"] is None


@pytest.mark.parametrize(
    ("kind", "command"),
    [("claude-code", "echo $CLAUDE_CODE_SESSION_ID"), ("codex", "echo $CODEX_THREAD_ID")],
)
def test_where_nothing_was_found_the_agent_is_told_what_to_do(
    world: World, kind: str, command: str
) -> None:
    diagnosis = world.diagnose(kind)

    assert diagnosis["winning"] is None
    assert diagnosis["next_step"]["tool"] == "register_my_session"
    assert diagnosis["next_step"]["bash_command"] == command
    assert all(outcome["abstain"] for outcome in diagnosis["per_strategy"].values())


def test_an_unknown_client_abstains_everywhere(world: World) -> None:
    assert world.detect("unknown") is None
    assert world.diagnose("unknown")["next_step"] is None


def test_looking_again_is_hopeless_only_if_every_rung_says_so(
    world: World, born: dict[str, float]
) -> None:
    assert not world.ladder.is_hopeless()
    world.detect()
    assert not world.ladder.is_hopeless()

    for session_id in (ALICE, BOB):
        world.drop(session_id)
        claude(world, born, session_id, 1)
    world.clock.advance(30)
    world.detect()
    assert world.ladder.is_hopeless()

    world.environ["CLAUDE_CODE_SESSION_ID"] = ALICE
    world.detect()
    assert not world.ladder.is_hopeless()


# A server that is restarted


def test_a_restarted_server_recovers_what_was_claimed_and_its_transcript(world: World) -> None:
    transcript = world.home / "t.jsonl"
    transcript.write_text("{}\n")
    claimed = world.entry("codex")
    client = claimed.client._replace(session_id=ALICE, transcript_path=str(transcript))
    world.ladder.remember(claimed._replace(client=client))

    found = world.ladder.recover(world.entry("codex"))

    assert found == Detected(ALICE, "sticky-claim", str(transcript))
    assert world.ladder.recover(world.entry("codex", BOB)) is None
    assert world.ladder.recover(world.entry("unknown")) is None


def test_our_signature_is_what_ps_prints(world: World) -> None:
    assert len(world.ladder.signature().split()) == 5
