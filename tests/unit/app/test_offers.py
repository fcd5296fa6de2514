"""An offer is recorded where a door took it, and repeated through the next one until a receipt."""

from __future__ import annotations

import threading

import pytest

from helpers.fakes import ALICE, BOB, World
from helpers.waiting import until
from oxtail.app.read import read
from oxtail.app.send import send
from oxtail.app.status import message_status, wait_for
from oxtail.app.watch import RECORDED_MAX, Watcher
from oxtail.core.evidence import Offered, Stage
from oxtail.core.nudge import START_SECONDS
from oxtail.core.offer import Offer
from oxtail.core.sighting import Sighting

PATH = f"/transcripts/{BOB}.jsonl"
GRACE = 15
THROTTLE = 60


class FakeDoor:
    def __init__(self, name: str, outcome: str = "accepted") -> None:
        self.name = name
        self.outcome = outcome
        self.texts: list[str] = []
        self.is_open = True

    def is_available(self) -> bool:
        return self.is_open

    def offer(self, text: str) -> Offer:
        self.texts.append(text)
        return Offer(self.outcome)


@pytest.fixture
def world() -> World:
    world = World()
    world.waker.status = "skipped_no_target"  # nobody has a pane
    return world


@pytest.fixture
def alice(world):
    return world.context(ALICE, pid=1)


@pytest.fixture
def bob(world):
    ctx = world.context(BOB, pid=2)
    world.clock.advance(START_SECONDS)
    return ctx


@pytest.fixture
def doors():
    return [FakeDoor("first"), FakeDoor("second")]


def look(watcher: Watcher, ctx) -> float:
    return watcher.look(ctx.session.boxes())


def offer_of(world, message_id: str) -> Offered | None:
    return world.sides.evidence.offer_of(message_id)


def test_an_offer_that_a_door_took_is_recorded_and_told_to_the_sender(world, alice, bob, doors):
    watcher = Watcher(bob, doors)
    sent = send(alice, BOB, "x").message_id
    at = int(world.clock.now())

    look(watcher, bob)

    assert offer_of(world, sent) == Offered(sent, "first", at, 1)
    status = message_status(alice, sent)
    assert (status.status, status.waiting) == ("offered", True)
    assert status.proofs[-1].as_dict() == {
        "stage": "offered",
        "at": at,
        "door": "first",
        "attempt": 1,
    }


def test_an_offer_without_a_receipt_goes_to_the_next_door_after_the_grace(world, alice, bob, doors):
    first, second = doors
    watcher = Watcher(bob, doors)
    sent = send(alice, BOB, "x").message_id
    look(watcher, bob)

    world.clock.advance(GRACE - 1)
    look(watcher, bob)
    assert (len(first.texts), len(second.texts)) == (1, 0)

    world.clock.advance(1)
    look(watcher, bob)

    assert (len(first.texts), len(second.texts)) == (1, 1)
    assert sent in second.texts[0]
    found = offer_of(world, sent)
    assert (found.door, found.attempt) == ("second", 2)


def test_the_first_door_has_its_turn_again_only_after_the_throttle(world, alice, bob, doors):
    first, second = doors
    watcher = Watcher(bob, doors)
    send(alice, BOB, "x")
    for seconds in (0, GRACE, GRACE, THROTTLE - GRACE - 1):
        world.clock.advance(seconds)
        look(watcher, bob)
    assert (len(first.texts), len(second.texts)) == (1, 1)

    world.clock.advance(1)
    look(watcher, bob)

    assert (len(first.texts), len(second.texts)) == (2, 1)


def test_a_receipt_ends_the_offers(world, alice, bob, doors):
    watcher = Watcher(bob, doors)
    sent = send(alice, BOB, "x").message_id
    look(watcher, bob)
    read(bob, lambda result: None)
    world.clock.advance(1_000)

    look(watcher, bob)

    assert [len(door.texts) for door in doors] == [1, 0]
    assert offer_of(world, sent).attempt == 1


