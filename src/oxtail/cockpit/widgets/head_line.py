"""The first line: the fleet in numbers, and how old what is shown is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.cockpit.shapes.head import head
from oxtail.cockpit.widgets.painted import Painted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.cockpit.shapes.rows import Row
    from oxtail.core.fleet import Fleet


class HeadLine(Painted):
    """Shows the fleet in numbers and its age."""

    _fleet: Fleet | None = None
    _now: float = 0.0
    _looking_s: float | None = None
    _order = ""

    def show(
        self, fleet: Fleet | None, now: float, looking_s: float | None, order: str = ""
    ) -> None:
        """Show *fleet* as it was seen, at the time *now*; *order* is that of its agents."""
        self._fleet, self._now, self._looking_s = fleet, now, looking_s
        self._order = order
        self.repaint()

    def paint(self, width: int, height: int) -> Sequence[Row]:  # noqa: ARG002 - it is one line
        """Return the line."""
        line = head(self._fleet, self._now, width, looking_s=self._looking_s, order=self._order)
        return [line]
