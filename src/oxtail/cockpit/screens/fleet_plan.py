"""A plan of what is done to a fleet: shown, confirmed by one key, carried out, and told.

The rule: nothing is done but what is shown.  All work is done in a thread; the screen stays alive,
and leaving it while a run goes on is not possible, so that nobody loses what has come of it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from oxtail.cockpit.messages import PlanMade, RunEnded, RunFailed, WindowTold
from oxtail.cockpit.shapes.life import confirm_key, plan_keys, plan_rows
from oxtail.cockpit.shapes.rows import Row, Span, cut, row
from oxtail.cockpit.widgets.scrolled import Scrolled
from oxtail.cockpit.widgets.status_line import StatusLine
from oxtail.core.fleet_plan import KILL
from oxtail.core.plain import plain
from oxtail.errors import OxtailError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from oxtail.app.lifecycle.report import Event, Report
    from oxtail.cockpit.life import Life, Preview

EDIT = "edit"
"""What the screen is dismissed with where the person wants to edit the fleet."""


class PlanRows(Scrolled):
    """Shows the plan."""

    preview: Preview | None = None
    report: Report | None = None
    problem = ""
    begun = False

    def __init__(self, *, id: str) -> None:  # noqa: A002 - as every widget
        super().__init__(id=id)
        self.seen: dict[str, Event] = {}

    def lines(self, width: int) -> Sequence[Row]:
        """Return the plan with what is known by now."""
        rows: list[Row] = []
        if self.preview:
            rows += plan_rows(
                self.report.plan if self.report else self.preview.plan,
                self.seen,
                self.report,
                width,
                begun=self.begun,
            )
        if self.problem:
            rows.append(Row(cut(row(Span(plain(self.problem, 500), "bad")).spans, width)))
        return rows


class FleetPlanScreen(ModalScreen[str | None]):
    """Shows what would be done and does it once it is confirmed.

    Args:
        life: Carries it out.
        look: Makes the plan.
        ended: Called once a run has ended, in the loop.
        onward: What any key does after that, in words.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "app.quit", show=False, priority=True),
    ]

    def __init__(
        self,
        life: Life,
        look: Callable[[], Preview],
        ended: Callable[[], None],
        *,
        onward: str = "goes back",
    ) -> None:
        super().__init__()
        self._onward = onward
        self._life = life
        self._look = look
        self._ended = ended
        self._stop = threading.Event()
        self._rows = PlanRows(id="plan")
        self._keys = StatusLine(id="plan-keys")

    def compose(self) -> ComposeResult:
        """Make the parts."""
        with Vertical(id="life"):
            yield self._rows
            yield self._keys

    def on_mount(self) -> None:
        """Make the plan."""
        self._tell()
        self._rows.focus()
        self._in_thread(lambda: self.post_message(PlanMade(self._look())))

    def on_unmount(self) -> None:
        """Stop a run whose cockpit is quit; its lock is freed and the rest left undone."""
        self._stop.set()

    @property
    def preview(self) -> Preview | None:
        """What was shown to be confirmed, once that was made."""
        return self._rows.preview

    @property
    def report(self) -> Report | None:
        """What has come of it, once it has ended."""
        return self._rows.report

    @property
    def _is_over(self) -> bool:
        return self._rows.report is not None or bool(self._rows.problem)

    def _in_thread(self, work: Callable[[], object], *, lasts: bool = False) -> None:
        def carry_out() -> None:
            try:
                work()
            except OxtailError as error:
                self.post_message(RunFailed(f"{error.message} [{error.code}]"))
            except OSError as error:
                self.post_message(RunFailed(f"not done: {error.strerror or error}"))

        # A run outlives the screen until its step has ended, so that it frees its lock.
        threading.Thread(target=carry_out, name="oxtail-life", daemon=not lasts).start()

    def _tell(self) -> None:
        rows = self._rows
        text = plan_keys(
            rows.preview.plan if rows.preview else None,
            begun=rows.begun,
            ended=self._is_over,
            stopping=self._stop.is_set(),
            onward=self._onward,
        )
        if rows.problem:
            text = "any key goes back"
        self._keys.say(text, "you")
        rows.repaint()

    def on_plan_made(self, message: PlanMade) -> None:
        """Show the plan."""
        self._rows.preview = message.preview
        self._tell()

    def on_window_told(self, message: WindowTold) -> None:
        """Show what has happened."""
        self._rows.seen[message.event.window] = message.event
        self._tell()

    def on_run_ended(self, message: RunEnded) -> None:
        """Show what has come of it."""
        self._rows.report = message.report
        self._tell()
        self._ended()

    def on_run_failed(self, message: RunFailed) -> None:
        """Show what is in the way."""
        self._rows.problem = message.problem
        self._tell()
        self._ended()

    def on_key(self, event: events.Key) -> None:
        """Confirm, cancel, edit, or go back."""
        if event.key in ("up", "down", "pageup", "pagedown"):
            return
        event.stop()
        preview = self._rows.preview
        if self._is_over or preview is None:
            self.dismiss(None)
        elif self._rows.begun:
            if event.key in ("c", "escape"):
                self._stop.set()
                self._tell()
        elif event.key == confirm_key(preview.plan):
            self._begin(preview)
        elif event.key == "e" and preview.plan.verb != KILL:
            self.dismiss(EDIT)
        else:
            self.dismiss(None)

    def _begin(self, preview: Preview) -> None:
        self._rows.begun = True
        self._tell()

        def tell(event: Event) -> None:
            self.post_message(WindowTold(event))

        def work() -> None:
            report = self._life.run(preview, tell, self._stop.is_set)
            self.post_message(RunEnded(report))

        self._in_thread(work, lasts=True)
