"""The registry over the real file store: mail in process boxes finds its session."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.fakes import ALICE, BOB, FakeIds
from helpers.registries import EARLIER, STARTED, World, entry
from oxtail.core.envelope import Envelope
from oxtail.core.names import pid_box, session_box
from oxtail.identity.process import current_owner, provably_dead
from oxtail.identity.registry import FileRegistry
from oxtail.store.files.store import FileStore

FIRST, SECOND = 5001, 5002
MAIL = Envelope("00000000000000aa", "hello", STARTED)


@pytest.fixture
def world(home: Path) -> World:
    return World(home)


@pytest.fixture
def store(world: World) -> FileStore:
    return FileStore(
        world.disk,
        world.clock,
        FakeIds(),
        received_max=1000,
        pending_ask_ttl_ms=3_600_000,
        lock_budget_ms=2000,
        owner=current_owner(),
        provably_dead=provably_dead,
    )


def registry_of(world: World, store: FileStore) -> FileRegistry:
    return world.registry(
        has_mail=store.has_mail, adopt_box=store.adopt_box, quarantine_box=store.quarantine_box
    )


def test_mail_of_an_old_peer_survives_a_clean_restart(world: World, store: FileStore) -> None:
    first = registry_of(world, store)
    first.publish(entry(FIRST, ALICE))
    store.put_copy(pid_box(FIRST), MAIL)

    first.withdraw()
    registry_of(world, store).publish(entry(SECOND, ALICE))

    assert [each.body for each in store.peek([session_box(ALICE)]).messages] == ["hello"]


def test_mail_of_an_old_peer_survives_a_crash(world: World, store: FileStore) -> None:
    registry_of(world, store).publish(entry(FIRST, ALICE))
    store.put_copy(pid_box(FIRST), MAIL)
    world.dead.add(FIRST)

    registry_of(world, store).publish(entry(SECOND, ALICE))

    assert [each.body for each in store.peek([session_box(ALICE)]).messages] == ["hello"]
    assert world.files() == [f"{SECOND}.json"]


def test_a_process_with_a_used_pid_reads_nobody_else_s_mail(world: World, store: FileStore) -> None:
    world.others(entry(FIRST, BOB, started_at=EARLIER, start_token="boot/1"))
    store.put_copy(pid_box(FIRST), MAIL)

    registry_of(world, store).publish(entry(FIRST, ALICE))

    assert store.peek([pid_box(FIRST), session_box(ALICE)]).messages == ()
    assert [each.body for each in store.peek([session_box(BOB)]).messages] == ["hello"]


def test_a_stranger_s_mail_under_our_pid_is_set_aside(world: World, store: FileStore) -> None:
    store.put_copy(pid_box(FIRST), MAIL)
    registry = world.registry(
        has_mail=store.has_mail,
        adopt_box=store.adopt_box,
        quarantine_box=store.quarantine_box,
        started=lambda _pid: 4_000_000_000.0,
    )

    registry.publish(entry(FIRST, ALICE))

    assert not store.has_mail(pid_box(FIRST))
    assert len(world.damaged()) == 1
