"""Bringing up what runs in a window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.core.fleet_spec import WindowSpec

UP: Final = "up"
HEALTHY: Final = "healthy"
FAILED: Final = "failed"
CANCELED: Final = "canceled"


class Site(Value):
    """Where a window is brought up.

    Attributes:
        pane_id: Its pane, which oxtail has made or launched into.
        session: Its tmux session; text of others.
        root: The real path of the project; the shell of the pane was started there.
        fleet_id: The fleet it belongs to.
        managed: Whether the pane is marked as launched in this fleet.
        made: Whether the pane is marked as made for this fleet.
    """

    pane_id: str
    session: str
    root: str
    fleet_id: str
    managed: bool
    made: bool


class Launch(Value):
    """What bringing up a window came to.

    Attributes:
        state: ``up``: launched, and proved; ``healthy``: it ran, and was left alone; ``failed``;
            ``canceled``.
        reason: A stable code for what failed.
        text: The same for people, on one line.
        screen: What the pane showed then, cleaned, at most 40 lines.
        session_id: The session that runs there, where that is known.
    """

    state: str
    reason: str = ""
    text: str = ""
    screen: str = ""
    session_id: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the window runs what it should."""
        return self.state in (UP, HEALTHY)


class BringUp(Protocol):
    """Brings up one window."""

    def __call__(
        self,
        window: WindowSpec,
        site: Site,
        *,
        progress: Callable[[str], None],
        canceled: Callable[[], bool],
    ) -> Launch:
        """Make sure that *window* runs in the pane of *site*, and leave alone what runs well.

        Args:
            window: What is to run.
            site: Where.
            progress: Told each step, in one plain line.
            canceled: Asked several times a second; ends the wait once it is true.

        Raises:
            PaneError: tmux failed.
        """
