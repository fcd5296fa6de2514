"""Who waits for whom, deadlocks first, with what is wrong and what could not be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.cockpit.shapes.head import waiting
from oxtail.cockpit.widgets.painted import Painted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.cockpit.shapes.rows import Row
    from oxtail.core.fleet import Fleet

ROWS_MAX: Final = 16
SHARE: Final = 3
"""It takes one row in so many of the screen, more where the table leaves some, and at most that."""

SHORT_ROWS: Final = 20
"""On a lower screen it takes what the table leaves: the agents' own rows say the same, and more."""


class Waits(Painted):
    """Shows the waits, the trouble and the warnings of a fleet."""

    _fleet: Fleet | None = None
    _spare = 0

    def show(self, fleet: Fleet | None, spare: int) -> None:
        """Show the waits of *fleet*; *spare* rows are used by nobody else."""
        self._fleet, self._spare = fleet, spare
        self.repaint()

    def paint(self, width: int, height: int) -> Sequence[Row]:  # noqa: ARG002 - a share of the screen
        """Return the blocks."""
        rows = self.app.size.height
        room = self._spare if rows < SHORT_ROWS else max(self._spare, rows // SHARE)
        return waiting(self._fleet, width, min(ROWS_MAX, room))
