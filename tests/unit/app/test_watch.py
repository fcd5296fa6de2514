"""The session's own server brings mail to its notice, through the first door that takes it."""

from __future__ import annotations

import threading
from typing import Self

import pytest

from helpers.fakes import ALICE, BOB, CAROL, World
from helpers.waiting import until
from oxtail.app.read import read
from oxtail.app.send import send
from oxtail.app.watch import Watcher
from oxtail.core.correlation import Ask
from oxtail.core.nudge import START_SECONDS
from oxtail.core.offer import Offer
from oxtail.core.presence import Marker
from oxtail.errors import StoreError


class FakeDoor:
    def __init__(self, name: str = "door", outcome: str = "accepted") -> None:
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
    return World()


@pytest.fixture
def alice(world):
    return world.context(ALICE, pid=1)


@pytest.fixture
def bob(world):
    ctx = world.context(BOB, pid=2)
    world.clock.advance(START_SECONDS)
    return ctx


def look(watcher: Watcher, ctx) -> float:
    return watcher.look(ctx.session.boxes())


def test_an_idle_session_is_told_of_its_mail_once(world, alice, bob):
    door = FakeDoor()
    watcher = Watcher(bob, [door])
    assert look(watcher, bob) > 1

    sent = send(alice, BOB, "secret words")
    look(watcher, bob)
    look(watcher, bob)

    (text,) = door.texts
    assert sent.message_id in text
    assert "secret words" not in text


def test_a_nudge_is_repeated_after_the_throttle_and_up_to_the_cap(world, alice, bob):
    door = FakeDoor()
    watcher = Watcher(bob, [door])
    send(alice, BOB, "x")

    for _ in range(6):
        look(watcher, bob)
        world.clock.advance(61)

    assert len(door.texts) == 3


def test_mail_that_was_read_is_not_nudged_for(world, alice, bob):
    door = FakeDoor()
    watcher = Watcher(bob, [door])
    send(alice, BOB, "x")
    look(watcher, bob)
    read(bob, lambda result: None)
    world.clock.advance(1000)

    look(watcher, bob)

    assert len(door.texts) == 1


def test_mail_that_does_not_fit_into_one_turn_is_nudged_for_until_all_is_read(world, alice, bob):
    door = FakeDoor()
    watcher = Watcher(bob, [door])
    world.presence.markers[BOB] = Marker("idle", world.clock.now())
    for number in range(8):
        send(alice, BOB, str(number))

    for turn in range(1, 9):
        look(watcher, bob)
        look(watcher, bob)
        assert len(door.texts) == turn
        world.presence.markers[BOB] = Marker("busy", world.clock.now())
        read(bob, lambda result: None, limit=1)
        world.clock.advance(20)
        look(watcher, bob)
        assert len(door.texts) == turn
        world.presence.markers[BOB] = Marker("idle", world.clock.now())
    look(watcher, bob)
    assert len(door.texts) == 8


def test_a_busy_session_is_left_to_its_hooks(world, alice, bob):
    door = FakeDoor()
    watcher = Watcher(bob, [door])
    world.presence.markers[BOB] = Marker("busy", world.clock.now())
    send(alice, BOB, "x")

    look(watcher, bob)
    assert door.texts == []

    world.presence.markers[BOB] = Marker("idle", world.clock.now())
    look(watcher, bob)
    assert len(door.texts) == 1


def test_a_session_that_has_just_begun_is_left_to_its_first_prompt(world, alice):
    carol = world.context(CAROL, pid=3)
    world.presence.markers[CAROL] = Marker("idle", world.clock.now() - 100)  # of an earlier life
    door = FakeDoor()
    watcher = Watcher(carol, [door])
    send(alice, CAROL, "x")

    look(watcher, carol)
    world.clock.advance(START_SECONDS - 1)
    look(watcher, carol)
    assert door.texts == []

    world.clock.advance(1)
    look(watcher, carol)
    assert len(door.texts) == 1


def test_a_session_whose_first_turn_has_ended_is_nudged_at_once(world, alice):
    carol = world.context(CAROL, pid=3)
    world.clock.advance(1)
    world.presence.markers[CAROL] = Marker("idle", world.clock.now())
    door = FakeDoor()
    send(alice, CAROL, "x")

    look(Watcher(carol, [door]), carol)

    assert len(door.texts) == 1


def test_peers_are_told_when_a_door_has_closed_and_when_it_is_open_again(
    world, alice, bob, monkeypatch
):
    door = FakeDoor()
    monkeypatch.setattr(bob.session, "_doors", (door,))
    watcher = Watcher(bob, [door])
    for is_open in (True, False, True):
        door.is_open = is_open
        send(alice, BOB, "x")
        world.clock.advance(61)

        look(watcher, bob)

        assert world.entries[2].doors == (("door",) if is_open else ())


def test_a_session_that_says_busy_for_long_is_told_all_the_same(world, alice, bob):
    door = FakeDoor()
    watcher = Watcher(bob, [door])
    world.presence.markers[BOB] = Marker("busy", world.clock.now())
    send(alice, BOB, "x")

    look(watcher, bob)
    world.clock.advance(29)
    look(watcher, bob)
    assert door.texts == []

    world.clock.advance(2)
    look(watcher, bob)
    assert len(door.texts) == 1


