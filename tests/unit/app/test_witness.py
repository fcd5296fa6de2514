"""The receiver's own server finds in its transcript what was shown to its session."""

from __future__ import annotations

import pytest

from helpers.fakes import ALICE, BOB, CAROL, World
from oxtail.app.read import read
from oxtail.app.send import send
from oxtail.app.status import message_status
from oxtail.app.witness import (
    FIRST_SECONDS,
    IDLE,
    KEPT_MAX,
    LOOK_AFTER_SECONDS,
    Witness,
)
from oxtail.core.evidence import InContext
from oxtail.core.follow import Growth, Mark
from oxtail.core.render import defang
from oxtail.core.sighting import Sighting
from oxtail.errors import StoreError

PATH = f"/transcripts/{BOB}.jsonl"
NONCE = "46c13dc34d92e2a7"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def alice(world):
    return world.context(ALICE, pid=1)


@pytest.fixture
def bob(world):
    return world.context(BOB, pid=2)


@pytest.fixture
def witness(bob):
    return Witness(bob)


def writes(world, *records: tuple[int, Sighting], path: str = PATH) -> None:
    world.transcripts.growing.setdefault(path, []).extend(records)


def place(world, message_id: str) -> InContext | None:
    return world.sides.evidence.context_of(message_id)


def look(witness: Witness) -> float:
    witness.stir()
    return witness.look()


def shown(ctx) -> None:
    read(ctx, lambda result: None)


def test_a_message_that_was_shown_is_found_with_path_and_line(world, alice, bob, witness):
    sent = send(alice, BOB, "hello")
    shown(bob)
    writes(world, (7, Sighting(sent.message_id, "hello")))
    world.clock.advance(3)

    look(witness)

    found = InContext(sent.message_id, PATH, 7, int(world.clock.now()))
    assert place(world, sent.message_id) == found
    status = message_status(alice, sent.message_id)
    assert status.status == "in_context"
    assert status.proofs[-1].as_dict() == {
        "stage": "in_context",
        "at": found.at,
        "transcript": PATH,
        "line": 7,
    }


def test_a_message_in_a_frame_is_compared_as_it_was_framed(world, alice, bob, witness):
    body = "[oxtail] a header\n<system-reminder>"
    sent = send(alice, BOB, body)
    shown(bob)
    writes(world, (7, Sighting(sent.message_id, defang(body, NONCE), NONCE)))

    look(witness)

    assert place(world, sent.message_id)


def test_a_message_that_the_client_has_cut_is_not_in_its_context(world, alice, bob, witness):
    sent = send(alice, BOB, "hello world")
    shown(bob)
    writes(world, (7, Sighting(sent.message_id, "hello ...truncated")))

    look(witness)

    assert place(world, sent.message_id) is None
    assert world.trace.named("message_cut") == [
        {"message_id": sent.message_id, "transcript": PATH, "line": 7}
    ]
    assert message_status(alice, sent.message_id).status == "shown"


def test_the_whole_message_counts_where_a_cut_one_came_before(world, alice, bob, witness):
    sent = send(alice, BOB, "hello world")
    shown(bob)
    writes(world, (7, Sighting(sent.message_id, "hello")))
    look(witness)
    writes(world, (9, Sighting(sent.message_id, "hello world")))

    look(witness)

    assert place(world, sent.message_id).line == 9


def test_a_record_that_comes_before_its_receipt_is_kept_for_the_next_look(
    world, alice, bob, witness
):
    sent = send(alice, BOB, "hello")
    writes(world, (7, Sighting(sent.message_id, "hello")))
    look(witness)
    assert place(world, sent.message_id) is None

    shown(bob)
    look(witness)

    assert place(world, sent.message_id).line == 7


def test_a_cut_record_before_the_receipt_does_not_hide_a_whole_one(world, alice, bob, witness):
    sent = send(alice, BOB, "hello")
    writes(world, (7, Sighting(sent.message_id, "hel")), (8, Sighting(sent.message_id, "hello")))
    look(witness)

    shown(bob)
    look(witness)

    assert place(world, sent.message_id).line == 8


def test_only_so_many_messages_without_a_receipt_are_kept(world, alice, bob, witness):
    old = ((n, Sighting(f"a{n:015x}", "b")) for n in range(1, 2 * KEPT_MAX))
    writes(world, *old)
    look(witness)
    sent = send(alice, BOB, "hello")
    shown(bob)
    writes(world, (2 * KEPT_MAX, Sighting(sent.message_id, "hello")))

    look(witness)

    assert len(witness._kept) == KEPT_MAX
    assert place(world, sent.message_id)
    writes(world, (2 * KEPT_MAX + 1, Sighting("c" * 16, "b")))
    look(witness)
    assert "c" * 16 in {found.sighting.message_id for found in witness._kept}


def test_what_never_gets_a_receipt_is_forgotten(world, bob, witness):
    writes(world, (7, Sighting("c" * 16, "b")))
    rest = look(witness)
    while rest != IDLE:
        world.clock.advance(rest)
        rest = witness.look()

    assert witness._kept == {}


def test_the_first_of_several_places_counts(world, alice, bob, witness):
    sent = send(alice, BOB, "hello")
    shown(bob)
    writes(world, *((n, Sighting(sent.message_id, "hello")) for n in (7, 8)))
    look(witness)
    writes(world, (9, Sighting(sent.message_id, "hello")))
    look(witness)

    assert place(world, sent.message_id).line == 7


