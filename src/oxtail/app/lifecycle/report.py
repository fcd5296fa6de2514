"""What a run of the life cycle tells: while it goes on, and in the end.

Belongs here: the values and their codes.  Never here: doing anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from oxtail.core import fleet_plan
from oxtail.core.fleet_plan import REASONS
from oxtail.core.plain import plain
from oxtail.core.value import Value
from oxtail.ports.lifecycle import CANCELED, HEALTHY, UP

if TYPE_CHECKING:
    from oxtail.core.fleet_plan import Plan, Step

REMOVED: Final = "removed"
REFUSED: Final = "refused"
SKIPPED: Final = "skipped"
RUNNING: Final = "running"
"""States of a step, beside those of a launch; ``running`` is only ever told, never a result."""

OTHER_FLEET: Final = "other-fleet"
PANE_CHANGED: Final = "pane-changed"
ADD_FAILED: Final = "add-failed"
LOCK_LOST: Final = "lock-lost"
UNMARKED: Final = "unmarked"
TMUX_ERROR: Final = "tmux-error"

WHY: Final = {
    **REASONS,
    OTHER_FLEET: "another fleet is there than the one that was shown",
    PANE_CHANGED: "the pane is gone, or not as it was shown",
    ADD_FAILED: "a window could not be added, so none is removed",
    LOCK_LOST: "another run took the lock over",
    UNMARKED: "it runs, but could not be marked as the fleet's",
}

TEXT_MAX_CHARS: Final = 300


class Event(Value):
    """What is told while a run goes on: a window, what state it is in, and a line about it."""

    window: str
    state: str
    text: str = ""


class Row(Value):
    """What one step came to.

    Attributes:
        step: The step.
        state: ``up``, ``healthy``, ``removed``, ``failed``, ``refused``, ``skipped`` or
            ``canceled``.
        reason: A code for what was in the way, or an empty text.
        text: The same for people, on one line.
        screen: What the pane showed when it failed.
        session_id: The session that runs there, where that is known.
        pane_id: The pane.
    """

    step: Step
    state: str
    reason: str = ""
    text: str = ""
    screen: str = ""
    session_id: str | None = None
    pane_id: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the step was taken, and nothing is wrong."""
        return self.state in (UP, HEALTHY, REMOVED) and not self.reason

    def as_dict(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "do": self.step.do,
            "window": plain(self.step.window, fleet_plan.NAME_MAX_CHARS),
            "pane_id": self.pane_id,
            "state": self.state,
            "reason": self.reason or None,
            "text": self.text or None,
            "screen": self.screen or None,
            "session_id": self.session_id,
        }


class Report(Value):
    """What a run came to.

    Attributes:
        plan: What was done, or tried.
        rows: Its steps that act, in the order in which they were taken.
        new: What came up after the plan was confirmed, and was not touched.
        gone: What was confirmed and had nothing to act on any more.
    """

    plan: Plan
    rows: tuple[Row, ...]
    new: tuple[Step, ...] = ()
    gone: tuple[Step, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every step was taken."""
        return all(row.ok for row in self.rows)

    @property
    def canceled(self) -> bool:
        """Whether somebody ended it early."""
        return any(row.state == CANCELED for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "all_done": self.ok,
            "canceled": self.canceled,
            "rows": [row.as_dict() for row in self.rows],
            "new_since": [step.as_dict() for step in self.new],
            "gone_since": [step.as_dict() for step in self.gone],
        }
