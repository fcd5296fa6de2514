"""The wait graph as a picture, and as a table with the same numbers.

Shapes and words tell what colors tell: a deadlocked session is an octagon, one that does not run is
dashed, one that is gone is crossed out; a wait that nobody will end has a bar across its arrow.
"""

from __future__ import annotations

from math import hypot
from typing import TYPE_CHECKING, Final

from oxtail.core.fleet_words import age
from oxtail.core.graph import CircleKind
from oxtail.core.plain import fitted
from oxtail.core.value import Value
from oxtail.core.waits import Kind, Orphan, Stage, Standing
from oxtail.report.layout import HEIGHT, WIDTH, layout
from oxtail.report.markup import Html, joined, tag
from oxtail.report.words import due

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from oxtail.core.graph import Graph
    from oxtail.core.waits import Wait

NODES_MAX: Final = 40
"""Most sessions in the picture; those in trouble first.  The table has all waits."""

WAITS_MAX: Final = 500
"""Most waits in the table."""

NOBODY: Final = "?"
"""Stands for whom an old record does not name; no session id is a question mark."""

LABEL_COLUMNS: Final = 18

_STANDINGS: Final = {
    Standing.RUNNING: "runs",
    Standing.AWAY: "not running",
    Standing.GONE: "gone",
}
_ORPHANS: Final = {
    Orphan.TARGET_AWAY: "not running",
    Orphan.TARGET_GONE: "gone",
    Orphan.ASKER_GONE: "asker gone",
}
_STAGES: Final = {
    Stage.WAITING: "an answer, blocked on it",
    Stage.PENDING: "an answer, not blocked",
    Stage.OPEN: "the end of work",
    Stage.CLOSING: "the end of work, being closed",
    Stage.HELD: "a person, who has to let the message through",
}
_CIRCLES: Final = {
    CircleKind.DEADLOCK: "deadlock",
    CircleKind.MUTUAL: "mutual delegation, not stuck",
    CircleKind.STALE: "possible circle, not all of them run",
}


class _Edge(Value):
    """All waits of one session for another one, with their numbers in the table."""

    waiter: str
    target: str
    numbers: tuple[int, ...]
    waits: tuple[Wait, ...]
    deadlocked: bool

    @property
    def classes(self) -> str:
        words = ["wait"]
        if all(wait.kind is Kind.WORK for wait in self.waits):
            words.append("work")
        if all(wait.stage is not Stage.WAITING for wait in self.waits):
            words.append("loose")
        words += ["deadlock"] if self.deadlocked else []
        words += ["orphan"] if self.orphan else []
        return " ".join(words)

    @property
    def orphan(self) -> bool:
        return any(wait.orphan for wait in self.waits)

    @property
    def words(self) -> str:
        said = ", ".join(map(str, self.numbers[:4])) + ("…" if len(self.numbers) > 4 else "")
        if self.deadlocked:
            said += " deadlock"
        if self.orphan:
            said += " orphan"
        if any(wait.overdue for wait in self.waits):
            said += " overdue"
        return said


def table(graph: Graph, label: Callable[[str], str]) -> Html:
    """Return the waits in words."""
    locked = _deadlocked(graph)
    rows = []
    for number, wait in enumerate(graph.waits[:WAITS_MAX], 1):
        told = [] if not wait.orphan else [f"ORPHAN: {_ORPHANS[wait.orphan]}"]
        told += ["DEADLOCK"] if (wait.waiter, wait.target) in locked else []
        told += [due(wait.deadline, graph.at)] if wait.deadline is not None else []
        told += [f"woken {wait.attempts}x"] if wait.attempts else []
        cells = (
            str(number),
            label(wait.waiter),
            label(wait.target) if wait.target else "somebody whom no record names",
            _STAGES[wait.stage],
            age(graph.at - wait.since),
            "; ".join(told),
        )
        classes = "bad" if wait.orphan or "DEADLOCK" in told else None
        rows.append(tag("tr", *(tag("td", cell) for cell in cells), class_=classes))
    heads = ("number", "who waits", "for whom", "for what", "since", "beside that")
    return tag(
        "table",
        tag("caption", "All waits, with the numbers of the picture"),
        tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))),
        tag("tbody", *rows),
    )


def circles(graph: Graph, label: Callable[[str], str]) -> Html:
    """Return the circles of waits, a line each; nothing where there are none."""
    lines = [
        f"{_CIRCLES[each.kind]}: {' > '.join(map(label, (*each.members, each.members[0])))}"
        for each in graph.circles
    ]
    return tag("ul", *(tag("li", line) for line in lines)) if lines else Html()


def picture(graph: Graph, label: Callable[[str], str]) -> tuple[Html, int]:
    """Return the picture, and how many sessions are left out of it."""
    edges = _edges(graph)
    nodes = list(dict.fromkeys(node for edge in edges for node in (edge.waiter, edge.target)))
    shown = set(nodes[:NODES_MAX])
    edges = [edge for edge in edges if {edge.waiter, edge.target} <= shown]
    plan = layout([(edge.waiter, edge.target) for edge in edges])
    both = {(edge.waiter, edge.target) for edge in edges}
    standings = {each.session_id: each.standing for each in graph.sessions}
    parts = [_arrow(edge, plan.places, (edge.target, edge.waiter) in both) for edge in edges]
    for node, (x, y) in plan.places.items():
        if node == NOBODY:
            parts.append(_session("not recorded", Standing.GONE, False, x, y))
        else:
            standing = standings.get(node, Standing.GONE)
            parts.append(_session(label(node), standing, node in graph.deadlocked, x, y))
    drawn = tag(
        "svg",
        *parts,
        class_="graph",
        role="img",
        aria_label=f"Wait graph: {len(plan.places)} sessions; the table below says the same",
        width=float(plan.width),
        height=float(plan.height),
        viewBox=f"0 0 {plan.width:g} {plan.height:g}",
    )
    return drawn, len(nodes) - len(plan.places)


