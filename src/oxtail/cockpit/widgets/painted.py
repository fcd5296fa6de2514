"""What every part of the screen is: rows of spans, drawn line by line and only where they are seen.

The one place where words become cells.  Text reaches a terminal as plain text of one style, never
as markup, and without anything that could steer it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from oxtail.cockpit.shapes.rows import KINDS, Row, clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.style import Style
    from textual.geometry import Size


class Painted(Widget):
    """A widget that shows rows; what is derived from it says which."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"line--{kind}" for kind in KINDS}
    ALLOW_SELECT = False

    _rows: Sequence[Row] | None = None
    _painted_at: tuple[int, int] = (-1, -1)
    _rows_wanted = -1

    def paint(self, width: int, height: int) -> Sequence[Row]:
        """Return at most *height* rows of at most *width* columns."""
        raise NotImplementedError

    def rows(self) -> Sequence[Row]:
        """Return what is on the screen now."""
        size = (self.content_size.width, self.content_size.height)
        if self._rows is None or size != self._painted_at:
            self._rows, self._painted_at = self.paint(*size), size
        return self._rows

    def repaint(self) -> None:
        """Draw anew, and ask for another height where the rows need one."""
        self._rows = None
        wanted = self._height_wanted()
        self.refresh(layout=wanted != self._rows_wanted)
        self._rows_wanted = wanted

    def _height_wanted(self) -> int:
        if not self.styles.is_auto_height:
            return 0
        width = self.content_size.width or self.app.size.width
        return len(self.paint(width, self.app.size.height))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """Return how many rows there are, for a height that is automatic."""
        return len(self.paint(width, viewport.height))

    def render_line(self, y: int) -> Strip:
        """Return one line."""
        rows = self.rows()
        base = self.rich_style
        width = self.content_size.width
        if y >= len(rows):
            return Strip.blank(width, base)
        shown = rows[y]
        filler = self._style(base, "text", shown.is_chosen)
        segments = []
        for span in shown.spans:
            style = self._style(base, span.kind, shown.is_chosen)
            text = clean(span.text)
            # What is reversed ends with its words, and not with the blanks behind them.
            words = text.rstrip(" ") if style.reverse else text
            segments += [Segment(words, style), Segment(text[len(words) :], filler)]
        return Strip(segment for segment in segments if segment.text).adjust_cell_length(
            width, filler
        )

    def _style(self, base: Style, kind: str, chosen: bool) -> Style:
        style = base + self.get_component_rich_style(f"line--{kind}", partial=True)
        if chosen:
            style += self.get_component_rich_style("line--chosen", partial=True)
        return style

    def row_at(self, y: int) -> Row | None:
        """Return the row that is drawn on the line *y* of the content, if there is one."""
        rows = self.rows()
        return rows[y] if 0 <= y < len(rows) else None
