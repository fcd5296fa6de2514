"""Circles of waits, compared with a search that tries every way."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from oxtail.core.circles import on_circles, shortest_circles
from oxtail.core.correlation import Ask, OpenAsk
from oxtail.core.drawing import draw
from oxtail.core.envelope import Envelope
from oxtail.core.graph import CircleKind, Graph, build
from oxtail.core.waits import Standing
from oxtail.core.work import Owed, State

NOW = 1_800_000_000
NODES = "abcde"

nodes = st.sampled_from(NODES)
arcs = st.sets(st.tuples(nodes, nodes).filter(lambda arc: arc[0] != arc[1]), max_size=14)


def every_circle(graph: set[tuple[str, str]]) -> set[tuple[str, ...]]:
    """Return all simple circles, by trying every way; each begins with its smallest node."""
    found = set()

    def walk(path: tuple[str, ...]) -> None:
        for start, end in graph:
            if start != path[-1] or end < path[0]:
                continue
            if end == path[0]:
                found.add(path)
            elif end not in path:
                walk((*path, end))

    for node in NODES:
        walk((node,))
    return found


def arcs_of(circle: tuple[str, ...]) -> set[tuple[str, str]]:
    return set(zip(circle, (*circle[1:], circle[0]), strict=True))


@given(arcs, st.data())
def test_circles_are_true_shortest_and_cover_every_seed(
    graph: set[tuple[str, str]], data: st.DataObject
) -> None:
    seeds = data.draw(st.sets(st.sampled_from(sorted(graph)))) if graph else set()
    oracle = every_circle(graph)
    found = shortest_circles(graph, seeds, 1_000)

    assert set(found) <= oracle
    assert len(set(found)) == len(found)
    assert on_circles(graph) == {node for circle in oracle for node in circle}
    for seed in seeds:
        through = [circle for circle in oracle if seed in arcs_of(circle)]
        assert bool(through) == any(seed in arcs_of(circle) for circle in found)
    for circle in found:
        lengths = [
            min(len(other) for other in oracle if seed in arcs_of(other))
            for seed in seeds & arcs_of(circle)
        ]
        assert len(circle) in lengths


def ask(arc: tuple[str, str], waited_on: bool) -> OpenAsk:
    waiter, target = arc
    return OpenAsk(
        Ask(waiter, f"r{waiter}{target}", target, f"m{waiter}{target}", 0, NOW * 1000 - 9000),
        waited_on,
        NOW - 9,
    )


def owed(arc: tuple[str, str]) -> Owed:
    waiter, target = arc
    message = Envelope(
        f"w{waiter}{target}", "x", NOW - 5, from_session_id=waiter, action_required=True
    )
    return Owed(target, message, True, State.OPEN)


@given(
    arcs,
    arcs,
    arcs,
    st.dictionaries(nodes, st.sampled_from((Standing.RUNNING, Standing.AWAY))),
    st.randoms(use_true_random=False),
)
def test_a_deadlock_is_every_circle_of_live_waits_and_nothing_else(
    waiting: set[tuple[str, str]],
    pending: set[tuple[str, str]],
    work: set[tuple[str, str]],
    standings: dict[str, Standing],
    order: random.Random,
) -> None:
    pending -= waiting
    asks = [ask(arc, True) for arc in waiting] + [ask(arc, False) for arc in pending]
    owing = [owed(arc) for arc in work]
    graph = build(NOW, asks, owing, standings)

    runs = {node for node, standing in standings.items() if standing is Standing.RUNNING}
    runs |= {waiter for waiter, _ in waiting}
    live = {arc for arc in waiting if set(arc) <= runs}
    running = {arc for arc in waiting | pending | work if set(arc) <= runs}
    deadlocks = every_circle(live)
    assert {each.members for each in graph.deadlocks} <= deadlocks
    assert set(graph.deadlocked) == {node for circle in deadlocks for node in circle}
    assert bool(graph.deadlocks) == bool(deadlocks)
    for each in graph.circles:
        if each.kind is CircleKind.MUTUAL:
            assert each.members in every_circle(running) - deadlocks
        elif each.kind is CircleKind.STALE:
            assert not set(each.members) <= runs
    assert any(each.kind is CircleKind.MUTUAL for each in graph.circles) == bool(
        every_circle(running) - deadlocks
    )
    assert check_is_stable(graph, asks, owing, standings, order)


def check_is_stable(
    graph: Graph,
    asks: list[OpenAsk],
    owing: list[Owed],
    standings: dict[str, Standing],
    order: random.Random,
) -> bool:
    """Tell whether other orders of the facts give the same graph, and it can be drawn."""
    order.shuffle(asks)
    order.shuffle(owing)
    again = build(NOW, asks, owing, dict(sorted(standings.items(), reverse=True)))
    return again == graph and draw(again, str) == draw(graph, str)