def test_an_offer_that_no_door_took_is_not_recorded(world, alice, bob):
    doors = [FakeDoor("first", "failed"), FakeDoor("second", "unavailable")]
    watcher = Watcher(bob, doors)
    sent = send(alice, BOB, "x").message_id

    look(watcher, bob)

    assert [len(door.texts) for door in doors] == [1, 1]
    assert offer_of(world, sent) is None
    assert message_status(alice, sent).status == "stored"


def test_a_door_that_has_closed_is_no_next_door(world, alice, bob, doors):
    watcher = Watcher(bob, doors)
    send(alice, BOB, "x")
    look(watcher, bob)
    doors[1].is_open = False
    world.clock.advance(GRACE)

    look(watcher, bob)

    assert [len(door.texts) for door in doors] == [1, 0]


def test_of_a_flood_only_so_many_offers_are_recorded(world, alice, bob, doors):
    watcher = Watcher(bob, doors)
    sent = [send(alice, BOB, "x").message_id for _ in range(RECORDED_MAX + 5)]

    look(watcher, bob)

    assert [bool(offer_of(world, each)) for each in sent] == [True] * RECORDED_MAX + [False] * 5


def test_keys_that_a_sender_typed_are_an_offer_too(world, alice, bob):
    world.waker.status = "fired_unconfirmed"
    typed = send(alice, BOB, "x", wake="auto").message_id
    world.waker.status = "skipped_busy"
    left = send(alice, BOB, "x", wake="auto").message_id

    assert offer_of(world, typed) == Offered(typed, "tmux", int(world.clock.now()), 1)
    assert offer_of(world, left) is None


# ------------------------------------------------------------------ the witness beside


def test_a_watcher_makes_the_witness_look_when_mail_was_shown(world, alice, bob):
    watcher = Watcher(bob, ())
    thread = threading.Thread(target=watcher.run, daemon=True)
    thread.start()
    until(lambda: watcher._bell)
    sent = send(alice, BOB, "hello").message_id

    read(bob, lambda result: None)
    world.transcripts.growing[PATH] = [(7, Sighting(sent, "hello"))]
    # The clock stands still, so only a ring makes it look again.
    world.store.ring(bob.session.boxes()[0])

    until(lambda: world.sides.evidence.context_of(sent))
    watcher.stop()
    thread.join(60)
    assert not thread.is_alive()


def test_a_reader_rings_for_its_own_server_and_for_the_sender(world, alice, bob):
    send(alice, BOB, "hello")
    for ctx in (alice, bob):
        read(bob, lambda result: None)
        send(alice, BOB, "hello")
        with world.store.bell(ctx.session.boxes()) as bell:
            bell.wait(0)

            read(bob, lambda result: None)

            assert bell.wait(0)


def test_a_reader_of_nothing_rings_for_nobody(world, alice, bob):
    with world.store.bell(bob.session.boxes()) as bell:
        read(bob, lambda result: None)

        assert not bell.wait(0)


def test_a_sender_that_waits_for_the_context_hears_of_it(world, alice, bob):
    watcher = Watcher(bob, ())
    sent = send(alice, BOB, "hello").message_id
    results = []
    waiter = threading.Thread(
        target=lambda: results.append(wait_for(alice, sent, Stage.IN_CONTEXT, 60)), daemon=True
    )
    waiter.start()
    until(lambda: world.store.world.bells)
    read(bob, lambda result: None)
    world.transcripts.growing[PATH] = [(7, Sighting(sent, "hello"))]

    watcher._witness.stir()
    look(watcher, bob)

    waiter.join(60)
    assert results[0].status == "in_context"


def test_the_witness_decides_how_long_a_watcher_without_mail_rests(world, alice, bob):
    watcher = Watcher(bob, ())
    watcher._witness.stir()

    assert look(watcher, bob) < 1
