"""What a person can do to a fleet from the cockpit, as a port; its screens know nothing else of it.

The rule: each of these may take seconds or minutes and is called in a thread of its own.  They
raise nothing but errors of :mod:`oxtail.errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.app.lifecycle.plans import Aim, Described
    from oxtail.app.lifecycle.report import Event, Report
    from oxtail.core.fleet_agent import Agent
    from oxtail.core.fleet_plan import Plan
    from oxtail.core.fleet_spec import FleetSpec

APPLY: Final = "apply"
"""Spawn where there is no tmux session of the fleet, else sync."""


class Preview(Value):
    """What a run would do, for a person to confirm: what it is about, and its plan."""

    aim: Aim
    plan: Plan


class Life(Protocol):
    """The life of fleets; *agent* is the one that was selected, or None for the own project."""

    def described(self, agent: Agent | None) -> Described:
        """Return what the project of *agent* says that its fleet is to be."""

    def save(self, root: str, spec: FleetSpec) -> str:
        """Write *spec* into the file of the project at *root*; return its path."""

    def preview(self, verb: str, agent: Agent | None, spec: FleetSpec | None) -> Preview:
        """Return what *verb*, or :data:`APPLY`, would do; *spec* stands for what the file says."""

    def run(
        self,
        preview: Preview,
        progress: Callable[[Event], None],
        canceled: Callable[[], bool],
    ) -> Report:
        """Do what was confirmed, and only that."""
