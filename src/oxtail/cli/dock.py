"""``oxtail dock``: the fleet in tmux, with a strip of the cockpit in each window."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from oxtail.app.dock import Weld, plan_weld, weld
from oxtail.app.lifecycle.plans import Aim, described, place_of
from oxtail.app.lifecycle.plans import plan as plan_of
from oxtail.app.lifecycle.run import run as carry_out
from oxtail.cli.cockpit import MISSING, fleet_first
from oxtail.cli.output import Outcome, Output, one_line
from oxtail.cli.stop import stoppable
from oxtail.config import from_env
from oxtail.core.fleet_errors import FleetRefused
from oxtail.core.fleet_panes import OTHER_PROJECT, find_fleet
from oxtail.core.fleet_plan import ADD, REASONS, SPAWN
from oxtail.core.fleet_spec import session_name
from oxtail.core.launch import words_of
from oxtail.core.plain import plain
from oxtail.errors import ExtraMissing, UsageError
from oxtail.wiring import dock, lifecycle

if TYPE_CHECKING:
    from oxtail.app.lifecycle.report import Event, Report
    from oxtail.cli.parser import Options
    from oxtail.core.dock import DockSession
    from oxtail.core.fleet_plan import Plan

REUSE: Final = "reuse"
SHELL: Final = "shell"
"""What becomes of the session, beside ``spawn``: it is there, or it is made with a shell."""

ATTACHED: Final = "attached"
SWITCHED: Final = "switched"
NOT_SHOWN: Final = "not-shown"


class _Assembly:
    """One run of the verb."""

    def __init__(self, options: Options, output: Output) -> None:
        settings = from_env(os.environ)
        self.options, self.output = options, output
        self.means = lifecycle(settings)
        self.found = described(self.means, options.project or os.getcwd())
        self.aim = Aim(
            self.found.root, options.session or session_name(self.found.spec.name), self.found.spec
        )
        self.dock = dock(settings)
        self.strips = self.dock.strips
        self.has_terminal = not output.as_json and _is_terminal(0) and _is_terminal(1)
        self.is_inside = bool(settings.environ.get("TMUX"))

    def session(self) -> DockSession | None:
        """Return the session.

        Raises:
            FleetRefused: another project's fleet is in it.
        """
        session = self.strips.session(self.aim.session)
        if session:
            _, reason = find_fleet(self.means.workspace.panes(), place_of(self.aim))
            if reason == OTHER_PROJECT:
                raise FleetRefused(f"{REASONS[reason]}; name one with --session", reason=reason)
        return session

    def action(self, session: DockSession | None) -> str:
        """Return what becomes of the session."""
        if session:
            return REUSE
        is_wanted = self.options.spawn or self.found.source != "default"
        return SPAWN if is_wanted and not self.options.no_spawn else SHELL

    def spawn_plan(self) -> Plan:
        plan = plan_of(self.means, SPAWN, self.aim)
        if plan.refusal:
            raise FleetRefused(REASONS[plan.refusal], reason=plan.refusal)
        return plan

    def asks(self, session: DockSession | None) -> bool:
        """Tell whether a person is to see the fleet first, and to say whether it is started."""
        options = self.options
        is_said = options.yes or options.session or options.no_spawn
        return session is None and self.has_terminal and not is_said

    def spawn(self, plan: Plan) -> Report:
        with stoppable() as canceled:
            return carry_out(
                self.means, self.aim, plan, progress=self._tell, canceled=canceled
            )  # fmt: skip

    def _tell(self, event: Event) -> None:
        if not self.output.as_json:
            text = f"{plain(event.window, 60)}: {plain(event.text, 200) or event.state}"
            self.output.remark(text)

    def weld(self, session: DockSession) -> Weld:
        columns, rows = _size()
        size = (columns, rows) if self.has_terminal and columns and rows else None
        return weld(self.dock, session, self.found.root, rows=self.options.rows, size=size)

    def show(self, done: Weld) -> str:
        """Show the session where that is possible; return what was done."""
        session_id = done.session.session_id
        if self.has_terminal and done.windows and any(w.state == "added" for w in done.windows):
            self.strips.show(done.session.windows[0].window_id)
        if not self.has_terminal:
            return NOT_SHOWN
        if not self.is_inside:
            self.strips.attach(session_id)
            return ATTACHED
        self.strips.switch(session_id)
        for window in done.windows:
            if window.state == "added" and window.pane_id:
                self.strips.pin(window.pane_id, self.options.rows)
        return SWITCHED


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def _size() -> tuple[int, int]:
    """Return columns and rows of this terminal; 0 where it does not tell."""
    try:
        # The variables COLUMNS and LINES may tell of another terminal.
        return os.get_terminal_size(1)
    except OSError:
        return 0, 0


def _fleet_lines(plan: Plan) -> list[str]:
    """Return what is run in each window, so that a person knows what they agree to."""
    return [
        one_line(f"{step.window}: {plain(' '.join(words_of(step.spec, plan.session)), 160)}")
        for step in plan.to(ADD)
        if step.spec
    ]


def _weld_lines(done: Weld) -> list[str]:
    says = {"add": "would get a strip", "added": "has a strip now", "kept": "has a strip"}
    lines = [
        f"  {window.name}: {says.get(window.state) or 'could not be docked: ' + window.text}"
        for window in done.windows
    ]
    return [*lines, *([f"  {done.flip.warning}"] if done.flip.warning else [])]


def _preview(one: _Assembly) -> Outcome:
    """Tell what would be done."""
    session = one.session()
    action = one.action(session)
    members: dict[str, Any] = {
        "schema_version": 1,
        "dry_run": True,
        "action": action,
        "session": one.aim.session,
    }
    lines = [f"would use the tmux session {one_line(one.aim.session)}"]
    if session:
        done = plan_weld(one.dock, session)
        members.update(done.as_dict())
        lines += _weld_lines(done)
    elif action == SPAWN:
        plan = one.spawn_plan()
        members["steps"] = [step.as_dict() for step in plan.steps]
        lines = [f"would start the fleet in a new tmux session {one_line(one.aim.session)}"]
        lines += [f"  {line}, with a strip" for line in _fleet_lines(plan)]
    else:
        lines = [
            f"would make the tmux session {one_line(one.aim.session)} with a shell and a strip"
        ]
    return Outcome(members, "\n".join(lines))


def run(options: Options, output: Output) -> Outcome:
    """Build the docked session, and show it."""
    if options.spawn and options.no_spawn:
        raise UsageError("--spawn and --no-spawn exclude each other")
    if options.session and session_name(options.session) != options.session:
        raise UsageError("--session takes letters, digits, _ and -, at most 60")
    if find_spec("textual") is None:
        raise ExtraMissing(MISSING)  # a strip would end as soon as it starts
    one = _Assembly(options, output)
    if options.dry_run:
        return _preview(one)
    session = one.session()
    action = one.action(session)
    members: dict[str, Any] = {"schema_version": 1, "dry_run": False, "action": action}
    lines: list[str] = []
    status = 0
    report: Report | None = None
    if one.asks(session):
        begun = fleet_first(options)
        if begun is None:
            return Outcome({**members, "action": "none"}, "nothing was started or changed")
        # The person may have given the fleet another name, of a session that is there.
        one.aim, report = begun
        members["action"] = SPAWN if report else REUSE
        session = one.session()
    elif action == SPAWN:
        report = one.spawn(one.spawn_plan())
    elif action == SHELL:
        one.strips.make(one.aim.session, one.found.root)
    if report:
        members["spawn"] = report.as_dict()
        lines += [
            f"{one_line(row.step.window)}: {row.state} {row.text}".rstrip() for row in report.rows
        ]
        status = 0 if report.ok else 1
    session = session or one.strips.session(one.aim.session)
    if session is None or (report and report.canceled):
        text = "\n".join([*lines, "no strip was added"])
        return Outcome({**members, "shown": NOT_SHOWN}, text, exit_status=1)
    done = one.weld(session)
    members.update(done.as_dict())
    shown = one.show(done)
    members["shown"] = shown
    lines += [f"tmux session {one_line(session.name)}:", *_weld_lines(done)]
    if shown == NOT_SHOWN:
        how = f"tmux attach -t '{session.session_id}'"
        lines.append(f"not shown, as this is no terminal; {how} shows it")
    return Outcome(members, "\n".join(lines), exit_status=status, committed="the session is docked")
