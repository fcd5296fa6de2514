"""What the keys of the life cycle open: the editor, the plans, and the way between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.cockpit.actions import Done
from oxtail.cockpit.life import APPLY
from oxtail.cockpit.screens.fleet_editor import FleetEditorScreen
from oxtail.cockpit.screens.fleet_plan import EDIT, FleetPlanScreen
from oxtail.core.fleet_plan import KILL, RESET

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from textual.app import App

    from oxtail.cockpit.life import Life
    from oxtail.core.fleet_agent import Agent
    from oxtail.core.fleet_spec import FleetSpec


class LifeDesk:
    """Opens the screens of the life cycle.

    Args:
        app: Shows them.
        life: What they act with, or None where fleets cannot be changed.
        say: Shows a line for a few seconds.
        hurry: Has the fleet looked at again.
    """

    def __init__(
        self,
        app: App[Any],
        life: Life | None,
        say: Callable[[Done], None],
        hurry: Callable[[], None],
    ) -> None:
        self._app = app
        self._life = life
        self._say = say
        self._hurry = hurry

    def _ready(self) -> Life | None:
        if self._life is None:
            self._say(Done("this cockpit cannot change fleets", ok=False))
        return self._life

    def edit(self, agent: Agent | None, spec: FleetSpec | None = None) -> None:
        """Open the editor; what it applies is planned next."""
        if life := self._ready():
            self._app.push_screen(
                FleetEditorScreen(life, agent, spec),
                lambda edited: self._plan(APPLY, agent, edited) if edited else None,
            )

    def reset(self, agent: Agent | None) -> None:
        """Show what a reset of the fleet of *agent* would do."""
        if self._is_alive(agent):
            self._plan(RESET, agent, None)

    def kill(self, agent: Agent | None) -> None:
        """Show what closing the window of *agent* would do."""
        if self._is_alive(agent):
            self._plan(KILL, agent, None)

    def _is_alive(self, agent: Agent | None) -> bool:
        if agent is None:
            self._say(Done("no agent is selected", ok=False))
        elif agent.is_dead:
            # Its pane may be another agent's by now.
            self._say(Done(f"{agent.label} does not run, so it has no window", ok=False))
        else:
            return True
        return False

    def _plan(self, verb: str, agent: Agent | None, spec: FleetSpec | None) -> None:
        life = self._ready()
        if life is None:
            return
        screen = FleetPlanScreen(life, lambda: life.preview(verb, agent, spec), self._hurry)

        def then(answer: str | None) -> None:
            if answer == EDIT and verb == RESET:
                # The editor's fleet makes another preview; leaving it returns to this one.
                self._app.push_screen(
                    FleetEditorScreen(life, agent, spec),
                    lambda edited: self._plan(RESET, agent, edited or spec),
                )
            elif answer == EDIT:
                self.edit(agent, spec)

        self._app.push_screen(screen, then)
