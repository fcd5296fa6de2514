"""Which rows of a long list are shown: always the cursor's, and exact counts of the rest.

The rule: rows and marks together never take more than the budget; above and below are counted
exactly; a mark may be left out only where the budget is two rows or less.
"""

from __future__ import annotations

from typing import Final

from oxtail.core.value import Value

MARKLESS_BUDGET: Final = 2
"""With so few rows to show, counting would leave nothing to count for."""


class Window(Value):
    """The rows *start* to *stop* are shown; whether what is hidden above and below is counted."""

    start: int
    stop: int
    counts_above: bool
    counts_below: bool


def window(total: int, budget: int, cursor: int, top: int = 0) -> Window:
    """Return what is shown of *total* rows in *budget* rows.

    Args:
        total: How many rows there are.
        budget: How many rows there is room for, marks included.
        cursor: The row that is always shown.
        top: The first row that was shown before, so that a list moves no more than it must.
    """
    total, budget = max(total, 0), max(budget, 0)
    cursor = min(max(cursor, 0), max(total - 1, 0))
    if total <= budget:
        return Window(0, total, False, False)
    if budget <= MARKLESS_BUDGET:
        start = _near(top, cursor, budget, total - budget)
        return Window(start, start + budget, False, False)
    room = budget - 1
    if cursor < room and (top <= 1 or cursor <= 1):
        return Window(0, room, False, True)
    if cursor >= total - room and (top >= total - room or cursor >= total - 2):
        return Window(total - room, total, True, False)
    room = budget - 2
    start = _near(max(top, 1), cursor, room, total - room - 1)
    return Window(start, start + room, start > 0, start + room < total)


def _near(top: int, cursor: int, room: int, last: int) -> int:
    """Return the start nearest to *top* that shows *cursor*, at most *last*."""
    start = min(max(top, cursor - room + 1), cursor)
    return max(min(start, last), 0)
