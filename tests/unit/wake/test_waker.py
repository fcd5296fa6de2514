from __future__ import annotations

import threading

import pytest

from helpers.fakes import FakeClock, FakeTrace
from oxtail.core.entry import Client, Entry
from oxtail.errors import PaneError
from oxtail.wake.waker import STAMPS_MAX, Door, DoorWaker, LateDoor, Refusal, Woken


def peer(session_id: str | None = "s1", pid: int = 100) -> Entry:
    return Entry(pid, 1, Client("codex", session_id, None, None, "/p"))


class ScriptedDoor:
    """A door whose outcomes are written down beforehand; the last one repeats."""

    def __init__(self, name: str, *outcomes: bool | Refusal | Exception | None) -> None:
        self.name = name
        self.outcomes = list(outcomes)
        self.opened = 0

    def open(self, entry: Entry) -> bool | Refusal | None:
        self.opened += 1
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class World:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.trace = FakeTrace()

    def waker(self, *doors: Door, strategy: str = "auto") -> DoorWaker:
        return DoorWaker(
            strategy, self.trace, monotonic=self.clock.monotonic, debounce_ms=1_000, doors=doors
        )

    def reasons(self) -> list[object]:
        return [event["reason"] for event in self.trace.named("ask_peer_wake_skipped")]


@pytest.fixture
def world() -> World:
    return World()


def test_strategy_off_touches_no_door(world: World) -> None:
    door = ScriptedDoor("d", True)
    assert world.waker(door, strategy="off").wake(peer()) == "disabled"
    assert door.opened == 0
    assert world.reasons() == ["strategy-off"]


@pytest.mark.parametrize(("outcome", "status"), [(True, "fired"), (False, "fired_unconfirmed")])
def test_the_first_door_that_opens_is_the_last_one_tried(
    world: World, outcome: bool, status: str
) -> None:
    doors = ScriptedDoor("a", None), ScriptedDoor("b", outcome), ScriptedDoor("c", True)
    assert world.waker(*doors).wake(peer()) == status
    assert [door.opened for door in doors] == [1, 1, 0]
    assert world.trace.named("ask_peer_wake_fired") == [{"target": "s1", "door": "b"}]


@pytest.mark.parametrize("error", [PaneError("gone"), OSError("refused")])
def test_a_door_that_fails_gives_way_to_the_next(world: World, error: Exception) -> None:
    assert world.waker(ScriptedDoor("a", error), ScriptedDoor("b", True)).wake(peer()) == "fired"
    assert world.trace.named("ask_peer_wake_failed")[0]["door"] == "a"


def test_a_peer_is_not_woken_twice_within_the_window(world: World) -> None:
    door = ScriptedDoor("d", True)
    waker = world.waker(door)
    assert waker.wake(peer()) == "fired"
    world.clock.advance(0.9)
    assert waker.wake(peer()) == "skipped_debounced"
    assert waker.wake(peer("s2")) == "fired"
    world.clock.advance(0.2)
    assert waker.wake(peer()) == "fired"
    assert door.opened == 3
    assert world.reasons() == ["debounced"]


def test_a_peer_that_has_not_said_who_it_is_is_never_debounced(world: World) -> None:
    waker = world.waker(ScriptedDoor("d", True))
    assert [waker.wake(peer(None)) for _ in range(2)] == ["fired", "fired"]


def test_a_negative_elapsed_time_does_not_debounce(world: World) -> None:
    waker = world.waker(ScriptedDoor("d", True))
    waker.wake(peer())
    world.clock.advance(-5)
    assert waker.wake(peer()) == "fired"


def test_a_wake_that_fired_nothing_does_not_debounce_the_next(world: World) -> None:
    waker = world.waker(ScriptedDoor("d", None, OSError("refused"), True))
    assert waker.wake(peer()) == "skipped_no_target"
    assert waker.wake(peer()) == "skipped_no_target"
    assert waker.wake(peer()) == "fired"