def _deadlocked(graph: Graph) -> set[tuple[str, str | None]]:
    return {
        (one, other)
        for circle in graph.deadlocks
        for one, other in zip(circle.members, (*circle.members[1:], circle.members[0]), strict=True)
    }


def _edges(graph: Graph) -> list[_Edge]:
    """Return the edges, those in trouble first."""
    locked = _deadlocked(graph)
    found: dict[tuple[str, str], list[tuple[int, Wait]]] = {}
    for number, wait in enumerate(graph.waits[:WAITS_MAX], 1):
        found.setdefault((wait.waiter, wait.target or NOBODY), []).append((number, wait))
    edges = [
        _Edge(
            waiter,
            target,
            tuple(number for number, _ in waits),
            tuple(wait for _, wait in waits),
            (waiter, target) in locked,
        )
        for (waiter, target), waits in found.items()
    ]
    return sorted(edges, key=lambda edge: (not edge.deadlocked, not edge.orphan, edge.numbers))


def _session(label: str, standing: Standing, locked: bool, x: float, y: float) -> Html:
    left, top, corner = x - WIDTH / 2, y - HEIGHT / 2, 14
    right, bottom = x + WIDTH / 2, y + HEIGHT / 2
    if locked:
        points = (
            (left + corner, top), (right - corner, top), (right, top + corner),
            (right, bottom - corner), (right - corner, bottom), (left + corner, bottom),
            (left, bottom - corner), (left, top + corner),
        )  # fmt: skip
        written = " ".join(f"{across:g},{down:g}" for across, down in points)
        shape = tag("polygon", class_="node", points=written)
    else:
        shape = tag(
            "rect", class_="node", x=left, y=top, width=WIDTH, height=HEIGHT,
            rx=20 if standing is Standing.RUNNING else 3,
        )  # fmt: skip
    cross = f"M{left:g} {top:g} L{right:g} {bottom:g} M{left:g} {bottom:g} L{right:g} {top:g}"
    word = "DEADLOCKED" if locked else _STANDINGS[standing]
    return tag(
        "g",
        tag("title", f"{label}: {word}"),
        shape,
        tag("path", class_="cross", d=cross) if standing is Standing.GONE else Html(),
        tag("text", fitted(label, LABEL_COLUMNS), class_="name", x=x, y=y - 3),
        tag("text", word, class_="state", x=x, y=y + 15),
        class_="session locked" if locked else f"session {standing.value}",
    )


def _arrow(edge: _Edge, places: Mapping[str, tuple[float, float]], is_double: bool) -> Html:
    (start_x, start_y), (end_x, end_y) = places[edge.waiter], places[edge.target]
    length = hypot(end_x - start_x, end_y - start_y) or 1.0
    to_x, to_y = (end_x - start_x) / length, (end_y - start_y) / length
    # Of two that wait for each other each arrow keeps to its own side.
    aside = 13.0 if is_double else 0.0
    off_x, off_y = -to_y * aside, to_x * aside
    out = _reach(to_x, to_y)
    start_x, start_y = start_x + off_x + to_x * out, start_y + off_y + to_y * out
    end_x, end_y = end_x + off_x - to_x * out, end_y + off_y - to_y * out
    base_x, base_y = end_x - to_x * 10, end_y - to_y * 10
    tip = (
        f"{end_x:.1f},{end_y:.1f} {base_x - to_y * 6:.1f},{base_y + to_x * 6:.1f} "
        f"{base_x + to_y * 6:.1f},{base_y - to_x * 6:.1f}"
    )
    parts = [
        tag("title", edge.words),
        tag("path", class_="way", d=f"M{start_x:.1f} {start_y:.1f} L{base_x:.1f} {base_y:.1f}"),
        tag("polygon", class_="tip", points=tip),
    ]
    if edge.orphan:
        bar_x, bar_y = base_x - to_x * 8, base_y - to_y * 8
        bar = (
            f"M{bar_x - to_y * 11:.1f} {bar_y + to_x * 11:.1f} "
            f"L{bar_x + to_y * 11:.1f} {bar_y - to_x * 11:.1f}"
        )
        parts.append(tag("path", class_="bar", d=bar))
    return tag(
        "g", *parts, _plate(edge.words, start_x, start_y, base_x, base_y), class_=edge.classes
    )


def _plate(words: str, x1: float, y1: float, x2: float, y2: float) -> Html:
    """Return the words of an arrow on a plate, nearer to its beginning, where arrows lie apart."""
    x, y = x1 + (x2 - x1) * 0.42, y1 + (y2 - y1) * 0.42
    wide = len(words) * 6.8 + 10
    return joined(
        tag("rect", class_="plate", x=x - wide / 2, y=y - 9, width=wide, height=18, rx=4),
        tag("text", words, class_="words", x=x, y=y + 4),
    )


def _reach(to_x: float, to_y: float) -> float:
    """Return how far it is from the middle of a session to its border in a direction."""
    across = WIDTH / 2 / abs(to_x) if to_x else float("inf")
    down = HEIGHT / 2 / abs(to_y) if to_y else float("inf")
    return min(across, down) + 3
