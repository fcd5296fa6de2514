"""Times and kinds in words, as every part of a report says them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from oxtail.core.fleet_words import age
from oxtail.report.markup import Html, tag
from oxtail.report.story import Kind

if TYPE_CHECKING:
    from oxtail.report.story import Said

NEVER: Final = "—"

KINDS: Final = {
    Kind.MESSAGE: "message",
    Kind.QUESTION: "question",
    Kind.ANSWER: "answer",
    Kind.WORK: "work",
    Kind.RESULT: "result",
}


def _point(at: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(at), UTC)
    except (OverflowError, ValueError, OSError):
        return None


def day(at: float) -> str:
    """Return the date of *at* in UTC; a dash where a clock counts no such time."""
    point = _point(at)
    return point.strftime("%Y-%m-%d") if point else NEVER


def clock(at: float) -> str:
    """Return the time of day of *at* in UTC."""
    point = _point(at)
    return point.strftime("%H:%M:%S") if point else NEVER


def moment(at: float | None) -> Html:
    """Return *at* with its date, in UTC, as an element."""
    point = None if at is None else _point(at)
    if point is None:
        return tag("span", NEVER)
    written = point.strftime("%Y-%m-%dT%H:%M:%SZ")
    return tag("time", point.strftime("%Y-%m-%d %H:%M:%S"), datetime=written)


def due(deadline: int | None, at: float) -> str:
    """Return how long there is until *deadline*, or how long it has passed."""
    if deadline is None:
        return "no deadline"
    return f"overdue {age(at - deadline)}" if deadline <= at else f"due in {age(deadline - at)}"


def kind(said: Said) -> str:
    """Return what a message is, and how it went on."""
    if said.kind is Kind.WORK:
        return f"work, {said.outcome or 'open'}"
    if said.kind is Kind.QUESTION:
        return "question" if said.ended_by else "question, no answer here"
    return KINDS[said.kind]
