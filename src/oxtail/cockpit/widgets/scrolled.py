"""A part of the screen with more lines than it shows, and counts of those that are hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding

from oxtail.cockpit.shapes.rows import Row, Span, row
from oxtail.cockpit.widgets.painted import Painted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType


_END: Final = 1 << 40
"""Stands for the first line that is shown where the last one is to be seen."""


class Scrolled(Painted, can_focus=True):
    """Shows a part of its lines; the keys of scrolling move it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_lines(-1)", show=False),
        Binding("down", "scroll_lines(1)", show=False),
        Binding("pageup", "scroll_lines(-10)", show=False),
        Binding("pagedown,space", "scroll_lines(10)", show=False),
    ]

    _from = 0

    def lines(self, width: int) -> Sequence[Row]:
        """Return all lines."""
        raise NotImplementedError

    def paint(self, width: int, height: int) -> Sequence[Row]:
        """Return the lines that fit, and how many there are beyond them."""
        lines = self.lines(width)
        if len(lines) <= height or height < 2:
            self._from = 0
            return lines[:height]
        room = height - 1
        self._from = min(max(self._from, 0), len(lines) - room)
        above, below = self._from, len(lines) - self._from - room
        said = ", ".join(
            f"{count} more {where}"
            for count, where in ((above, "above"), (below, "below"))
            if count
        )
        way = "" if self.has_focus else "; Tab goes there"
        return [*lines[self._from : self._from + room], row(Span(f"  {said}{way}", "dim"))]

    def on_focus(self) -> None:
        """Say no more how one comes here."""
        self.repaint()

    def on_blur(self) -> None:
        """Say how one comes here."""
        self.repaint()

    def to_top(self) -> None:
        """Show the first line first."""
        self._from = 0

    def to_bottom(self) -> None:
        """Show the last line last."""
        self._from = _END

    def action_scroll_lines(self, by: int) -> None:
        """Move by so many lines."""
        self._from += by
        self.repaint()

    def on_mouse_scroll_down(self) -> None:
        """Move down."""
        self.action_scroll_lines(3)

    def on_mouse_scroll_up(self) -> None:
        """Move up."""
        self.action_scroll_lines(-3)
