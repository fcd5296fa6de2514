"""The table of the fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.cockpit.messages import AgentPicked, CursorMoved
from oxtail.cockpit.shapes.agents import table
from oxtail.cockpit.shapes.view import View
from oxtail.cockpit.widgets.painted import Painted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

    from oxtail.cockpit.shapes.rows import Row
    from oxtail.core.fleet import Fleet


class FleetTable(Painted, can_focus=True):
    """Shows one row per agent; of many only those around the cursor are made."""

    _fleet: Fleet | None = None
    _view: View = View()
    _top = 0

    def show(self, fleet: Fleet | None, view: View) -> None:
        """Show the agents of *fleet*."""
        self._fleet, self._view = fleet, view
        self.repaint()

    def paint(self, width: int, height: int) -> Sequence[Row]:
        """Return the rows around the cursor."""
        if self._fleet is None:
            return []
        rows, seen = table(self._fleet, self._view, width, height, self._top)
        self._top = seen.start
        return rows

    def on_click(self, event: events.Click) -> None:
        """Pick the agent under the pointer."""
        row = self.row_at(event.y)
        if row and row.key:
            self.post_message(AgentPicked(row.key))

    def on_mouse_scroll_down(self) -> None:
        """Move the cursor down."""
        self.post_message(CursorMoved(1, far=True))

    def on_mouse_scroll_up(self) -> None:
        """Move the cursor up."""
        self.post_message(CursorMoved(-1, far=True))
