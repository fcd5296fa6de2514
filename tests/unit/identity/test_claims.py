"""Remembered identities."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.fakes import ALICE, BOB, FakeClock, FakeTrace
from oxtail.core.entry import Client, Entry
from oxtail.disk.atomic import Disk
from oxtail.identity.ancestry import Ancestor
from oxtail.identity.claims import KEEP_SECONDS, StickyClaims

NOW = 1_800_000_000
LAUNCHER = Ancestor(900, "Sun Nov 22 14:00:09 2026")
SHELL = Ancestor(800, "Sun Nov 22 14:00:08 2026")
HOST = Ancestor(700, "Sun Nov 22 14:00:07 2026")
OTHER_LAUNCHER = Ancestor(901, "Sun Nov 22 15:00:09 2026")
CHAIN = (LAUNCHER, SHELL, HOST)
SHAPE = (
    '{"schema_version":1,"client_type":"codex","cwd":"/p","ancestors":[],"session_id":"%s",'
    '"transcript_path":"/x","claimed_at":%s,"server_pid":2}'
)


class World:
    """One ``claims/`` folder; *above* is what stands above the process that asks."""

    def __init__(self, home: Path) -> None:
        self.clock = FakeClock(NOW)
        self.trace = FakeTrace()
        self.disk = Disk(str(home / ".oxtail"), fsync=False, trace=self.trace)
        self.home = home
        self.above: tuple[Ancestor, ...] = CHAIN
        self.claims = StickyClaims(self.disk, self.clock, lambda: self.above)

    def entry(self, session_id: str | None, transcript: str | None = "yes", **more: str) -> Entry:
        path = None
        if transcript:
            path = str(self.home / f"{session_id}.jsonl")
            if transcript == "yes":
                Path(path).write_text("{}\n")
        client = Client(more.get("type", "codex"), session_id, path, "env", more.get("cwd", "/p"))
        return Entry(4711, NOW, client)

    def claim(self, session_id: str, *above: Ancestor, **more: str) -> None:
        self.above = above
        self.claims.remember(self.entry(session_id, **more))

    def recover(self, *above: Ancestor, kind: str = "codex", cwd: str = "/p") -> str | None:
        self.above = above
        found = self.claims.recover(kind, cwd)
        return found.session_id if found else None

    def names(self) -> list[str]:
        return self.disk.names(self.disk.layout.sticky_claims)


@pytest.fixture
def world(home: Path) -> World:
    return World(home)


def test_a_claim_lies_on_disk_in_the_order_and_form_that_peers_read(home: Path) -> None:
    world = World(home)
    world.above = CHAIN[:2]
    world.claims.remember(
        Entry(4711, NOW, Client("codex", ALICE, None, "self-register", "/home/u/proj"))
    )

    path = Path(world.disk.layout.sticky_claims, "222f26884462407522b3ca4ecca669f2.json")
    text = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert text == json.dumps(json.loads(text), indent=2)
    assert list(json.loads(text).items()) == [
        ("schema_version", 1),
        ("client_type", "codex"),
        ("cwd", "/home/u/proj"),
        ("ancestors", [{"pid": 900, "sig": LAUNCHER.sig}, {"pid": 800, "sig": SHELL.sig}]),
        ("session_id", ALICE),
        ("transcript_path", None),
        ("claimed_at", NOW),
        ("server_pid", 4711),
    ]


def test_a_restarted_server_is_recognized_by_what_stands_above_it(world: World) -> None:
    world.claim(ALICE, *CHAIN)

    assert world.recover(*CHAIN) == ALICE
    assert world.trace.named("sticky_claim_recovered") == [{"session_id": ALICE, "cwd": "/p"}]


def test_a_shared_host_is_enough_through_another_launcher(world: World) -> None:
    world.claim(ALICE, *CHAIN)

    assert world.recover(OTHER_LAUNCHER, HOST) == ALICE


def test_a_pid_that_was_used_again_is_no_shared_ancestor(world: World) -> None:
    world.claim(ALICE, LAUNCHER)

    assert world.recover(LAUNCHER._replace(sig="Sun Nov 22 15:00:09 2026")) is None


def test_an_unknown_start_is_shared_with_nobody(world: World) -> None:
    world.claim(ALICE, Ancestor(900, ""))

    assert world.recover(Ancestor(900, "")) is None


@pytest.mark.parametrize("transcript", ["gone", None])
def test_a_session_whose_transcript_is_missing_is_not_recovered(
    world: World, transcript: str | None
) -> None:
    world.above = CHAIN
    world.claims.remember(world.entry(ALICE, transcript))

    assert world.recover(*CHAIN) is None


@pytest.mark.parametrize("asked", [{"kind": "claude-code"}, {"cwd": "/p/"}, {"cwd": "/q"}])
def test_client_and_folder_must_be_the_same(world: World, asked: dict[str, str]) -> None:
    world.claim(ALICE, *CHAIN)

    assert world.recover(*CHAIN, **asked) is None


def test_more_shared_ancestors_beat_a_newer_claim(world: World) -> None:
    world.claim(ALICE, *CHAIN)
    world.clock.advance(60)
    world.claim(BOB, HOST)

    assert world.recover(*CHAIN) == ALICE


def test_a_nearer_ancestor_beats_a_farther_one(world: World) -> None:
    world.claim(ALICE, LAUNCHER)
    world.clock.advance(60)
    world.claim(BOB, HOST)

    assert world.recover(*CHAIN) == ALICE


def test_two_sessions_that_fit_equally_well_are_both_left(world: World) -> None:
    world.claim(ALICE, SHELL)
    world.clock.advance(60)
    world.claim(BOB, OTHER_LAUNCHER, SHELL)

    assert world.recover(*CHAIN) is None


def test_an_old_claim_is_removed_when_a_new_one_is_written(world: World) -> None:
    world.claim(ALICE, *CHAIN)
    world.clock.advance(KEEP_SECONDS + 1)
    assert len(world.names()) == 1

    world.claim(BOB, *CHAIN)

    assert len(world.names()) == 1
    assert world.recover(*CHAIN) == BOB


def test_an_unknown_client_or_session_is_not_remembered(world: World) -> None:
    world.claims.remember(world.entry(None, None))
    world.claims.remember(world.entry(ALICE, type="unknown"))

    assert world.names() == []


@pytest.mark.parametrize(
    "content",
    [
        "null", "[]", "", "7", '{"schema_version": 1}',
        SHAPE % ("", "1"), SHAPE % ("a", "1e999"), SHAPE % ("a", '"1"'),
    ],
)  # fmt: skip
def test_a_damaged_claim_is_set_aside_and_disables_nothing(world: World, content: str) -> None:
    world.claim(ALICE, *CHAIN)
    Path(world.disk.layout.sticky_claims, "0" * 32 + ".json").write_text(content)

    assert world.recover(*CHAIN) == ALICE
    assert len(world.names()) == 1
    assert len(world.disk.names(world.disk.layout.damaged)) == 1
    world.claim(BOB, *CHAIN)
    assert len(world.names()) == 2


def test_a_claim_of_a_later_form_is_left_where_it_is(world: World) -> None:
    world.claim(ALICE, *CHAIN)
    later = Path(world.disk.layout.sticky_claims, "0" * 32 + ".json")
    later.write_text('{"schema_version": 2}')

    assert world.recover(*CHAIN) == ALICE
    assert later.exists()


def test_odd_ancestors_are_left_out(world: World) -> None:
    world.claim(ALICE, *CHAIN)
    path = Path(world.disk.layout.sticky_claims, world.names()[0])
    claim = json.loads(path.read_text())
    odd = [None, 7, {}, {"pid": "900", "sig": SHELL.sig}, {"pid": True, "sig": "x"}]
    claim["ancestors"] = [*odd, *claim["ancestors"]]
    path.write_text(json.dumps(claim))

    assert world.recover(*CHAIN) == ALICE


def test_a_claim_that_cannot_be_written_is_traced(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(world.disk, "publish", full)
    world.claim(ALICE, *CHAIN)

    assert world.trace.named("sticky_claim_failed")


def test_asking_where_nothing_was_claimed_looks_at_no_process(home: Path) -> None:
    def refuse() -> tuple[Ancestor, ...]:
        raise AssertionError("ps was run")

    disk = Disk(str(home / ".oxtail"), fsync=False)

    assert StickyClaims(disk, FakeClock(NOW), refuse).recover("codex", "/p") is None