def test_the_memory_of_woken_peers_is_bounded_and_keeps_the_newest(world: World) -> None:
    waker = world.waker(ScriptedDoor("d", True))
    for number in range(3 * STAMPS_MAX):
        waker.wake(peer(f"s{number}"))
    assert len(waker._stamps) <= STAMPS_MAX
    assert waker.wake(peer(f"s{3 * STAMPS_MAX - 1}")) == "skipped_debounced"


def test_a_peer_that_was_woken_again_is_remembered_as_new(world: World) -> None:
    waker = world.waker(ScriptedDoor("d", True))
    waker.wake(peer("again"))
    world.clock.advance(2)
    for number in range(STAMPS_MAX - 1):
        waker.wake(peer(f"s{number}"))
    waker.wake(peer("again"))
    waker.wake(peer("last"))
    assert waker.wake(peer("again")) == "skipped_debounced"
    assert waker.wake(peer("s0")) == "fired"


def test_old_stamps_go_first(world: World) -> None:
    waker = world.waker(ScriptedDoor("d", True))
    for number in range(STAMPS_MAX):
        waker.wake(peer(f"old{number}"))
    world.clock.advance(60)
    waker.wake(peer("new"))
    assert list(waker._stamps) == ["new"]


def test_of_several_threads_one_wakes(world: World) -> None:
    inside, go_on = threading.Event(), threading.Event()

    class SlowDoor:
        name = "slow"

        def open(self, entry: Entry) -> bool | None:
            inside.set()
            return go_on.wait(60)

    waker = world.waker(SlowDoor())
    first: list[str] = []
    thread = threading.Thread(target=lambda: first.append(waker.wake(peer())))
    thread.start()
    assert inside.wait(60)
    assert waker.wake(peer()) == "skipped_debounced"
    go_on.set()
    thread.join(60)
    assert first == ["fired"]


def test_a_refusal_gives_way_to_the_next_door_and_is_told_if_none_opens(world: World) -> None:
    refusal = Refusal("pane-draft", "skipped_no_target", (("cached", "%1"),))
    refusing, opening = ScriptedDoor("a", refusal), ScriptedDoor("b", None)
    waker = world.waker(refusing, opening)
    assert waker.try_to_wake(peer()) == Woken("skipped_no_target", "pane-draft")
    assert opening.opened == 1
    (event,) = world.trace.named("ask_peer_wake_skipped")
    assert (event["reason"], event["cached"]) == ("pane-draft", "%1")
    assert world.waker(refusing, ScriptedDoor("c", True)).try_to_wake(peer()) == Woken("fired")


def test_a_refusal_may_bring_its_own_status_and_does_not_debounce(world: World) -> None:
    door = ScriptedDoor("a", Refusal("debounced", "skipped_debounced"), True)
    waker = world.waker(door)
    assert waker.wake(peer()) == "skipped_debounced"
    assert waker.wake(peer()) == "fired"


def test_a_late_door_is_built_when_it_is_tried_and_once(world: World) -> None:
    built: list[ScriptedDoor] = []

    def build() -> Door:
        built.append(ScriptedDoor("d", True))
        return built[-1]

    late = LateDoor("d", build)
    assert world.waker(late, strategy="off").wake(peer()) == "disabled"
    assert built == []
    assert [world.waker(late).wake(peer()) for _ in range(2)] == ["fired", "fired"]
    assert [door.opened for door in built] == [2]


def test_a_door_that_cannot_lead_to_a_peer_is_not_even_built(world: World) -> None:
    built: list[str] = []

    def build() -> Door:
        built.append("door")
        return ScriptedDoor("d", True)

    late = LateDoor(
        "tmux",
        build,
        leads_to=lambda entry: entry.tmux_pane is not None,
        otherwise=Refusal("no-verified-pane"),
    )
    assert late.open(peer()._replace(tmux_pane=None)) == Refusal("no-verified-pane")
    assert built == []
    assert late.open(peer()._replace(tmux_pane="%1")) is True
    assert built == ["door"]
