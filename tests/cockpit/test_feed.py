"""The feed: one look after the other in a thread, and a screen that never waits for one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from textual.message import Message

from helpers.fleets import NOW, agent, fleet
from helpers.waiting import until
from oxtail.cockpit import feed as feeds
from oxtail.cockpit.feed import Feed, Source
from oxtail.cockpit.messages import FleetSeen, LookFailed


class Looks:
    """A source whose looks are let through one by one, or fail."""

    def __init__(self) -> None:
        self.begun = 0
        self.state = 0
        self.gate = threading.Event()
        self.gate.set()
        self.problem: Exception | None = None
        self.traced: list[str] = []
        self.posted: list = []
        self.threads: set[str] = set()
        self.stamps = 0
        self.moves_while_looking = False
        self.screen_takes = True
        self.went_on = threading.Event()

    def look(self):
        self.begun += 1
        if self.begun > 1:
            self.went_on.set()
        self.threads.add(threading.current_thread().name)
        assert self.gate.wait(60)
        if self.moves_while_looking:
            self.state, self.moves_while_looking = self.state + 1, False
        if self.problem:
            raise self.problem
        return fleet(agent("alice"))._replace(at=NOW + self.begun)

    @property
    def source(self) -> Source:
        return Source(self.look, self.stamp, lambda event, **_: self.traced.append(event))

    def stamp(self) -> int:
        self.stamps += 1
        return self.state


@contextmanager
def running(looks: Looks) -> Iterator[Feed]:
    def post(message: Message) -> None:
        looks.posted.append(message)
        if looks.screen_takes:
            feed.taken()

    feed = Feed(looks.source, post)
    feed.start()
    try:
        yield feed
    finally:
        looks.gate.set()
        feed.stop()


def test_a_change_of_the_state_folder_brings_a_look(monkeypatch):
    monkeypatch.setattr(feeds, "TICK_SECONDS", 600.0)
    looks = Looks()
    with running(looks):
        until(lambda: len(looks.posted) == 1)
        looks.state += 1
        until(lambda: len(looks.posted) == 2)
    assert looks.threads == {"oxtail-feed"}


def test_what_changes_during_a_look_is_looked_at_again(monkeypatch):
    monkeypatch.setattr(feeds, "TICK_SECONDS", 600.0)
    looks = Looks()
    looks.moves_while_looking = True
    with running(looks):
        until(lambda: len(looks.posted) == 2)


def test_while_nothing_changes_files_are_statted_and_nothing_is_looked_at(monkeypatch):
    monkeypatch.setattr(feeds, "TICK_SECONDS", 600.0)
    monkeypatch.setattr(feeds, "STIR_SECONDS", 0.01)
    looks = Looks()
    with running(looks):
        until(lambda: looks.stamps >= 10)
        assert looks.begun == 1


def test_without_a_change_a_tick_brings_a_look(monkeypatch):
    monkeypatch.setattr(feeds, "TICK_SECONDS", 0.02)
    monkeypatch.setattr(feeds, "STIR_SECONDS", 0.01)
    looks = Looks()
    with running(looks):
        until(lambda: len(looks.posted) >= 3)


def test_a_person_who_asks_need_not_wait(monkeypatch):
    monkeypatch.setattr(feeds, "TICK_SECONDS", 600.0)
    monkeypatch.setattr(feeds, "STIR_SECONDS", 600.0)
    looks = Looks()
    with running(looks) as feed:
        until(lambda: len(looks.posted) == 1)
        feed.hurry()
        until(lambda: len(looks.posted) == 2)


def test_a_look_that_hangs_is_known_to_hang_and_another_one_is_not_begun(monkeypatch):
    monkeypatch.setattr(feeds, "TICK_SECONDS", 0.01)
    looks = Looks()
    looks.gate.clear()
    with running(looks) as feed:
        until(lambda: looks.begun == 1)
        feed.hurry()
        feed.hurry()
        assert until(lambda: feed.looking_s) > 0
        assert (looks.begun, looks.posted) == (1, [])
        looks.gate.set()
        until(lambda: looks.posted)
        until(lambda: feed.looking_s is None)


def test_a_look_that_fails_is_told_and_traced_and_the_next_one_comes(monkeypatch):
    monkeypatch.setattr(feeds, "TICK_SECONDS", 600.0)
    looks = Looks()
    looks.problem = ZeroDivisionError("why")
    with running(looks) as feed:
        failed = until(lambda: looks.posted)[0]
        assert isinstance(failed, LookFailed)
        assert failed.problem == "ZeroDivisionError: why"
        assert looks.traced == ["cockpit_look_failed"]
        looks.problem = None
        feed.hurry()
        until(lambda: isinstance(looks.posted[-1], FleetSeen))


def test_nothing_is_posted_once_the_feed_is_stopped():
    looks = Looks()
    looks.gate.clear()

    def post(message: Message) -> None:
        looks.posted.append(message)
        if looks.screen_takes:
            feed.taken()

    feed = Feed(looks.source, post)
    feed.start()
    until(lambda: looks.begun)
    feed.stop()
    looks.gate.set()
    until(lambda: feed.looking_s is None)
    assert looks.posted == []


def test_a_screen_that_takes_nothing_gets_nothing_more() -> None:
    looks = Looks()
    looks.screen_takes = False
    with running(looks) as feed:
        until(lambda: looks.posted)
        looks.state += 1
        feed.hurry()
        assert not looks.went_on.wait(4 * feeds.STIR_SECONDS)
        assert (looks.begun, len(looks.posted)) == (1, 1)

        looks.screen_takes = True
        feed.taken()
        until(lambda: len(looks.posted) > 2)
        seen = [message.fleet.at for message in looks.posted]
    assert seen == sorted(seen)


def test_a_feed_ends_though_its_screen_takes_nothing() -> None:
    looks = Looks()
    looks.screen_takes = False
    with running(looks):
        until(lambda: looks.posted)
        names = [each.name for each in threading.enumerate()]
        assert "oxtail-feed" in names
    until(lambda: "oxtail-feed" not in [each.name for each in threading.enumerate()])
