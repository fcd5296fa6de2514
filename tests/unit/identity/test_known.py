"""Sessions that may come back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.fakes import ALICE, BOB, FakeClock, FakeTrace
from oxtail.core.entry import Known
from oxtail.core.names import hash32
from oxtail.disk.atomic import Disk
from oxtail.identity import known as module
from oxtail.identity.known import KEEP_SECONDS, REFRESH_SECONDS, KnownSessions

NOW = 1_800_000_000


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def disk(home: Path) -> Disk:
    return Disk(str(home / ".oxtail"), fsync=False, trace=FakeTrace())


@pytest.fixture
def sessions(disk: Disk, clock: FakeClock) -> KnownSessions:
    return KnownSessions(disk, clock)


def known(session_id: str, last_seen: int = NOW, name: str | None = None) -> Known:
    return Known(session_id, name, "codex", "/p", last_seen)


def test_what_is_remembered_comes_back_the_last_seen_first(sessions: KnownSessions) -> None:
    sessions.remember(known(ALICE, NOW - 5, "alice"))
    sessions.remember(known(BOB, NOW - 1))

    assert sessions.all() == (known(BOB, NOW - 1), known(ALICE, NOW - 5, "alice"))


def test_a_record_has_this_form(disk: Disk, sessions: KnownSessions) -> None:
    sessions.remember(known(ALICE, name="alice"))
    path = Path(disk.layout.known_session(ALICE))

    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text()) == {
        "schema_version": 1, "session_id": ALICE, "name": "alice", "client_type": "codex",
        "cwd": "/p", "last_seen": NOW,
    }  # fmt: skip


def test_a_record_tells_how_the_project_was_named(sessions: KnownSessions) -> None:
    sessions.remember(known(ALICE)._replace(project="0a" * 16))
    sessions.remember(known(BOB)._replace(project="not a key"))
    assert {each.session_id: each.project for each in sessions.all()} == {
        ALICE: "0a" * 16,
        BOB: None,
    }


def test_a_record_is_written_anew_only_for_news(disk: Disk, sessions: KnownSessions) -> None:
    path = Path(disk.layout.known_session(ALICE))
    sessions.remember(known(ALICE))
    first = path.stat().st_ino, path.stat().st_mtime_ns

    sessions.remember(known(ALICE, NOW + REFRESH_SECONDS - 1))
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == first

    sessions.remember(known(ALICE, NOW + REFRESH_SECONDS))
    assert sessions.all() == (known(ALICE, NOW + REFRESH_SECONDS),)
    sessions.remember(known(ALICE, name="new"))
    assert sessions.all() == (known(ALICE, name="new"),)


def test_a_session_that_was_not_seen_for_long_is_forgotten(
    disk: Disk, sessions: KnownSessions, clock: FakeClock
) -> None:
    sessions.remember(known(ALICE))
    clock.advance(KEEP_SECONDS)
    assert len(sessions.all()) == 1

    clock.advance(1)
    assert sessions.all() == ()
    sessions.sweep()
    assert disk.names(disk.layout.known) == []


def test_the_number_of_known_sessions_is_bounded(
    disk: Disk, sessions: KnownSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KNOWN_MAX", 3)
    for number in range(5):
        sessions.remember(known(f"session-{number}", NOW - number))

    assert [each.session_id for each in sessions.all()] == ["session-0", "session-1", "session-2"]
    sessions.sweep()
    assert len(disk.names(disk.layout.known)) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"session_id": BOB}, {"session_id": 7}, {"session_id": ""}, {"cwd": None},
        {"last_seen": "now"}, {"last_seen": True}, {"last_seen": -1}, {"last_seen": 10**40},
        {"schema_version": True},
    ],
)  # fmt: skip
def test_a_damaged_record_is_set_aside(
    disk: Disk, sessions: KnownSessions, change: dict[str, object]
) -> None:
    sessions.remember(known(ALICE))
    path = Path(disk.layout.known_session(ALICE))
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))

    assert sessions.all() == ()
    assert not path.exists()
    assert len(disk.names(disk.layout.damaged)) == 1


def test_a_hostile_session_id_stays_in_its_folder(disk: Disk, sessions: KnownSessions) -> None:
    hostile = "../../etc/\ud800\0passwd"
    sessions.remember(known(hostile))

    assert disk.names(disk.layout.known) == [hash32(hostile) + ".json"]
    assert sessions.all() == (known(hostile),)


def test_a_session_without_an_id_is_not_kept(disk: Disk, sessions: KnownSessions) -> None:
    sessions.remember(known(""))

    assert disk.names(disk.layout.known) == []
