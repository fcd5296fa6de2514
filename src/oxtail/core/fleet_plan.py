"""What a run of the life cycle will do, step by step, made before anything is done.

Belongs here: deciding, from what tmux shows, what is added, kept, restarted, removed and left.
Never here: doing it.  The rules: only panes of the fleet are restarted or removed; and a run acts
only on steps that were in the plan that a person confirmed, as :func:`confirmed` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from oxtail.core.fleet_panes import (
    WHY,
    Change,
    FleetPane,
    Place,
    changes,
    find_fleet,
    of_session,
    part,
)
from oxtail.core.plain import plain
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from oxtail.core.fleet_spec import FleetSpec, WindowSpec

ADD: Final = "add"
KEEP: Final = "keep"
RESTART: Final = "restart"
REMOVE: Final = "remove"
LEAVE: Final = "leave"
"""What a step does: make and launch, look after, end and launch, end, and nothing."""

SPAWN: Final = "spawn"
SYNC: Final = "sync"
RESET: Final = "reset"
TEARDOWN: Final = "teardown"
KILL: Final = "kill"

SESSION_EXISTS: Final = "session-exists"
NO_WINDOW: Final = "no-window"
SEVERAL_WINDOWS: Final = "several-windows"
FOREIGN_PANES: Final = "foreign-panes"
LAST_WINDOW: Final = "last-window"
STRAY: Final = "stray"
FOREIGN: Final = "foreign"
STRIP: Final = "dock"

REASONS: Final = {
    **WHY,
    SESSION_EXISTS: "a tmux session of this name is there already",
    NO_WINDOW: "the fleet has no such window",
    SEVERAL_WINDOWS: "the fleet has several windows of this name; name the pane",
    FOREIGN_PANES: "other panes, which are not the fleet's, share the window",
    LAST_WINDOW: "it is the last window of its tmux session",
    STRAY: "the fleet's, and in no window that its file has",
    FOREIGN: "not the fleet's",
    STRIP: "a strip of the cockpit",
}

NAME_MAX_CHARS: Final = 60


class Step(Value):
    """One thing that a run does, or leaves alone.

    Attributes:
        do: ``add``, ``keep``, ``restart``, ``remove`` or ``leave``.
        window: Name of the window; text of others.
        pane: Its pane as it was seen, or None for one that is to be made.
        spec: What is to run there, or None.
        changes: In what it differs from how it was launched.
        why: A code: why it is left, or what it is.
    """

    do: str
    window: str
    pane: FleetPane | None = None
    spec: WindowSpec | None = None
    changes: tuple[Change, ...] = ()
    why: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "do": self.do,
            "window": plain(self.window, NAME_MAX_CHARS),
            "pane_id": self.pane.pane_id if self.pane else None,
            "window_id": self.pane.window_id if self.pane else None,
            "agent": self.spec.agent if self.spec else None,
            "spec": self.spec.as_dict() if self.spec else None,
            "changes": [change._asdict() for change in self.changes],
            "why": self.why or None,
        }


class Plan(Value):
    """What a run does.

    Attributes:
        verb: ``spawn``, ``sync``, ``reset``, ``teardown`` or ``kill``.
        session: The exact name of the tmux session.
        root: The real path of the project.
        fleet_id: The fleet, or an empty text for one that is not there yet.
        steps: In the order in which they are taken.
        refusal: A code: why nothing may be done; see :data:`REASONS`.
    """

    verb: str
    session: str
    root: str
    fleet_id: str
    steps: tuple[Step, ...]
    refusal: str = ""

    def to(self, *does: str) -> tuple[Step, ...]:
        """Return the steps that do one of these."""
        return tuple(step for step in self.steps if step.do in does)

    @property
    def destroys(self) -> bool:
        """Whether something that runs is ended."""
        return bool(self.to(RESTART, REMOVE))

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return not self.to(ADD, KEEP, RESTART, REMOVE)

    def as_dict(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "verb": self.verb,
            "session": self.session,
            "project_root": self.root,
            "fleet_id": self.fleet_id or None,
            "refusal": self.refusal or None,
            "steps": [step.as_dict() for step in self.steps],
        }


def plan_spawn(spec: FleetSpec, panes: Iterable[FleetPane], place: Place, root: str) -> Plan:
    """Return how a new fleet is made; refused where a session of its name is there."""
    steps = tuple(Step(ADD, window.name, spec=window) for window in spec.windows)
    refusal = SESSION_EXISTS if of_session(panes, place.session) else ""
    return Plan(SPAWN, place.session, root, "", steps, refusal)


def plan_sync(
    spec: FleetSpec,
    panes: Iterable[FleetPane],
    place: Place,
    root: str,
    *,
    apply: bool = False,
) -> Plan:
    """Return how a fleet comes to be what *spec* says.

    Missing windows are added, those that are there are looked after, own panes that *spec* does not
    know are removed.  A window whose settings have changed is kept as it runs, and restarted only
    if *apply* says so.
    """
    seen = tuple(panes)
    fleet_id, refusal = find_fleet(seen, place)
    if refusal:
        return Plan(SYNC, place.session, root, "", (), refusal)
    parts = part(spec, of_session(seen, place.session), fleet_id)
    steps = [Step(ADD, window.name, spec=window) for window in parts.missing]
    for window, pane in parts.targets:
        found = changes(window, pane.launch)
        do = RESTART if found and apply else KEEP
        steps.append(Step(do, window.name, pane, window, found))
    steps += [Step(REMOVE, pane.window, pane, why=STRAY) for pane in parts.stray]
    steps += [_left(pane) for pane in parts.survivors]
    return Plan(SYNC, place.session, root, fleet_id, tuple(steps))


def plan_reset(spec: FleetSpec, panes: Iterable[FleetPane], place: Place, root: str) -> Plan:
    """Return how all windows of a fleet are ended and launched anew; strays are left alone."""
    seen = tuple(panes)
    fleet_id, refusal = find_fleet(seen, place)
    if refusal:
        return Plan(RESET, place.session, root, "", (), refusal)
    parts = part(spec, of_session(seen, place.session), fleet_id)
    steps = [
        Step(RESTART, window.name, pane, window, changes(window, pane.launch))
        for window, pane in parts.targets
    ]
    steps += [Step(ADD, window.name, spec=window) for window in parts.missing]
    steps += [Step(LEAVE, pane.window, pane, why=STRAY) for pane in parts.stray]
    steps += [_left(pane) for pane in parts.survivors]
    return Plan(RESET, place.session, root, fleet_id, tuple(steps))


def plan_teardown(panes: Iterable[FleetPane], place: Place, root: str) -> Plan:
    """Return how a fleet is ended: window by window, none that is shared with foreign panes."""
    seen = tuple(panes)
    fleet_id, refusal = find_fleet(seen, place)
    if refusal:
        return Plan(TEARDOWN, place.session, root, "", (), refusal)
    here = of_session(seen, place.session)
    steps = []
    for pane in here:
        if not pane.belongs(fleet_id):
            if not pane.dock or not _is_own_window(here, pane, fleet_id):
                steps.append(_left(pane))
        elif _foreign(here, pane, fleet_id):
            steps.append(Step(LEAVE, pane.window, pane, why=FOREIGN_PANES))
        else:
            steps.append(Step(REMOVE, pane.window, pane))
    return Plan(TEARDOWN, place.session, root, fleet_id, tuple(steps))


def plan_kill(panes: Iterable[FleetPane], place: Place, root: str, window: str) -> Plan:
    """Return how one window of a fleet is ended.

    Args:
        panes: All panes.
        place: Where the fleet is.
        root: The project.
        window: The name of the window, or the id of its pane.
    """
    seen = tuple(panes)
    fleet_id, refusal = find_fleet(seen, place)
    if refusal:
        return Plan(KILL, place.session, root, "", (), refusal)
    here = of_session(seen, place.session)
    found = [
        pane for pane in here if pane.belongs(fleet_id) and window in (pane.window, pane.pane_id)
    ]
    windows = {pane.window_id for pane in found}
    if len(windows) != 1:
        refusal = SEVERAL_WINDOWS if windows else NO_WINDOW
    elif len({pane.window_id for pane in here}) == 1:
        refusal = LAST_WINDOW
    elif _foreign(here, found[0], fleet_id):
        refusal = FOREIGN_PANES
    own = [pane for pane in here if pane.belongs(fleet_id) and pane.window_id in windows]
    steps = () if refusal else tuple(Step(REMOVE, pane.window, pane) for pane in own)
    return Plan(KILL, place.session, root, fleet_id, steps, refusal)


def docks_of(here: Iterable[FleetPane], window_id: str) -> tuple[FleetPane, ...]:
    """Return the strips in one window."""
    return tuple(pane for pane in here if pane.dock and pane.window_id == window_id)


def is_shared(here: Iterable[FleetPane], pane: FleetPane, fleet_id: str) -> bool:
    """Tell whether the window of *pane* holds a pane that is neither the fleet's nor a strip."""
    return any(_foreign(here, pane, fleet_id))


