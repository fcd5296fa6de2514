"""A session that its client's hooks call by another name."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.fakes import ALICE, BOB, CAROL, World
from oxtail.core.lineage import FORMER_MAX
from oxtail.core.names import session_box


class Doorstep:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.placed: dict[str, tuple[str, ...]] = {}

    def place(self, session_id: str, boxes: Any) -> None:
        self.placed[session_id] = tuple(boxes)


@pytest.fixture
def world() -> World:
    return World()


def test_the_session_follows_and_keeps_its_former_boxes(world: World) -> None:
    session = world.context(ALICE, pid=42).session

    session.named_by_hook(BOB)

    assert (session.id, session.entry.client.session_id_source) == (BOB, "hook")
    assert world.entries[42].session_id == BOB
    assert session.boxes() == (session_box(BOB), "42", session_box(ALICE))
    assert session.entry.client.transcript_path == f"/transcripts/{BOB}.jsonl"


def test_going_back_does_not_read_a_box_twice(world: World) -> None:
    session = world.context(ALICE, pid=42).session
    for session_id in (BOB, ALICE, BOB, BOB):
        session.named_by_hook(session_id)

    assert session.boxes() == (session_box(BOB), "42", session_box(ALICE))


def test_only_so_many_former_boxes_are_kept(world: World) -> None:
    session = world.context(ALICE, pid=42).session
    last = FORMER_MAX + 11
    for number in range(last + 1):
        session.named_by_hook(f"id-{number}")

    former = [session_box(f"id-{number}") for number in reversed(range(last - FORMER_MAX, last))]
    assert session.boxes() == (session_box(f"id-{last}"), "42", *former)


def test_an_unknown_session_learns_its_id(world: World) -> None:
    session = world.context(None, pid=42).session

    session.named_by_hook(BOB)

    assert session.id == BOB
    assert session.boxes() == (session_box(BOB), "42")


def test_a_claim_of_another_id_stays(world: World) -> None:
    session = world.context(ALICE, pid=42).session
    session.claim(CAROL)

    session.named_by_hook(ALICE)
    session.named_by_hook(BOB)

    assert (session.id, session.entry.client.session_id_source) == (CAROL, "self-register")


def test_a_claim_of_the_clients_own_id_follows_the_client(world: World) -> None:
    session = world.context(None, pid=42).session
    session.named_by_hook(ALICE)
    session.claim(ALICE)

    session.named_by_hook(BOB)

    assert session.id == BOB


def test_hooks_are_led_to_the_boxes_by_the_name_that_they_know(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = world.context(ALICE, pid=42).session
    doorstep = Doorstep()
    monkeypatch.setattr(session, "_doorstep", doorstep)

    session.named_by_hook(BOB)
    assert doorstep.placed == {BOB: (session_box(BOB), "42", session_box(ALICE))}
    session.claim(CAROL)
    assert doorstep.placed[BOB] == doorstep.placed[CAROL]
    assert doorstep.placed[CAROL][0] == session_box(CAROL)
