"""The terminals of the person at the screen, as far as tmux has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from oxtail.core.jump import Scene, Spot, Terminal


class Terminals(Protocol):
    """Where the panes are, who looks at them, and going there."""

    def scene(self) -> Scene:
        """Return all panes and terminals; asks tmux once, and changes nothing.

        Raises:
            PaneError: tmux failed.
        """

    def show(self, spot: Spot, terminal: Terminal | None) -> None:
        """Make *spot* the active pane of its window and its window that of its session.

        With a *terminal*, that one shows the session from now on.

        Raises:
            PaneError: tmux failed; a part may be done.
        """
