"""What a fleet is to be, asked and carried out before its session is docked.

The rule: the screens are those of the cockpit; this says what comes after which.  Who leaves the
editor has started nothing.
"""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Final

from oxtail.cockpit.crash import QuietApp
from oxtail.cockpit.life import APPLY
from oxtail.cockpit.screens.fleet_editor import FleetEditorScreen
from oxtail.cockpit.screens.fleet_plan import FleetPlanScreen
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.app.lifecycle.plans import Aim
    from oxtail.app.lifecycle.report import Report
    from oxtail.cockpit.life import Life, Preview
    from oxtail.core.fleet_spec import FleetSpec

SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


class Begun(Value):
    """What a person has begun: which fleet it is, and what has come of that.

    Attributes:
        aim: The fleet.
        report: What was done; None where its session was there and had all of it.
    """

    aim: Aim
    report: Report | None


class FleetFirst(QuietApp["Begun | None"]):
    """Lets a person edit a fleet and start it; returns what was begun, or None for nothing.

    Args:
        life: Reads, writes and starts it.
        trace: Told of faults.
    """

    CSS_PATH = "cockpit.tcss"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, life: Life, trace: Callable[..., None]) -> None:
        super().__init__(trace)
        self._life = life

    def on_mount(self) -> None:
        """Begin with what the project says."""
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self.exit)
        self._edit(None)

    def _edit(self, spec: FleetSpec | None) -> None:
        def then(edited: FleetSpec | None) -> None:
            if edited is None:
                self.exit(None)
            else:
                self._plan(edited)

        self.push_screen(FleetEditorScreen(self._life, None, spec), then)

    def _plan(self, spec: FleetSpec) -> None:
        def look() -> Preview:
            return self._life.preview(APPLY, None, spec)

        def ended() -> None:
            if screen.report and screen.report.ok:
                screen.dismiss(None)  # there is nothing to read that the session does not show

        def then(_: str | None) -> None:
            preview, report = screen.preview, screen.report
            is_there = preview is not None and preview.plan.idle and not preview.plan.refusal
            if preview and (report or is_there):
                self.exit(Begun(preview.aim, report))
            else:
                self._edit(spec)

        screen = FleetPlanScreen(self._life, look, ended, onward="goes on")
        self.push_screen(screen, then)
