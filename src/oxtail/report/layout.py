"""Where the sessions of a wait graph stand in a picture.

The rule: arithmetic only, and the same graph always in the same way.  Parts that are not connected
stand apart; in each, whoever is waited for stands to the right of the one who waits, and a part
with a circle stands as one.
"""

from __future__ import annotations

from math import cos, pi, sin
from typing import TYPE_CHECKING, Final

from oxtail.core.circles import on_circles
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    Arc = tuple[str, str]

WIDTH: Final = 148
HEIGHT: Final = 48
"""Size of a session in the picture."""

ACROSS: Final = 270
DOWN: Final = 84
"""From one session to the next, from middle to middle."""

MARGIN: Final = 34
ROOM: Final = 1_000
"""How wide the picture is made before parts stand below each other."""


class Layout(Value):
    """Where everything stands: middles of sessions, and the size of the whole."""

    places: Mapping[str, tuple[float, float]]
    width: float
    height: float


def layout(arcs: Collection[Arc]) -> Layout:
    """Return where the ends of *arcs* stand."""
    places: dict[str, tuple[float, float]] = {}
    left, top, tallest, widest = 0.0, 0.0, 0.0, 0.0
    for part in _parts(arcs):
        inside = {arc for arc in arcs if arc[0] in part}
        spots = _ring(part, inside) if on_circles(inside) else _ranks(part, inside)
        width = max(x for x, _ in spots.values()) + WIDTH / 2 + MARGIN
        height = max(y for _, y in spots.values()) + HEIGHT / 2 + MARGIN
        if left and left + width > ROOM:
            left, top, tallest = 0.0, top + tallest, 0.0
        for node, (x, y) in spots.items():
            places[node] = (left + x, top + y)
        left, tallest = left + width, max(tallest, height)
        widest = max(widest, left)
    return Layout(places, widest, top + tallest)


def _parts(arcs: Collection[Arc]) -> list[set[str]]:
    """Return the nodes that are connected, largest part first."""
    near: dict[str, set[str]] = {}
    for one, other in arcs:
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    found: list[set[str]] = []
    left = set(near)
    for node in sorted(near):
        if node not in left:
            continue
        part, new = set(), [node]
        while new:
            each = new.pop()
            if each not in part:
                part.add(each)
                new += near[each]
        left -= part
        found.append(part)
    return sorted(found, key=lambda part: (-len(part), min(part)))


def _ring(part: set[str], arcs: set[Arc]) -> dict[str, tuple[float, float]]:
    order = _around(part, arcs)
    count = len(order)
    wide = max(count * (WIDTH + 130) / (2 * pi), 250.0) if count > 2 else ACROSS / 2
    high = max(count * (HEIGHT + 110) / (2 * pi), 110.0) if count > 2 else 0.0
    # Two stand side by side; of more, one is on top.
    turn = pi if count == 2 else -pi / 2
    middle_x, middle_y = MARGIN + WIDTH / 2 + wide, MARGIN + HEIGHT / 2 + high
    return {
        node: (
            middle_x + wide * cos(turn + 2 * pi * place / count),
            middle_y + high * sin(turn + 2 * pi * place / count),
        )
        for place, node in enumerate(order)
    }


def _around(part: set[str], arcs: set[Arc]) -> list[str]:
    """Return the nodes in an order in which many follow the one that waits for them."""
    following: dict[str, list[str]] = {}
    for one, other in sorted(arcs):
        following.setdefault(one, []).append(other)
    inside = on_circles(arcs)
    found: list[str] = []
    for start in (*sorted(inside), *sorted(part - inside)):
        node: str | None = start
        while node is not None and node not in found:
            found.append(node)
            node = next((each for each in following.get(node, ()) if each not in found), None)
    return found


def _ranks(part: set[str], arcs: set[Arc]) -> dict[str, tuple[float, float]]:
    """Return places in columns; nobody stands left of one who waits for them."""
    rank = dict.fromkeys(sorted(part), 0)
    for _ in part:
        moved = False
        for one, other in sorted(arcs):
            if rank[other] <= rank[one]:
                rank[other], moved = rank[one] + 1, True
        if not moved:
            break
    columns: dict[int, list[str]] = {}
    for node, column in rank.items():
        columns.setdefault(column, []).append(node)
    tallest = max(map(len, columns.values()))
    row: dict[str, float] = {}
    for column in sorted(columns):
        nodes = columns[column]
        before = {
            node: [row[one] for one, other in arcs if other == node and one in row]
            for node in nodes
        }
        nodes.sort(key=lambda n: (sum(before[n]) / len(before[n]) if before[n] else 0.0, n))
        for place, node in enumerate(nodes):
            row[node] = place + (tallest - len(nodes)) / 2
    return {
        node: (
            MARGIN + WIDTH / 2 + ACROSS * rank[node],
            MARGIN + HEIGHT / 2 + DOWN * row[node],
        )
        for node in rank
    }
