"""The life of a fleet: its description, its windows, and what brings them up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from oxtail.core.fleet_panes import FleetPane
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


class Ground(Value):
    """What a pane is made for.

    Attributes:
        fleet_id: Its fleet.
        root: The real path of the project.
        key: Hash of that.
    """

    fleet_id: str
    root: str
    key: str


class Made(Value):
    """A window that was just made: its ids."""

    pane_id: str
    window_id: str
    session_id: str


class Workspace(Protocol):
    """The windows of the user's tmux server.

    What restarts or removes is handed a pane as it was seen, and does it only if, at the moment of
    acting, that very pane still runs the same process at the same place with the mark of the fleet.
    """

    def panes(self) -> tuple[FleetPane, ...]:
        """Return all panes with their marks; none where no server runs.

        Raises:
            PaneError: tmux answered with something else.
        """

    def create(self, session: str, window: str, place: Ground) -> Made:
        """Make a detached session of this name with one window, a shell in the project's folder.

        Raises:
            PaneError: there is one already, or tmux failed.
        """

    def add(self, session_id: str, window: str, place: Ground) -> Made:
        """Make a window in the session of this id, as :meth:`create`, and show another one still.

        Raises:
            PaneError: the session is gone, or tmux failed.
        """

    def launched(self, pane_id: str, fleet_id: str, record: str) -> None:
        """Mark a pane as launched in this fleet, in the way that *record* tells.

        Raises:
            PaneError: the pane is gone, or tmux failed.
        """

    def restart(self, pane: FleetPane, place: Ground) -> bool:
        """End what runs in *pane* and start a shell there; False if it is no longer as it was.

        Raises:
            PaneError: tmux failed.
        """

    def remove(self, pane: FleetPane, place: Ground, docks: Sequence[FleetPane] = ()) -> bool:
        """Close *pane*, then *docks*; False, and nothing closed, if *pane* is not as it was.

        Raises:
            PaneError: tmux failed.
        """


class Hold(Protocol):
    """A lock that is held."""

    def check(self) -> None:
        """Make sure that the lock was not taken over.

        Raises:
            FleetBusy: it was.
        """


class FleetLocks(Protocol):
    """One run of the life cycle at a time in a project, peers of all kinds included."""

    def holding(self, root: str) -> AbstractContextManager[Hold]:
        """Hold the lock of the project at *root* for the length of the block, however long.

        Raises:
            FleetBusy: somebody else holds it.
            StoreError: the disk refused.
        """


class FleetText(Value):
    """What describes the fleet of a project.

    Attributes:
        source: ``project``, ``folder`` (the state folder), or ``default``.
        path: The file; for the default the one that would be written.
        text: What it says, or None for the default.
    """

    source: str
    path: str
    text: str | None


class FleetFiles(Protocol):
    """The files that describe fleets."""

    def read(self, root: str) -> FleetText:
        """Return what describes the fleet of the project at *root*.

        Raises:
            FileTrouble: a file is there and cannot be read.
        """

    def write(self, root: str, make: Callable[[str], str]) -> str:
        """Replace the file of the project at *root*; return its path.

        Args:
            root: The project.
            make: Returns the new text from the present one, which is empty without a file.

        Raises:
            FileTrouble: it cannot be read or written; nothing was changed.
        """
