"""Entries and claims that live npm peers wrote are read, and ours have the same form."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from helpers.capabilities import find, needs, where
from helpers.fakes import ALICE, BOB, FakeClock, FakeTrace
from oxtail.core.entry import OURS, Capabilities, Entry, from_dict
from oxtail.disk.atomic import Disk
from oxtail.identity.ancestry import Ancestor
from oxtail.identity.claims import StickyClaims
from oxtail.identity.registry import FileRegistry

pytestmark = needs("golden")
MOMENTS = sorted(path for path in find("golden").glob("v*/*")) if find("golden") else []
ALL = Capabilities(True, True, True, True, True)
HOST = Ancestor(1435, "Sun Nov 22 12:55:39 2026")


@pytest.fixture(params=MOMENTS, ids=lambda path: f"{path.parent.name}-{path.name}")
def golden(request: pytest.FixtureRequest, home: Path) -> Path:
    """A state folder of npm peers, copied to where it belongs."""
    assert where("golden")
    folder = home / ".oxtail"
    shutil.copytree(request.param, folder)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def open_registry(folder: Path, running: bool = True, **boxes: Any) -> FileRegistry:
    disk = Disk(str(folder), fsync=False, trace=FakeTrace())
    given = {
        "has_mail": lambda box: (folder / "mailboxes" / f"{box}.jsonl").exists(),
        "adopt_box": lambda _source, _target: 0,
        "quarantine_box": lambda _box, _reason: 0,
    }
    return FileRegistry(disk, FakeClock(), is_running=lambda _: running, **{**given, **boxes})


def test_every_entry_is_read_with_all_that_it_says(golden: Path) -> None:
    entries = {entry.session_id: entry for entry in open_registry(golden).entries()}
    is_new = golden.parent and "mailbox_key" in next((golden / "sessions").iterdir()).read_text()

    assert set(entries) == {ALICE, BOB}
    assert entries[ALICE].client.type == "claude-code"
    assert entries[BOB].client.type == "codex"
    assert entries[ALICE].client.cwd == "/home/u/proj"
    assert entries[ALICE].state is not None
    assert entries[ALICE].state.purpose == 'wiring "quotes" and naïve 🦊'
    wanted = ALL if is_new else Capabilities(reply_to=True, provenance=True, push_budget=True)
    assert entries[ALICE].capabilities == entries[BOB].capabilities == wanted
    assert not (golden / "damaged").exists()


def test_publishing_what_was_read_gives_the_same_bytes(golden: Path) -> None:
    for path in (golden / "sessions").iterdir():
        text = path.read_text()
        entry = from_dict(json.loads(text), int(path.stem))
        if entry.capabilities != ALL:
            continue
        path.unlink()
        open_registry(golden).publish(entry)

        assert path.read_text() == text


def test_the_dead_peers_are_collected_unless_mail_waits_for_them(golden: Path) -> None:
    waiting = {path.stem for path in (golden / "mailboxes").glob("*.jsonl")}
    before = [
        from_dict(json.loads(p.read_text()), int(p.stem)) for p in (golden / "sessions").iterdir()
    ]
    registry = open_registry(golden, running=False)
    me = Entry(99_999, 1_800_000_000, before[0].client._replace(session_id=None), capabilities=OURS)

    registry.publish(me)

    kept = {int(path.stem) for path in (golden / "sessions").iterdir()} - {99_999}
    assert kept == {
        entry.server_pid
        for entry in before
        if {str(entry.server_pid), entry.box, me._replace(client=entry.client).box} & waiting
    }
    assert {ALICE, BOB} - {known.session_id for known in registry.known()} == {
        entry.session_id for entry in before if entry.server_pid in kept
    }


def test_a_claim_of_an_npm_peer_brings_its_session_back(golden: Path, home: Path) -> None:
    claims = {path: json.loads(path.read_text()) for path in (golden / "claims").iterdir()}
    transcript = home / "t.jsonl"
    transcript.write_text("{}\n")
    for path, claim in claims.items():
        path.write_text(json.dumps({**claim, "transcript_path": str(transcript)}, indent=2))
    disk = Disk(str(golden), fsync=False, trace=FakeTrace())
    sticky = StickyClaims(disk, FakeClock(), lambda: (Ancestor(7, "x"), HOST))

    for claim in claims.values():
        found = sticky.recover(claim["client_type"], "/home/u/proj")
        assert found is not None
        assert found.session_id == claim["session_id"]
        assert disk.layout.sticky_claim(found.client_type, found.cwd, found.session_id) in map(
            str, claims
        )


def test_a_claim_of_ours_has_the_same_bytes(golden: Path) -> None:
    for path in sorted((golden / "claims").iterdir()):
        text = path.read_text()
        claim = json.loads(text)
        registry = open_registry(golden)
        entry = next(e for e in registry.entries() if e.session_id == claim["session_id"])
        path.unlink()
        disk = Disk(str(golden), fsync=False)
        above = tuple(Ancestor(each["pid"], each["sig"]) for each in claim["ancestors"])
        StickyClaims(disk, FakeClock(claim["claimed_at"]), lambda above=above: above).remember(
            entry
        )

        assert path.read_text() == text
