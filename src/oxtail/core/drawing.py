"""A wait graph as text for a terminal: what is wrong first, then who waits for whom, as trees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.graph import CircleKind, Graph
from oxtail.core.waits import Kind, Orphan, Stage, Standing, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DEPTH_MAX: Final = 12
"""Deepest nesting; what waits below that begins a tree of its own."""

_CIRCLES: Final[Mapping[CircleKind, str]] = {
    CircleKind.DEADLOCK: "deadlock: {}; each waits for the next, and none can answer",
    CircleKind.MUTUAL: "mutual: {}; not stuck, since not all of them wait now",
    CircleKind.STALE: "stale: {}; not all of them run",
}
_ORPHANS: Final[Mapping[Orphan, str]] = {
    Orphan.TARGET_AWAY: "it does not run",
    Orphan.TARGET_GONE: "it is gone",
    Orphan.ASKER_GONE: "nobody takes the answer",
}
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"))


def span(seconds: int) -> str:
    """Return a length of time in its largest whole unit, such as ``3 m``."""
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{max(seconds, 0)} s"


def draw(graph: Graph, label: Callable[[str], str]) -> str:
    """Return *graph* as lines of text, without a last line end.

    Args:
        graph: What to draw.
        label: Returns what a session is called, in one harmless line.
    """
    if not graph.waits:
        return "nobody waits for anybody"
    lines = [_summary(graph)]
    for circle in graph.circles:
        way = " -> ".join(map(label, (*circle.members, circle.members[0])))
        lines.append(_CIRCLES[circle.kind].format(way))
    lines.append("")
    lines += _trees(graph, label)
    if graph.truncated:
        lines += ["", "There is more than was looked at."]
    return "\n".join(lines)


def _summary(graph: Graph) -> str:
    counts = (
        (len(graph.waits), "wait", "waits"),
        (len(graph.deadlocks), "deadlock", "deadlocks"),
        (len(graph.orphans), "orphaned", "orphaned"),
        (len(graph.overdue), "overdue", "overdue"),
        (len(graph.held), "held", "held"),
    )
    return ", ".join(f"{n} {one if n == 1 else many}" for n, one, many in counts if n)


def _trees(graph: Graph, label: Callable[[str], str]) -> Iterator[str]:
    """Yield a tree for each session that nobody waits for, then for what is left: circles."""
    below: dict[str, list[Wait]] = {}
    for wait in graph.waits:
        below.setdefault(wait.waiter, []).append(wait)
    awaited = {wait.target for wait in graph.waits}
    away = {each.session_id for each in graph.sessions if each.standing is not Standing.RUNNING}
    drawn: set[str] = set()
    roots = [each for each in below if each not in awaited]
    for root in (*roots, *below):
        if root in drawn:
            continue
        drawn.add(root)
        yield label(root) + (" (not running)" if root in away else "")
        left = [("", iter(_marked(below[root])))]
        while left:
            margin, waits = left[-1]
            following = next(waits, None)
            if following is None:
                left.pop()
                continue
            wait, is_last = following
            branch, inner = ("`- ", "   ") if is_last else ("|- ", "|  ")
            opens = wait.target in below and wait.target not in drawn and len(left) < DEPTH_MAX
            again = wait.target in below and not opens
            words = _words(wait, graph.at, label) + (", see there" if again else "")
            yield f"{margin}{branch}{words}" + (f" [{wait.message_id}]" if wait.message_id else "")
            if opens and wait.target:
                drawn.add(wait.target)
                left.append((margin + inner, iter(_marked(below[wait.target]))))


def _marked(waits: list[Wait]) -> list[tuple[Wait, bool]]:
    return [(wait, wait is waits[-1]) for wait in waits]


def _words(wait: Wait, at: int, label: Callable[[str], str]) -> str:
    target = label(wait.target) if wait.target else "somebody whom the record does not name"
    age = span(at - wait.since)
    if wait.stage is Stage.WAITING:
        words = f"waits for an answer of {target}, {age}"
    elif wait.kind is Kind.QUESTION:
        words = f"asked {target}, unanswered, {age}"
    elif wait.stage is Stage.CLOSING:
        words = f"gave work to {target}, which is being closed, {age}"
    else:
        words = f"gave work to {target}, {age}"
    if wait.stage is Stage.HELD:
        words += ", held: a person has to let it through"
    if wait.overdue and wait.deadline is not None:
        words += f", overdue by {span(at - wait.deadline)}"
    if wait.attempts:
        words += ", woken again once" if wait.attempts == 1 else f", woken again {wait.attempts}x"
    if wait.orphan:
        words += f", ORPHANED: {_ORPHANS[wait.orphan]}"
    return words
