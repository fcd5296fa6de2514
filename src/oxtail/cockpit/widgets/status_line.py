"""The last line: the keys, or what has come of the last action for a few seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.cockpit.shapes.rows import Row, Span, cut
from oxtail.cockpit.widgets.painted import Painted

if TYPE_CHECKING:
    from collections.abc import Sequence


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

    def paint(self, width: int, height: int) -> Sequence[Row]:  # noqa: ARG002 - it is one line
        """Return the line."""
        if self._said is not None:
            return [Row(cut([self._said], width))]
        spans = []
        for key, what in self._hints:
            spans += [Span(key, "key"), Span(f" {what}  ", "dim")]
        return [Row(cut(spans, width))]
