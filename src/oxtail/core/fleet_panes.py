"""Whose a tmux pane is, as far as fleets are concerned.

Belongs here: what the marks of a pane say, and which panes of a session are which windows of a
fleet.  Never here: tmux.  The rule: a pane is a fleet's own only by its mark.  Names, places and
what runs there are said by anybody, so they never make a pane ours.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from oxtail.core.fleet_spec import is_fleet_id
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from oxtail.core.fleet_spec import FleetSpec, WindowSpec

LAUNCH_MAX_CHARS: Final = 8_192
"""Longest record of a launch that is believed; the longest that oxtail writes has half of that."""

NO_SESSION: Final = "no-session"
NO_FLEET: Final = "no-fleet"
SEVERAL_FLEETS: Final = "several-fleets"
OTHER_PROJECT: Final = "other-project"

WHY: Final = {
    NO_SESSION: "there is no such tmux session",
    NO_FLEET: "the tmux session holds no pane of a fleet",
    SEVERAL_FLEETS: "the tmux session holds panes of several fleets",
    OTHER_PROJECT: "the tmux session belongs to another project",
}


class FleetPane(Value):
    """One pane, with its marks.

    Attributes:
        pane_id: ``%`` and a number; never used again while its tmux server lives.
        window_id: ``@`` and a number.
        session_id: ``$`` and a number.
        session: Name of its tmux session; text of others, as the next two.
        window: Name of its window.
        command: What has the pane's keys.
        window_index: Number of its window in the session.
        pane_pid: The process that it runs.
        session_path: Folder in which its session was made.
        managed: The fleet that was launched in it; the mark that npm peers know.
        made: The fleet that it was made for.
        root: Hash of the project that it was made for.
        dock: Whether it shows the strip of a cockpit.
        launch: How it was launched.
    """

    pane_id: str
    window_id: str
    session_id: str
    session: str
    window: str
    command: str = ""
    window_index: int = 0
    pane_pid: int = 0
    session_path: str = ""
    managed: str = ""
    made: str = ""
    root: str = ""
    dock: bool = False
    launch: str = ""

    @property
    def mark(self) -> str:
        """The fleet it is marked for, or an empty text."""
        return self.managed or self.made

    def belongs(self, fleet_id: str) -> bool:
        """Tell whether it is a window's pane of this fleet."""
        return bool(fleet_id) and self.mark == fleet_id and not self.dock


class Place(Value):
    """Where a fleet is looked for.

    Attributes:
        session: The exact name of its tmux session.
        root: Hash of the project.
        paths: Folders that count as the project, for sessions without such a hash.
    """

    session: str
    root: str
    paths: tuple[str, ...] = ()


def of_session(panes: Iterable[FleetPane], session: str) -> tuple[FleetPane, ...]:
    """Return the panes of the session of exactly this name, in the order of their windows."""
    found = [pane for pane in panes if pane.session == session]
    return tuple(sorted(found, key=lambda each: (each.window_index, _number(each.pane_id))))


def _number(pane_id: str) -> int:
    digits = pane_id[1:]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else 0


def find_fleet(panes: Iterable[FleetPane], place: Place) -> tuple[str, str]:
    """Return the id of the one fleet of *place*, and an empty text; or that and a reason.

    The reasons are the keys of :data:`WHY`.  A session may hold foreign panes; it must hold panes
    of one fleet, and these must not be known as another project's.
    """
    here = of_session(panes, place.session)
    if not here:
        return "", NO_SESSION
    marks = {pane.mark for pane in here if pane.mark and not pane.dock}
    if len(marks) > 1:
        return "", SEVERAL_FLEETS
    fleet_id = next(iter(marks), "")
    if not is_fleet_id(fleet_id):
        return "", NO_FLEET
    own = [pane for pane in here if pane.belongs(fleet_id)]
    roots = {pane.root for pane in own if pane.root}
    if roots:
        return (fleet_id, "") if roots == {place.root} else ("", OTHER_PROJECT)
    # npm peers leave no hash, and make the session in the folder of its project.
    return (fleet_id, "") if own[0].session_path in place.paths else ("", OTHER_PROJECT)


class Parts(Value):
    """The panes of a session, in terms of a fleet.

    Attributes:
        targets: Windows of the fleet, each with its pane.
        missing: Windows of the fleet without a pane.
        stray: Panes of the fleet that are no window of it, second panes of a window included.
        survivors: All others.
    """

    targets: tuple[tuple[WindowSpec, FleetPane], ...]
    missing: tuple[WindowSpec, ...]
    stray: tuple[FleetPane, ...]
    survivors: tuple[FleetPane, ...]


def part(spec: FleetSpec, here: Sequence[FleetPane], fleet_id: str) -> Parts:
    """Return the panes *here*, all of one session, in terms of the fleet *fleet_id*."""
    own = [pane for pane in here if pane.belongs(fleet_id)]
    # A pane in which something was launched goes before one that was only made.
    by_name: dict[str, FleetPane] = {}
    for pane in sorted(own, key=lambda each: not each.managed):
        by_name.setdefault(pane.window, pane)
    targets = [(window, by_name[window.name]) for window in spec.windows if window.name in by_name]
    taken = {pane.pane_id for _, pane in targets}
    return Parts(
        tuple(targets),
        tuple(window for window in spec.windows if window.name not in by_name),
        tuple(pane for pane in own if pane.pane_id not in taken),
        tuple(pane for pane in here if not pane.belongs(fleet_id)),
    )


class Change(Value):
    """A setting of a window that runs with another value."""

    name: str
    was: Any
    now: Any


def launch_record(window: WindowSpec) -> str:
    """Return how *window* is launched, as its pane keeps it."""
    return json.dumps(window.settings(), ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def changes(window: WindowSpec, record: str) -> tuple[Change, ...]:
    """Return in what *window* differs from how it was launched; nothing where that is unknown."""
    if not 0 < len(record) <= LAUNCH_MAX_CHARS:
        return ()
    try:
        was = json.loads(record)
    except ValueError:
        return ()
    if not isinstance(was, dict):
        return ()
    now = window.settings()
    return tuple(
        Change(name, was.get(name), now.get(name))
        for name in ("agent", "command", "model", "effort", "remoteControl")
        if was.get(name) != now.get(name)
    )
