"""The last line: the keys, or what has come of the last action for a few seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.cockpit.shapes.rows import Row, Span, cut, wrapped
from oxtail.cockpit.widgets.painted import Painted
from oxtail.core.plain import columns

if TYPE_CHECKING:
    from collections.abc import Sequence


ROWS_MAX: Final = 4
"""Most rows of a status, where the style sheet gives it more than one."""

KEPT: Final = "?"
"""The key that is shown whatever the room: it shows all the others."""


class StatusLine(Painted):
    """Shows a hint, or a status in its place."""

    _hints: tuple[tuple[str, str], ...] = ()
    _said: Span | None = None

    def hint(self, hints: tuple[tuple[str, str], ...]) -> None:
        """Show keys, each with what it does, while there is no status."""
        self._hints = hints
        self.repaint()

    def say(self, text: str, kind: str = "text") -> None:
        """Show *text* until :meth:`hush`."""
        self._said = Span(text, kind)
        self.repaint()

    def hush(self) -> None:
        """Show the keys again."""
        self._said = None
        self.repaint()

    def paint(self, width: int, height: int) -> Sequence[Row]:
        """Return the line, or a status in as many rows as it needs and may have."""
        if self._said is not None:
            return _said(self._said, width, min(height, ROWS_MAX))
        spans = []
        for key, what in _fitting(self._hints, width):
            spans += [Span(key, "key"), Span(f" {what}  ", "dim")]
        return [Row(cut(spans, width))]


def _said(said: Span, width: int, most: int) -> list[Row]:
    lines = list(wrapped(said.text, width)) if most > 1 else [said.text]
    if len(lines) > most:
        lines = [*lines[: most - 1], " ".join(lines[most - 1 :])]
    return [Row(cut([said._replace(text=line)], width)) for line in lines]


def _fitting(hints: tuple[tuple[str, str], ...], width: int) -> tuple[tuple[str, str], ...]:
    """Return as many of *hints* as fit whole, from the first; the one that is kept among them."""
    kept = [each for each in hints if each[0] == KEPT]
    room = width - sum(map(_columns, kept))
    for number, each in enumerate(hints):
        if each in kept:
            continue
        room -= _columns(each)
        if room < 0:
            return (*(one for one in hints[:number] if one not in kept), *kept)
    return hints


def _columns(hint: tuple[str, str]) -> int:
    return columns(hint[0]) + columns(hint[1]) + 3
