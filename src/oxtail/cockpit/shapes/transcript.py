"""The end of a transcript as rows: who said what, the oldest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.cockpit.shapes.rows import Row, Span, cut, row, wrapped
from oxtail.core.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oxtail.cockpit.actions import Excerpt, Utterance

PIECE: Final = 2_000
"""A line is broken after so many characters, whatever stands there: breaking longer ones between
words takes a time that grows with their square."""

INDENT: Final = "  "


def transcript_title(label: str, excerpt: Excerpt | None, width: int) -> Row:
    """Return the line above the transcript of the agent *label*: what it is and what it lacks.

    Args:
        label: What people call the agent.
        excerpt: What was read, or None while that goes on.
        width: Columns.
    """
    about = "reading" if excerpt is None else excerpt.about
    spans = [Span(f"transcript of {label}", "strong"), Span(f"  {about}", "dim")]
    return Row(cut(spans, width))


def transcript_rows(excerpt: Excerpt | None, width: int) -> list[Row]:
    """Return what was read, in *width* columns; nothing while that goes on."""
    if excerpt is None:
        return []
    if excerpt.problem:
        problem = wrapped(plain(excerpt.problem, 1_000), width)
        return [Row(cut([Span(each, "warn")], width)) for each in problem]
    if not excerpt.said:
        return [Row(cut([Span("none: it holds no messages yet", "dim")], width))]
    rows: list[Row] = []
    for each in excerpt.said:
        rows += _utterance(each, width)
    return rows


def _utterance(said: Utterance, width: int) -> Iterator[Row]:
    kind = "operator" if said.role == "user" else "active"
    when = f"  {plain(said.at, 40)}" if said.at else ""
    yield row("")
    yield Row(cut([Span(plain(said.role, 40), kind), Span(when, "dim")], width))
    for line in said.text.split("\n"):
        for at in range(0, max(len(line), 1), PIECE):
            for part in wrapped(line[at : at + PIECE], width - len(INDENT)):
                yield Row(cut([Span(INDENT + part)], width))