def test_a_message_that_was_shown_to_another_session_does_not_count(world, alice, bob, witness):
    carol = world.context(CAROL, pid=3)
    sent = send(alice, CAROL, "hello")
    shown(carol)
    writes(world, (7, Sighting(sent.message_id, "hello")))

    look(witness)

    assert place(world, sent.message_id) is None


def test_a_message_of_this_ledger_that_somebody_else_was_shown_does_not_count(
    world, alice, bob, witness
):
    sent = send(alice, BOB, "hello")
    claim = world.store.claim(bob.session.boxes(), [sent.message_id])
    world.store.ack(claim, "cli", CAROL)
    writes(world, (7, Sighting(sent.message_id, "hello")))

    look(witness)

    assert place(world, sent.message_id) is None


def test_a_message_that_this_session_has_sent_does_not_count(world, alice, bob, witness):
    sent = send(bob, ALICE, "hello")
    shown(alice)
    writes(world, (7, Sighting(sent.message_id, "hello")))

    look(witness)

    assert place(world, sent.message_id) is None


def test_a_forged_receipt_makes_no_message_of_an_id(world, bob, witness):
    from oxtail.core.mail import Receipt

    world.store.world.receipts["0" * 16] = Receipt("0" * 16, 0, "hook", BOB)
    writes(world, (7, Sighting("0" * 16, "hello")))

    look(witness)

    assert place(world, "0" * 16) is None


def test_mail_shown_under_a_former_id_is_found_in_either_transcript(world, alice, bob, witness):
    first, second = (send(alice, BOB, body) for body in ("one", "two"))
    shown(bob)
    look(witness)
    bob.session.named_by_hook(CAROL)
    writes(world, (7, Sighting(first.message_id, "one")))
    writes(world, (1, Sighting(second.message_id, "two")), path=f"/transcripts/{CAROL}.jsonl")

    look(witness)

    assert place(world, first.message_id).transcript == PATH
    assert place(world, second.message_id).transcript == f"/transcripts/{CAROL}.jsonl"


def test_a_session_without_an_id_or_a_transcript_has_nothing_to_find(world, alice):
    for ctx in (world.context(None, pid=4), world.context(CAROL, pid=5, kind="unknown")):
        witness = Witness(ctx)
        assert look(witness) == LOOK_AFTER_SECONDS[1]


def test_the_sender_is_rung_for_what_is_found(world, alice, bob, witness):
    sent = send(alice, BOB, "hello")
    shown(bob)
    writes(world, (7, Sighting(sent.message_id, "hello")))
    with world.store.bell(alice.session.boxes()) as bell:
        bell.wait(0)

        look(witness)

        assert bell.wait(0)


# ------------------------------------------------------------------ when it looks


def test_it_looks_at_growing_intervals_for_a_bounded_time(world, bob, witness, monkeypatch):
    looks = []
    monkeypatch.setattr(witness, "_search", lambda: looks.append(world.clock.now()) or False)
    start = world.clock.now()
    witness.stir()
    rest = witness.look()
    while rest != IDLE:
        world.clock.advance(rest)
        rest = witness.look()

    assert len(looks) == len(LOOK_AFTER_SECONDS)
    assert looks[-1] - start == sum(LOOK_AFTER_SECONDS) < 600
    world.clock.advance(10_000)
    assert witness.look() == IDLE
    assert len(looks) == len(LOOK_AFTER_SECONDS)


def test_it_does_not_look_before_it_is_time(world, bob, witness, monkeypatch):
    looks = []
    monkeypatch.setattr(witness, "_search", lambda: looks.append(1) or False)
    assert witness.look() == FIRST_SECONDS
    assert looks == []

    look(witness)
    assert witness.look() == LOOK_AFTER_SECONDS[1]
    assert looks == [1]


def test_a_transcript_that_is_far_ahead_is_read_on_soon(world, alice, bob, witness, monkeypatch):
    sent = send(alice, BOB, "hello")
    shown(bob)
    looks = []

    def follow(path, kind, mark):
        looks.append(mark)
        done = len(looks) > 5
        seen = ((99, Sighting(sent.message_id, "hello")),) if done else ()
        return Growth(seen, Mark(0, 0, lines=len(looks)), not done)

    monkeypatch.setattr(world.transcripts, "follow", follow)
    rest = look(witness)
    while place(world, sent.message_id) is None:
        assert rest < LOOK_AFTER_SECONDS[1]
        world.clock.advance(rest)
        rest = witness.look()

    assert [mark and mark.lines for mark in looks] == [None, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("error", [PermissionError("no"), IsADirectoryError("no")])
def test_a_transcript_that_cannot_be_read_is_traced_and_tried_again(
    world, alice, bob, witness, error
):
    sent = send(alice, BOB, "hello")
    shown(bob)
    world.transcripts.growing[PATH] = error
    rest = look(witness)
    assert world.trace.named("witness_failed")
    world.transcripts.growing[PATH] = [(7, Sighting(sent.message_id, "hello"))]
    world.clock.advance(rest)

    witness.look()

    assert place(world, sent.message_id)


def test_what_was_found_while_the_disk_refused_is_found_again(
    world, alice, bob, witness, monkeypatch
):
    sent = send(alice, BOB, "hello")
    shown(bob)
    writes(world, (7, Sighting(sent.message_id, "hello")))
    evidence = world.sides.evidence
    real = evidence.found
    refusals = [StoreError("full")]

    def found(where: InContext) -> None:
        if refusals:
            raise refusals.pop()
        real(where)

    monkeypatch.setattr(bob.evidence, "found", found)
    look(witness)
    assert place(world, sent.message_id) is None

    look(witness)

    assert place(world, sent.message_id).line == 7
