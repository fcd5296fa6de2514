"""The top of the screen: the fleet in numbers, how old that is, and what needs a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.cockpit.shapes.agents import project
from oxtail.cockpit.shapes.rows import Row, Span, block, cut, row
from oxtail.core.fleet_labels import labeller
from oxtail.core.fleet_words import age, waits
from oxtail.core.plain import columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.core.fleet import Fleet

OLD_SECONDS: Final = 10
"""Age from which what is shown is called old: several looks have failed to come."""

LEVELS: Final = {
    "bad": ("bad", "! "),
    "warn": ("warn", "! "),
    "hint": ("hint", ""),
    "you": ("you", ""),
    "fine": ("fine", ""),
}
ATTENTION_ROWS: Final = 3

WAY: Final = " (a acknowledges what concerns the selected agent, A all of it)"
SHORT_WAY: Final = " (a or A acknowledges)"
WAY_ROOM: Final = 14
"""Beside what is wrong: how one says that one knows; and columns for what stands before that."""


def head(
    fleet: Fleet | None, now: float, width: int, *, looking_s: float | None = None, order: str = ""
) -> Row:
    """Return the first line: the fleet in numbers on the left, its order and age on the right.

    Args:
        fleet: What was seen last, or None before that.
        now: Now, in unix seconds.
        width: Columns.
        looking_s: For how many seconds a look has been under way, or None.
        order: The order of the agents in words; empty for the stable one.
    """
    if fleet is None:
        waited = f", for {age(looking_s)}" if looking_s and looking_s >= OLD_SECONDS else ""
        return Row(cut([Span("oxtail", "strong"), Span(f"  looking{waited}", "dim")], width))
    counts = fleet.counts
    total = f"{counts.agents} agent{'' if counts.agents == 1 else 's'}"
    behind = f", +{counts.background} in the background" if counts.background else ""
    left = f"{project(fleet)}: {total}, {counts.active} active{behind}"
    seconds = max(now - fleet.at, 0)
    is_old = seconds >= OLD_SECONDS
    right = f"{order}, seen {age(seconds)} ago" if order else f"seen {age(seconds)} ago"
    if is_old and looking_s is not None:
        right += f", a look takes {age(looking_s)}"
    wrong = counts.deadlocks or counts.orphaned
    spans = cut([Span(left, "bad" if wrong else "strong")], max(width - columns(right) - 2, 10))
    gap = width - sum(columns(span.text) for span in spans) - columns(right)
    return Row(
        cut([*spans, Span(" " * max(gap, 1)), Span(right, "bad" if is_old else "dim")], width)
    )


def attention(fleet: Fleet | None, width: int) -> list[Row]:
    """Return what a person should look at, the worst first, on as few lines as it needs."""
    rows: list[list[Span]] = []
    used = 0
    for remark in fleet.attention if fleet else ():
        kind, mark = LEVELS[remark.level]
        text = mark + remark.text
        need = columns(text) + (3 if used else 0)
        if not rows or used + need > width:
            rows.append([Span(text, kind)])
            used = columns(text)
        else:
            rows[-1] += [Span(" | ", "dim"), Span(text, kind)]
            used += need
    shown = [Row(cut(each, width)) for each in rows]
    if len(shown) > ATTENTION_ROWS:
        left = len(shown) - ATTENTION_ROWS + 1
        shown = [*shown[: ATTENTION_ROWS - 1], row(Span(f"+{left} more lines", "dim"))]
    return shown


def name_of(fleet: Fleet) -> Callable[[str], str]:
    """Return what gives the label of a session."""
    return labeller({each.key: each.label for each in (*fleet.agents, *fleet.background)})


def waiting(fleet: Fleet | None, width: int, most: int) -> list[Row]:
    """Return who waits for whom, what is wrong, and warnings, in at most *most* rows."""
    if fleet is None:
        return []
    lines = [
        Row(cut([Span("  "), Span(text, _kind(text))], width))
        for text in waits(fleet, name_of(fleet))
    ]
    wrong = [
        Row(cut([Span("  "), Span(trouble.text, "bad")], width))
        for trouble in fleet.troubles
        if trouble.is_open
    ]
    warnings = [row(Span(f"  {text}", "warn")) for text in fleet.warnings]
    if fleet.truncated:
        warnings.append(row(Span("  there is more than was looked at", "warn")))
    warnings = [Row(cut(each.spans, width)) for each in warnings]
    way = WAY if width >= columns(WAY) + WAY_ROOM else SHORT_WAY
    blocks = [("wrong", wrong, way), ("waits", lines, ""), ("warnings", warnings, "")]
    rows: list[Row] = []
    filled = [each for each in blocks if each[1]]
    for number, (title, content, note) in enumerate(filled):
        later = len(filled) - number - 1
        room = min(max(most - len(rows) - 2 * later, 2), most - len(rows))
        rows += block(title, content, room, note)
    return rows


def _kind(text: str) -> str:
    for start, kind in (("DEADLOCK", "deadlock"), ("possible cycle", "cycle")):
        if text.startswith(start):
            return kind
    if text.endswith(("not running", ", gone", "asker gone")):
        return "orphan"
    return "wait"