def _foreign(here: Iterable[FleetPane], pane: FleetPane, fleet_id: str) -> list[FleetPane]:
    return [
        other
        for other in here
        if other.window_id == pane.window_id and not other.dock and not other.belongs(fleet_id)
    ]


def _is_own_window(here: Sequence[FleetPane], pane: FleetPane, fleet_id: str) -> bool:
    own = any(other.belongs(fleet_id) for other in here if other.window_id == pane.window_id)
    return own and not _foreign(here, pane, fleet_id)


def _left(pane: FleetPane) -> Step:
    return Step(LEAVE, pane.window, pane, why=STRIP if pane.dock else FOREIGN)


class Confirmed(Value):
    """What a run may do, of two plans.

    Attributes:
        plan: The steps that are in both.
        new: Steps that came up after the plan was confirmed; they are not taken.
        gone: Steps that were confirmed and have nothing to act on any more.
    """

    plan: Plan
    new: tuple[Step, ...]
    gone: tuple[Step, ...]


def _key(step: Step) -> tuple[object, ...]:
    pane = step.pane
    where = (pane.pane_id, pane.window_id, pane.session_id) if pane else None
    return step.do, step.window, where, step.spec


def confirmed(plan: Plan, now: Plan) -> Confirmed:
    """Return what may be done of *now*, the plan of this moment, after *plan* was confirmed.

    A plan that names another session, project or fleet confirms nothing.
    """
    same = (plan.verb, plan.session, plan.root, plan.fleet_id) == (
        now.verb,
        now.session,
        now.root,
        now.fleet_id,
    )
    listed = {_key(step) for step in plan.steps} if same else set()
    current = {_key(step) for step in now.steps}
    return Confirmed(
        now._replace(steps=tuple(step for step in now.steps if _key(step) in listed)),
        tuple(step for step in now.steps if step.do != LEAVE and _key(step) not in listed),
        tuple(step for step in plan.steps if step.do != LEAVE and _key(step) not in current),
    )
