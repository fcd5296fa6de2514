"""Looking at a fleet and planning what is done to it; changes nothing and takes no lock.

A plan is what a person confirms; :mod:`oxtail.app.lifecycle.run` acts on it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from oxtail.core import fleet_plan
from oxtail.core.fleet_panes import Place
from oxtail.core.fleet_spec import FleetSpec, default_spec, read_spec, session_name
from oxtail.core.names import hash32
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.app.dock import Dock
    from oxtail.core.fleet_plan import Plan
    from oxtail.ports import Projects
    from oxtail.ports.lifecycle import BringUp, FleetFiles, FleetLocks, Workspace


class Means(Value):
    """What the life cycle acts with.

    Attributes:
        files: The files that describe fleets.
        workspace: The windows of tmux.
        locks: One run at a time.
        bring_up: Brings up one window.
        projects: Which project a folder belongs to.
        digits: Returns eight random hex digits.
        own_pane: The pane of this process, or None; it is closed last.
        dock: Docks windows that are added to a docked session, or None.
    """

    files: FleetFiles
    workspace: Workspace
    locks: FleetLocks
    bring_up: BringUp
    projects: Projects
    digits: Callable[[], str]
    own_pane: str | None = None
    dock: Dock | None = None


class Described(Value):
    """What a project says that its fleet is to be.

    Attributes:
        root: The real path of the project.
        source: ``project``, ``folder`` or ``default``; ``given`` for one that was handed in.
        path: The file that says it, or would.
        spec: The fleet.
    """

    root: str
    source: str
    path: str
    spec: FleetSpec


class Aim(Value):
    """Which fleet a run is about, and how.

    Attributes:
        root: The real path of the project.
        session: The exact name of the tmux session.
        spec: What it is to be; None where that does not matter.
        window: For a kill: the name of the window, or the id of its pane.
        apply: For a sync: restart windows whose settings have changed.
    """

    root: str
    session: str
    spec: FleetSpec | None = None
    window: str = ""
    apply: bool = False


def root_of(means: Means, folder: str) -> str:
    """Return the real path of the project of *folder*, which may lie deep inside it."""
    return means.projects.place(os.path.realpath(folder)).root


def described(means: Means, folder: str) -> Described:
    """Return what describes the fleet of the project of *folder*.

    Raises:
        FileTrouble: the file that counts cannot be read, or is no JSON.
        BadFleet: it breaks a rule; then no other one counts.
    """
    root = root_of(means, folder)
    text = means.files.read(root)
    if text.text is None:
        spec = default_spec(os.path.basename(root))
    else:
        spec = read_spec(text.text, text.path)
    return Described(root, text.source, text.path, spec)


def aim_at(means: Means, folder: str, *, session: str | None = None) -> Aim:
    """Return the aim of a run in the project of *folder*, as its file describes it.

    Raises:
        FileTrouble: see :func:`described`.
        BadFleet: see :func:`described`.
    """
    found = described(means, folder)
    return Aim(found.root, session or session_name(found.spec.name), found.spec)


def place_of(aim: Aim) -> Place:
    """Return where the fleet of *aim* is looked for."""
    root = os.path.realpath(aim.root)
    return Place(aim.session, hash32(root), tuple(dict.fromkeys((aim.root, root))))


def plan(means: Means, verb: str, aim: Aim) -> Plan:
    """Return what *verb* would do now; a plan that is refused says why.

    Raises:
        PaneError: tmux failed.
    """
    panes, place = means.workspace.panes(), place_of(aim)
    if verb == fleet_plan.TEARDOWN:
        return fleet_plan.plan_teardown(panes, place, aim.root)
    if verb == fleet_plan.KILL:
        return fleet_plan.plan_kill(panes, place, aim.root, aim.window)
    assert aim.spec is not None
    if verb == fleet_plan.SPAWN:
        return fleet_plan.plan_spawn(aim.spec, panes, place, aim.root)
    if verb == fleet_plan.RESET:
        return fleet_plan.plan_reset(aim.spec, panes, place, aim.root)
    return fleet_plan.plan_sync(aim.spec, panes, place, aim.root, apply=aim.apply)
