"""The dock strip: one line per agent, counts above, keys below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.cockpit.shapes.rows import Row, Span, cut, row
from oxtail.cockpit.shapes.view import View, folded, listed, place
from oxtail.cockpit.shapes.windowing import window
from oxtail.core.fleet_words import MARKS, age, badges, state, sums
from oxtail.core.liveness import Liveness
from oxtail.core.plain import columns, fitted, padded

if TYPE_CHECKING:
    from oxtail.core.fleet import Fleet
    from oxtail.core.fleet_agent import Agent

NAME_COLUMNS: Final = 10
STATE_COLUMNS: Final = 16
OLD_SECONDS: Final = 10

AROUND_ROWS: Final = 4
"""Header and footer, and two rows for agents that are still to come."""

ROWS_MIN, ROWS_MAX = 4, 12

_LOOKS: Final = {Liveness.ACTIVE: "active", Liveness.IDLE: "idle", Liveness.DEAD: "dead"}


def header(fleet: Fleet | None, now: float, width: int, order: str = "") -> Row:
    """Return the counts: states, who waits for a person, and all that is wrong; then the order."""
    if fleet is None:
        return row(Span("oxtail: looking", "dim"))
    counts = fleet.counts
    spans = []
    seconds = now - fleet.at
    if seconds >= OLD_SECONDS:
        spans.append(Span(f"seen {age(seconds)} ago  ", "bad"))
    for count, word, kind in (
        (counts.active, "active", "active"),
        (counts.idle, "idle", "idle"),
        (counts.dead, "dead", "dead"),
    ):
        if count or word == "active":
            spans.append(Span(f"{count} {word}  ", kind))
    wrong = [
        Span(f"{count} {word}  ", kind)
        for count, word, kind in (
            (counts.deadlocks, "DEADLOCK", "deadlock"),
            (counts.orphaned, "orphaned", "orphan"),
            (counts.stranded, "work stranded", "bad"),
            (counts.stranded_mail, "mail stranded", "warn"),
            (counts.overdue, "overdue", "warn"),
        )
        if count
    ]
    if wrong and fleet.healthy and not counts.overdue:
        wrong.append(Span("all acknowledged  ", "fine"))
    spans += wrong or [Span("nominal  ", "fine")]
    if counts.awaiting:
        spans.append(Span(f"{counts.awaiting} awaiting you  ", "you"))
    if counts.held:
        spans.append(Span(f"{counts.held} held  ", "you"))
    if order:
        spans.append(Span(order, "dim"))
    return Row(cut(spans, width))


def agent_row(agent: Agent, at: float, width: int, *, chosen: bool) -> Row:
    """Return the line of one agent."""
    look = _LOOKS[agent.verdict.liveness]
    star = "*" if agent.is_self else ""
    spans = [
        Span("> " if chosen else "  ", "key"),
        Span(f"{MARKS[agent.verdict.liveness]} ", look),
        Span(
            padded(fitted(agent.label, NAME_COLUMNS - 1 - len(star)) + star, NAME_COLUMNS), "strong"
        ),
        Span(padded(state(agent), STATE_COLUMNS), look),
    ]
    spans += [Span(f"{badge.text}  ", badge.kind) for badge in badges(agent, at)]
    return Row(cut(spans, width), agent.key, chosen)


def strip(fleet: Fleet, view: View, width: int, height: int, top: int) -> tuple[list[Row], int]:
    """Return the lines of the agents in at most *height* rows, and the first agent among them."""
    agents = listed(fleet, view)
    gone = folded(fleet, view)
    fold = [_folded_row(gone)] if gone and height > 1 else []
    seen = window(len(agents), height - len(fold), place(view, agents), top)
    rows = []
    if seen.counts_above:
        rows.append(row(Span(f"    {seen.start} more above", "dim")))
    rows += [
        agent_row(each, fleet.at, width, chosen=each.key == view.selected)
        for each in agents[seen.start : seen.stop]
    ]
    if seen.counts_below:
        rows.append(row(Span(f"    {len(agents) - seen.stop} more below", "dim")))
    if not agents and not gone:
        rows.append(row(Span("  no agents", "dim")))
    return [Row(cut(each.spans, width), each.key, each.is_chosen) for each in (*rows, *fold)], (
        seen.start
    )


def _folded_row(gone: tuple[Agent, ...]) -> Row:
    said = sums(gone)
    mark = MARKS[Liveness.DEAD]
    return row(Span(f"  {mark} {len(gone)} dead{said}", "warn" if said else "dim"))


def height_of(fleet: Fleet, view: View) -> int:
    """Return how many rows a strip in a pane of its own should have."""
    rows = len(listed(fleet, view)) + bool(folded(fleet, view))
    return min(max(rows + AROUND_ROWS, ROWS_MIN), ROWS_MAX)


def footer(width: int, hints: str) -> Row:
    """Return the keys, as many as fit."""
    return Row(
        cut([Span(hints if columns(hints) <= width else fitted(hints, width), "dim")], width)
    )
