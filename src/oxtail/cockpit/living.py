"""The life of fleets for the cockpit, carried out by :mod:`oxtail.app.lifecycle`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.app.lifecycle.agents import aim_at_fleet, aim_at_pane
from oxtail.app.lifecycle.plans import Aim, aim_at, described, plan, root_of
from oxtail.app.lifecycle.run import run
from oxtail.cockpit.life import APPLY, Preview
from oxtail.core.fleet_file import edited
from oxtail.core.fleet_plan import KILL, RESET, SESSION_EXISTS, SPAWN, SYNC
from oxtail.core.fleet_spec import session_name
from oxtail.errors import TargetNotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.app.context import Context
    from oxtail.app.lifecycle.plans import Described, Means
    from oxtail.app.lifecycle.report import Event, Report
    from oxtail.core.fleet_agent import Agent
    from oxtail.core.fleet_spec import FleetSpec


class MeansLife:
    """See :class:`oxtail.cockpit.life.Life`.

    Args:
        open_means: Makes what a run acts with.
        open_context: Makes a new context.
        folder: A folder of the project where no agent is selected.
    """

    def __init__(
        self, open_means: Callable[[], Means], open_context: Callable[[], Context], folder: str
    ) -> None:
        self._means = open_means
        self._context = open_context
        self._folder = folder

    def _folder_of(self, agent: Agent | None) -> str:
        return agent.cwd if agent else self._folder

    def described(self, agent: Agent | None) -> Described:
        """Return what a fleet is to be; see the port."""
        return described(self._means(), self._folder_of(agent))

    def save(self, root: str, spec: FleetSpec) -> str:
        """Write a fleet down; see the port."""
        files = self._means().files
        path = files.read(root).path
        return files.write(root, lambda text: edited(text, path, spec))

    def preview(self, verb: str, agent: Agent | None, spec: FleetSpec | None) -> Preview:
        """Return what would be done; see the port."""
        means = self._means()
        if verb in (KILL, RESET) and agent is None:
            raise TargetNotFound("No agent is selected.")
        if verb == KILL and agent:
            aim = aim_at_pane(means, self._context(), agent)
        elif verb == RESET and agent:
            aim = aim_at_fleet(means, self._context(), agent, spec)
        elif spec is not None:
            root = root_of(means, self._folder_of(agent))
            aim = Aim(root, session_name(spec.name), spec)
        else:
            aim = aim_at(means, self._folder_of(agent))
        if verb != APPLY:
            return Preview(aim, plan(means, verb, aim))
        first = plan(means, SPAWN, aim)
        if first.refusal == SESSION_EXISTS:
            first = plan(means, SYNC, aim)
        return Preview(aim, first)

    def run(
        self,
        preview: Preview,
        progress: Callable[[Event], None],
        canceled: Callable[[], bool],
    ) -> Report:
        """Do what was confirmed; see the port."""
        return run(self._means(), preview.aim, preview.plan, progress=progress, canceled=canceled)
