"""What a person should look at, the worst first; no line where there is no agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.cockpit.shapes.head import attention
from oxtail.cockpit.widgets.painted import Painted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.cockpit.shapes.rows import Row
    from oxtail.core.fleet import Fleet


class AttentionLine(Painted):
    """Shows the remarks of a fleet."""

    _fleet: Fleet | None = None

    def show(self, fleet: Fleet | None) -> None:
        """Show the remarks of *fleet*."""
        self._fleet = fleet
        self.repaint()

    def paint(self, width: int, height: int) -> Sequence[Row]:  # noqa: ARG002 - as many as needed
        """Return the remarks."""
        return attention(self._fleet, width)
