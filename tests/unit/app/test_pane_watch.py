"""Looking into panes: a few in each look, and what is seen counts only for who is there."""

from __future__ import annotations

import pytest

from helpers.fakes import ALICE, BOB, FakePanes, World
from oxtail.app.fleet import Collector
from oxtail.app.pane_watch import BELIEVED_SECONDS, LOOKED_INTO, PaneWatch
from oxtail.core.activity import Activity
from oxtail.core.census import PaneTable
from oxtail.core.liveness import Reason
from oxtail.core.pane import Pane, PaneView

BUSY = PaneView(busy=True, tail="Thinking… (3s)")


def pane(number: int, pid: int | None = None) -> Pane:
    host = number if pid is None else pid
    return Pane("work", "/project", 5, True, 2, f"%{number}", host, "/project")


def table(*hosted: tuple[int, Pane], seen: dict[int, PaneView] | None = None) -> PaneTable:
    return PaneTable(tuple(each for _, each in hosted), hosted, tuple((seen or {}).items()))


def test_the_pane_of_the_last_look_goes_before_a_claim() -> None:
    watch = PaneWatch()
    assert watch.choose([(1, "%8"), (2, None)]) == ("%8",)
    watch.take(table((1, pane(5)), (2, pane(6))), 0)
    assert watch.choose([(1, "%8"), (2, None)]) == ("%5", "%6")


def test_all_have_their_turn() -> None:
    watch, agents = PaneWatch(), [(pid, f"%{pid}") for pid in range(1, 41)]
    hosted = [(pid, pane(pid)) for pid, _ in agents]
    looked: set[str] = set()
    for now in range(1, 4):
        chosen = watch.choose(agents)
        assert len(chosen) <= LOOKED_INTO
        looked |= set(chosen)
        seen = {pid: BUSY for pid, each in agents if each in chosen}
        believed = watch.take(table(*hosted, seen=seen), float(now))
    assert looked == {each for _, each in agents}
    assert len(believed) == 40


def test_what_was_seen_is_forgotten_with_its_pane_and_with_time() -> None:
    watch = PaneWatch()
    assert watch.take(table((1, pane(5)), seen={1: BUSY}), 0) == {1: BUSY}
    assert watch.take(table((1, pane(5))), BELIEVED_SECONDS - 1) == {1: BUSY}
    assert watch.take(table((1, pane(5))), BELIEVED_SECONDS) == {}
    watch.take(table((1, pane(5)), seen={1: BUSY}), 40)
    assert watch.take(table((1, pane(5, pid=77))), 41) == {}
    watch.take(table((1, pane(5)), seen={1: BUSY}), 42)
    assert watch.take(table(), 43) == {}


# ---------------------------------------------------------------------- in a fleet


@pytest.fixture
def world() -> World:
    return World()


def at_work(world: World, session_id: str, pid: int, age: float) -> None:
    """Make an agent whose transcript is so old, and which claims the pane of its own number."""
    world.context(session_id, pid=pid)
    path = f"/transcripts/{pid}"
    entry = world.entries[pid]
    client = entry.client._replace(transcript_path=path)
    world.entries[pid] = entry._replace(client=client, tmux_pane=f"%{pid}")
    world.transcripts.activities[path] = Activity(world.clock.now() - age)


def looker(world: World, *panes: Pane):
    ctx = world.context(ALICE, pid=1)
    fake = FakePanes(*panes)
    fake.views = {each.pane_id: BUSY for each in panes}
    return ctx._replace(panes=fake)


def test_a_long_silent_think_is_work_from_the_first_look_on(world: World) -> None:
    at_work(world, BOB, 2, 300)
    fleet = Collector(looker(world, pane(2))).look()
    shown = fleet.agent(BOB)
    assert shown
    assert shown.verdict.reason is Reason.PANE_FRESH
    assert (shown.tail, shown.as_dict(0)["tail"]) == ("Thinking… (3s)", "Thinking… (3s)")


def test_a_frozen_screen_hands_over_to_idle(world: World) -> None:
    at_work(world, BOB, 2, 601)
    ctx = looker(world, pane(2))
    shown = Collector(ctx).look().agent(BOB)
    assert shown
    assert (shown.verdict.reason, shown.tail) == (Reason.IDLE, None)
    assert ctx.panes.watched == ()


def test_a_pane_that_hosts_somebody_else_says_nothing_of_an_agent(world: World) -> None:
    at_work(world, BOB, 2, 300)
    ctx = looker(world, pane(2, pid=99))
    shown = Collector(ctx).look().agent(BOB)
    assert shown
    assert ctx.panes.watched == ("%2",)
    assert (shown.verdict.reason, shown.tail) == (Reason.IDLE, None)


def test_one_look_asks_tmux_once_whatever_it_looks_into(world: World) -> None:
    for pid in range(2, 42):
        at_work(world, f"session-{pid}", pid, 100)
    ctx = looker(world, *(pane(pid) for pid in range(2, 42)))
    collector = Collector(ctx)
    for number in range(1, 4):
        fleet = collector.look()
        assert ctx.panes.asked == number
    assert {each.verdict.reason for each in fleet.agents if not each.is_self} == {Reason.PANE_FRESH}


def test_ones_own_pane_is_left_alone_and_so_are_all_without_activity(world: World) -> None:
    ctx = looker(world, pane(1), pane(2))
    at_work(world, ALICE, 1, 100)
    at_work(world, BOB, 2, 100)
    Collector(ctx).look()
    assert ctx.panes.watched == ("%2",)
    Collector(ctx, activity=False).look()
    assert ctx.panes.watched == ()


def test_a_busy_screen_without_words_says_working(world: World) -> None:
    at_work(world, BOB, 2, 100)
    ctx = looker(world, pane(2))
    ctx.panes.views = {"%2": PaneView(busy=True)}
    shown = Collector(ctx).look().agent(BOB)
    assert shown
    assert shown.tail == "working"
