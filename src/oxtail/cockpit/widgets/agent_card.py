"""The card of the agent with the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.cockpit.shapes.card import card
from oxtail.cockpit.shapes.rows import Row, Span, row
from oxtail.cockpit.widgets.scrolled import Scrolled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.core.fleet import Fleet


class AgentCard(Scrolled):
    """Shows why an agent is in its state, what it waits for and what it owes."""

    _fleet: Fleet | None = None
    _key: str | None = None

    def show(self, fleet: Fleet | None, key: str | None) -> None:
        """Show the agent *key* of *fleet*."""
        if key != self._key:
            self.to_top()
        self._fleet, self._key = fleet, key
        self.repaint()

    def lines(self, width: int) -> Sequence[Row]:
        """Return the card."""
        agent = self._fleet.agent(self._key) if self._fleet and self._key else None
        if self._fleet is None or agent is None:
            return [row(Span("no agent is selected", "dim"))]
        return card(self._fleet, agent, width)