def test_the_next_door_is_tried_where_one_fails_and_first_the_next_time(world, alice, bob):
    first, second = FakeDoor("first", "failed"), FakeDoor("second")
    watcher = Watcher(bob, [first, second])
    send(alice, BOB, "x")

    look(watcher, bob)
    assert (len(first.texts), len(second.texts)) == (1, 1)

    world.clock.advance(61)
    look(watcher, bob)
    assert (len(first.texts), len(second.texts)) == (1, 2)


def test_a_message_whose_sender_wants_no_wake_causes_none(world, alice, bob):
    door = FakeDoor()
    watcher = Watcher(bob, [door])
    world.entries[2] = world.entries[2]._replace(doors=("door",))

    send(alice, BOB, "whenever you look", wake="off")
    look(watcher, bob)

    assert door.texts == []
    assert send(alice, BOB, "now", wake="auto").wake.status == "left_to_receiver"
    assert world.waker.woken == []


def test_the_answer_that_a_question_waits_for_causes_no_nudge(world, alice, bob):
    door = FakeDoor()
    watcher = Watcher(bob, [door])
    world.store.open_ask(Ask(BOB, "a" * 16, ALICE, "b" * 16, 0, int(world.clock.now() * 1000)))
    send(alice, BOB, "the answer", reply_to="a" * 16)

    look(watcher, bob)

    assert door.texts == []


@pytest.mark.parametrize("setting", ["self_wake", "autowake"])
def test_the_kill_switches_stop_every_nudge(world, alice, setting):
    door = FakeDoor()
    bob = world.context(BOB, pid=2, **{setting: False})
    send(alice, BOB, "x")

    look(Watcher(bob, [door]), bob)

    assert door.texts == []


def test_of_several_servers_of_a_session_only_the_listed_one_nudges(world, alice, bob):
    door = FakeDoor()
    watcher = Watcher(bob, [door])
    send(alice, BOB, "x")
    del world.entries[2]

    look(watcher, bob)

    assert door.texts == []


def test_a_watcher_that_rests_follows_its_session_to_another_box(world, alice, bob):
    door = FakeDoor()
    watcher = Watcher(bob, [door])
    thread = threading.Thread(target=watcher.run, daemon=True)
    thread.start()
    until(lambda: watcher._bell)

    bob.session.named_by_hook(CAROL)
    send(alice, CAROL, "x")

    until(lambda: door.texts)
    watcher.stop()
    thread.join(60)
    assert not thread.is_alive()


def test_a_running_watcher_hears_the_bell_and_ends_when_it_is_told(world, alice, bob):
    door = FakeDoor()
    watcher = Watcher(bob, [door])
    thread = threading.Thread(target=watcher.run, daemon=True)
    thread.start()

    send(alice, BOB, "x")

    until(lambda: door.texts)
    watcher.stop()
    thread.join(60)
    assert not thread.is_alive()


def test_a_session_whose_entry_was_removed_is_seen_again(world, alice, bob):
    watcher = Watcher(bob, [])
    thread = threading.Thread(target=watcher.run, daemon=True)
    thread.start()
    until(lambda: watcher._bell)
    first = watcher._bell

    del world.entries[2]
    assert send(alice, BOB, "x").target_server_pid is None

    until(lambda: 2 in world.entries)
    until(lambda: watcher._bell not in (None, first))  # the bells may have gone as well
    assert send(alice, BOB, "y").target_server_pid == 2
    assert [event["session_id"] for event in world.trace.named("entry_restored")] == [BOB]
    watcher.stop()
    thread.join(60)
    bob.session.close()
    assert not bob.session.stay()
    assert 2 not in world.entries


def test_a_watcher_publishes_what_could_not_be_published_at_the_start(world, bob, monkeypatch):
    del world.entries[2]
    publish = bob.registry.publish

    def fail(entry):
        raise StoreError("no room")

    monkeypatch.setattr(bob.registry, "publish", fail)
    assert not bob.session.stay()
    monkeypatch.setattr(bob.registry, "publish", publish)

    assert bob.session.stay()
    assert not bob.session.stay()
    assert 2 in world.entries
    assert world.trace.named("publish_failed")


@pytest.mark.parametrize(
    ("took", "rest"), [(0.0, 1.5), (0.01, 1.5), (0.1, 5.0), (1.0, 30.0), (9.0, 30.0)]
)
def test_a_look_that_takes_long_is_not_repeated_soon(world, bob, monkeypatch, took, rest):
    watcher = Watcher(bob, [])
    rests, pauses = [], []

    class Bell:
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...

        def wait(self, timeout: float) -> bool:
            rests.append(timeout)
            watcher.stop()
            return False

    def look(_: object) -> float:
        world.clock.advance(took)
        return 1.5

    monkeypatch.setattr(watcher, "look", look)
    monkeypatch.setattr(watcher._stopped, "wait", pauses.append)
    monkeypatch.setattr(bob.store, "bell", lambda *_, **__: Bell())
    monkeypatch.setattr(watcher, "_stir", lambda: None)

    watcher.run()

    assert rests == [pytest.approx(rest)]
    assert pauses == [pytest.approx(min(max(0.25, 4 * took), 30.0))]
