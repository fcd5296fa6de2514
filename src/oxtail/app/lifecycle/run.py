"""Carrying out a plan, step by step, under the lock of the project.

The rules of this file:

* The plan is made again under the lock, and only what was confirmed and still holds is done.
* A pane is looked at again right before each act; tmux compares its marks once more in acting.
* A step that fails ends no other one, but nothing is removed after an addition failed.
* Whoever cancels is heard between steps and while a window comes up; the lock is then released.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oxtail.app.dock import weld_more
from oxtail.app.lifecycle.plans import plan as plan_now
from oxtail.app.lifecycle.report import (
    ADD_FAILED,
    LOCK_LOST,
    OTHER_FLEET,
    PANE_CHANGED,
    REFUSED,
    REMOVED,
    RUNNING,
    SKIPPED,
    TEXT_MAX_CHARS,
    TMUX_ERROR,
    UNMARKED,
    WHY,
    Event,
    Report,
    Row,
)
from oxtail.core import fleet_plan
from oxtail.core.fleet_errors import FleetBusy, FleetRefused
from oxtail.core.fleet_panes import launch_record, of_session
from oxtail.core.fleet_plan import ADD, KEEP, REMOVE, RESTART, confirmed
from oxtail.core.fleet_spec import fleet_id
from oxtail.core.names import hash32
from oxtail.core.plain import plain
from oxtail.errors import PaneError
from oxtail.ports.lifecycle import CANCELED, FAILED, UP, Ground, Launch, Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from oxtail.app.lifecycle.plans import Aim, Means
    from oxtail.core.fleet_panes import FleetPane
    from oxtail.core.fleet_plan import Plan, Step
    from oxtail.ports.lifecycle import Hold, Made


def _nothing(event: Event) -> None:
    """Tell nobody."""


def _never() -> bool:
    return False


def run(
    means: Means,
    aim: Aim,
    plan: Plan,
    *,
    progress: Callable[[Event], None] = _nothing,
    canceled: Callable[[], bool] = _never,
) -> Report:
    """Do what *plan*, made for *aim* and confirmed, says, and tell what came of it.

    Args:
        means: What to act with.
        aim: Which fleet.
        plan: What was confirmed.
        progress: Told what happens.
        canceled: Asked several times a second; once it is true, nothing new is begun.

    Raises:
        FleetRefused: the fleet is not there, or not as it was shown; nothing was changed.
        FleetBusy: another run is under way; nothing was changed.
        PaneError: tmux failed before anything was changed.
    """
    _check_refusal(plan.refusal)
    with means.locks.holding(aim.root) as hold:
        now = plan_now(means, plan.verb, aim)
        _check_refusal(now.refusal)
        if now.fleet_id != plan.fleet_id:
            _check_refusal(OTHER_FLEET)
        both = confirmed(plan, now)
        one = _Run(means, aim, both.plan, hold, progress, canceled)
        return Report(one.plan, one.run(), both.new, both.gone)


def _check_refusal(reason: str) -> None:
    if reason:
        raise FleetRefused(f"Nothing was changed: {WHY[reason]}.", reason=reason)


class _Run:
    """One run."""

    def __init__(
        self,
        means: Means,
        aim: Aim,
        plan: Plan,
        hold: Hold,
        progress: Callable[[Event], None],
        canceled: Callable[[], bool],
    ) -> None:
        name = aim.spec.name if aim.spec else aim.session
        if plan.verb == fleet_plan.SPAWN:
            plan = plan._replace(fleet_id=fleet_id(name, means.digits()))
        self.plan = plan
        self._means = means
        self._aim = aim
        self._hold = hold
        self._progress = progress
        self._canceled = canceled
        self._ground = Ground(plan.fleet_id, aim.root, hash32(aim.root))
        self._rows: list[Row] = []

    def run(self) -> tuple[Row, ...]:
        plan = self.plan
        if plan.verb == fleet_plan.RESET:
            self._restarts(plan.to(RESTART))
            self._adds(plan.to(ADD))
        else:
            added = self._adds(plan.to(ADD))
            for step in plan.to(KEEP):
                self._keep(step)
            self._restarts(plan.to(RESTART))
            self._removes(plan.to(REMOVE), may=added)
        if plan.verb != fleet_plan.SPAWN and plan.to(ADD):
            self._dock()
        return tuple(self._rows)

    def _dock(self) -> None:
        """Give added windows what the others have; without a strip a window is no worse."""
        dock = self._means.dock
        if dock is None or self._canceled():
            return
        try:
            done = weld_more(dock, self._aim.session, self._aim.root)
        except PaneError as error:
            self._progress(Event("", FAILED, plain(error.message, TEXT_MAX_CHARS)))
            return
        for window in done.windows if done else ():
            if window.state == "failed":
                self._progress(Event(window.name, FAILED, f"no strip: {window.text}"))

    def _done(self, step: Step, state: str, reason: str = "", text: str = "", **more: Any) -> Row:
        text = plain(text or WHY.get(reason, ""), TEXT_MAX_CHARS)
        pane_id = more.pop("pane_id", None) or (step.pane.pane_id if step.pane else None)
        row = Row(step, state, reason, text, pane_id=pane_id, **more)
        self._rows.append(row)
        self._progress(Event(step.window, state, text))
        return row

    def _stopped(self, step: Step) -> bool:
        """Tell whether nothing may be done any more, and that *step* is therefore not taken."""
        if self._canceled():
            self._done(step, CANCELED, CANCELED, "canceled before it began")
            return True
        try:
            self._hold.check()
        except FleetBusy:
            self._done(step, REFUSED, LOCK_LOST)
            return True
        return False

    def _failed(self, step: Step, error: PaneError) -> None:
        self._done(step, FAILED, TMUX_ERROR, error.message)

    def _adds(self, steps: Sequence[Step]) -> bool:
        """Make the windows, then bring them up; tell whether all are up."""
        ids: list[tuple[Step, Made]] = []
        session_id = self._session_id() if self.plan.verb != fleet_plan.SPAWN else None
        for step in steps:
            if self._stopped(step):
                continue
            self._progress(Event(step.window, RUNNING, "making its window"))
            try:
                if session_id is None:
                    made = self._means.workspace.create(
                        self._aim.session, step.window, self._ground
                    )
                    session_id = made.session_id
                else:
                    made = self._means.workspace.add(session_id, step.window, self._ground)
            except PaneError as error:
                self._failed(step, error)
            else:
                ids.append((step, made))
        rows = [self._bring_up(step, made.pane_id, made.window_id) for step, made in ids]
        return len(ids) == len(steps) and all(row.ok for row in rows)

    def _session_id(self) -> str | None:
        here = of_session(self._means.workspace.panes(), self._aim.session)
        own = (pane for pane in here if pane.belongs(self.plan.fleet_id))
        return next((pane.session_id for pane in own), None)

    def _now(self, pane_id: str, window_id: str) -> FleetPane | None:
        """Return the fleet's pane with these ids as it is now, or None."""
        for pane in self._means.workspace.panes():
            if pane.pane_id == pane_id:
                is_same = pane.window_id == window_id and pane.session == self._aim.session
                return pane if is_same and pane.belongs(self.plan.fleet_id) else None
        return None

    def _bring_up(self, step: Step, pane_id: str, window_id: str) -> Row:
        if self._stopped(step):
            return self._rows[-1]
        assert step.spec is not None
        try:
            pane = self._now(pane_id, window_id)
            if pane is None:
                return self._done(step, REFUSED, PANE_CHANGED, pane_id=pane_id)
            launch = self._launch(step, pane)
        except PaneError as error:
            launch, pane = Launch(FAILED, TMUX_ERROR, error.message), None
        reason, text = launch.reason, launch.text
        if launch.ok:
            reason = ""
            try:
                self._mark(step, pane, launch)
            except PaneError as error:
                reason, text = UNMARKED, f"{WHY[UNMARKED]}: {error.message}"
        elif not reason:
            reason = launch.state
        return self._done(
            step,
            launch.state,
            reason,
            text,
            screen=launch.screen,
            session_id=launch.session_id,
            pane_id=pane_id,
        )

    def _launch(self, step: Step, pane: FleetPane) -> Launch:
        assert step.spec is not None
        site = Site(
            pane_id=pane.pane_id,
            session=pane.session,
            root=self._aim.root,
            fleet_id=self.plan.fleet_id,
            managed=pane.managed == self.plan.fleet_id,
            made=pane.made == self.plan.fleet_id,
        )
        self._progress(Event(step.window, RUNNING, "bringing it up"))

        def tell(line: str) -> None:
            self._progress(Event(step.window, RUNNING, plain(line, TEXT_MAX_CHARS)))

        return self._means.bring_up(step.spec, site, progress=tell, canceled=self._canceled)

    def _mark(self, step: Step, pane: FleetPane | None, launch: Launch) -> None:
        """Mark what was launched; what was left as it ran keeps the record of its own launch."""
        assert pane is not None
        assert step.spec is not None
        if launch.state == UP or pane.managed != self.plan.fleet_id:
            self._means.workspace.launched(
                pane.pane_id, self.plan.fleet_id, launch_record(step.spec)
            )

    def _keep(self, step: Step) -> None:
        assert step.pane is not None
        self._bring_up(step, step.pane.pane_id, step.pane.window_id)

    def _restarts(self, steps: Sequence[Step]) -> None:
        """End what runs in the panes, all of them; then bring up those that were ended."""
        ended = [step for step in steps if self._restart(step)]
        for step in ended:
            self._keep(step)

    def _restart(self, step: Step) -> bool:
        pane = step.pane
        assert pane is not None
        if self._stopped(step):
            return False
        self._progress(Event(step.window, RUNNING, "ending what runs there"))
        try:
            if self._is_as_seen(pane) and self._means.workspace.restart(pane, self._ground):
                return True
        except PaneError as error:
            self._failed(step, error)
            return False
        self._done(step, REFUSED, PANE_CHANGED)
        return False

    def _is_as_seen(self, pane: FleetPane) -> bool:
        now = self._now(pane.pane_id, pane.window_id)
        return now is not None and (now.window, now.session, now.pane_pid) == (
            pane.window,
            pane.session,
            pane.pane_pid,
        )

    def _removes(self, steps: Iterable[Step], *, may: bool) -> None:
        own = self._means.own_pane
        for step in sorted(steps, key=lambda each: bool(each.pane and each.pane.pane_id == own)):
            if not may:
                self._done(step, SKIPPED, ADD_FAILED)
            elif not self._stopped(step):
                try:
                    self._remove(step)
                except PaneError as error:
                    self._failed(step, error)

    def _remove(self, step: Step) -> None:
        """Close one pane, and the strips of its window with the last one of the fleet in it."""
        pane, verb = step.pane, self.plan.verb
        assert pane is not None
        self._progress(Event(step.window, RUNNING, "closing it"))
        if not self._is_as_seen(pane):
            self._done(step, REFUSED, PANE_CHANGED)
            return
        here = of_session(self._means.workspace.panes(), self._aim.session)
        shared = fleet_plan.is_shared(here, pane, self.plan.fleet_id)
        if shared and verb != fleet_plan.SYNC:
            self._done(step, REFUSED, fleet_plan.FOREIGN_PANES)
            return
        windows = {each.window_id for each in here}
        if verb != fleet_plan.TEARDOWN and windows == {pane.window_id}:
            self._done(step, REFUSED, fleet_plan.LAST_WINDOW)
            return
        beside = [
            each
            for each in here
            if each.window_id == pane.window_id
            and each.pane_id != pane.pane_id
            and each.belongs(self.plan.fleet_id)
        ]
        docks = () if shared or beside else fleet_plan.docks_of(here, pane.window_id)
        if self._means.workspace.remove(pane, self._ground, docks):
            self._done(step, REMOVED)
        else:
            self._done(step, REFUSED, PANE_CHANGED)
