"""The dock strip: counts, one line per agent, keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.cockpit.messages import AgentPicked
from oxtail.cockpit.shapes.strip import header, strip
from oxtail.cockpit.shapes.view import View
from oxtail.cockpit.widgets.painted import Painted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

    from oxtail.cockpit.shapes.rows import Row
    from oxtail.core.fleet import Fleet


class DockStrip(Painted, can_focus=True):
    """Shows a fleet in as few lines as there are."""

    _fleet: Fleet | None = None
    _view: View = View()
    _now: float = 0.0
    _top = 0

    def show(self, fleet: Fleet | None, view: View, now: float) -> None:
        """Show *fleet* as it was seen, at the time *now*."""
        self._fleet, self._view, self._now = fleet, view, now
        self.repaint()

    def paint(self, width: int, height: int) -> Sequence[Row]:
        """Return the header and the agents around the cursor."""
        if height <= 0:
            return []
        rows = [header(self._fleet, self._now, width, self._view.order)]
        if self._fleet is not None and height > 1:
            shown, self._top = strip(self._fleet, self._view, width, height - 1, self._top)
            rows += shown
        return rows[:height]

    def on_click(self, event: events.Click) -> None:
        """Pick the agent under the pointer."""
        row = self.row_at(event.y)
        if row and row.key:
            self.post_message(AgentPicked(row.key))
