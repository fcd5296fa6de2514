"""``oxtail fleet``: start the agents of a project, change them, and end them.

The rule: without ``--yes`` nothing is changed; with it the plan of this moment is confirmed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from oxtail.app.lifecycle.plans import Aim, aim_at, described, plan, root_of
from oxtail.app.lifecycle.report import RUNNING, WHY
from oxtail.app.lifecycle.run import run as run_plan
from oxtail.cli.output import INTERRUPTED, Outcome, one_line
from oxtail.cli.stop import stoppable
from oxtail.config import from_env
from oxtail.core.fleet_file import fresh
from oxtail.core.fleet_plan import ADD, KEEP, KILL, LEAVE, REMOVE, RESTART, SPAWN, SYNC, TEARDOWN
from oxtail.core.fleet_spec import is_session_name, session_name
from oxtail.core.plain import plain
from oxtail.errors import BadArgument, FileExists, UsageError
from oxtail.wiring import lifecycle

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.app.lifecycle.plans import Described, Means
    from oxtail.app.lifecycle.report import Event, Report
    from oxtail.cli.output import Output
    from oxtail.cli.parser import Options
    from oxtail.core.fleet_plan import Plan, Step
    from oxtail.core.fleet_spec import WindowSpec

_SIGNS = {ADD: "+", KEEP: "=", RESTART: "!", REMOVE: "-", LEAVE: " "}
_SOURCES = {
    "project": "from {path}",
    "folder": "from {path}, since the project has no {mine}",
    "default": "the default, since there is no {mine}; oxtail fleet init writes it",
}


def _launched(window: WindowSpec) -> str:
    words = [window.agent, window.model, window.effort and f"effort {window.effort}"]
    if window.remote_control:
        words.append("remote control")
    if window.command:
        words.append(" ".join(window.command))
    if window.role:
        words.append(f"({window.role})")
    return one_line(plain(" ".join(word for word in words if word), 100))


def _step_text(step: Step) -> str:
    name = plain(step.window, 40) or "?"
    words = [f"  {_SIGNS[step.do]} {step.do:<7} {name:<16}"]
    if step.pane:
        words.append(step.pane.pane_id)
    if step.spec:
        words.append(_launched(step.spec))
    if step.why:
        words.append(WHY.get(step.why, step.why))
    if step.changes and step.do == KEEP:
        changed = ", ".join(change.name for change in step.changes)
        words.append(f"[{changed} changed; --apply restarts it]")
    elif step.changes:
        changed = ", ".join(f"{each.name}: {each.was} -> {each.now}" for each in step.changes)
        words.append(f"[{plain(changed, 120)}]")
    return one_line(" ".join(words).rstrip())


def _plan_text(made: Plan) -> str:
    fleet = made.fleet_id or ("a new fleet" if made.verb == SPAWN else "the fleet")
    head = f"{made.verb} {fleet} in tmux session {made.session}"
    lines = [one_line(f"{head}, project {made.root}")]
    if made.refusal:
        lines.append(f"  refused: {WHY[made.refusal]}")
    elif not made.steps:
        lines.append("  nothing to do")
    return "\n".join([*lines, *map(_step_text, made.steps)])


def _report_text(report: Report) -> str:
    lines = []
    for row in report.rows:
        why = f": {row.text or row.reason}" if not row.ok else ""
        lines.append(one_line(f"  {row.state:<8} {plain(row.step.window, 40)}{why}"))
        lines += [f"    | {one_line(line)}" for line in row.screen.splitlines()]
    if report.new:
        names = ", ".join(plain(step.window, 40) for step in report.new)
        lines.append(one_line(f"  came up meanwhile, and was not touched: {names}"))
    if not report.rows:
        lines.append("  nothing was to be done")
    return "\n".join(lines)


def _teller(output: Output) -> Callable[[Event], None]:
    def tell(event: Event) -> None:
        if not output.as_json:
            what = event.text if event.state == RUNNING else event.state
            output.remark(one_line(f"{plain(event.window, 40)}: {what}"))

    return tell


def _aim(means: Means, options: Options, folder: str) -> Aim:
    if options.do in (TEARDOWN, KILL) and options.session:
        # What is to be there does not matter for these, so a broken file does not either.
        return Aim(root_of(means, folder), options.session, window=options.window or "")
    aim = aim_at(means, folder, session=options.session)
    return aim._replace(window=options.window or "", apply=options.apply)


def _act(means: Means, options: Options, output: Output, folder: str) -> Outcome:
    aim = _aim(means, options, folder)
    made = plan(means, options.do, aim)
    members: dict[str, Any] = {
        "schema_version": 1,
        "ok": not made.refusal,
        "dry_run": not options.yes,
        "plan": made.as_dict(),
        "report": None,
    }
    if not options.yes:
        remark = None if made.refusal or made.idle else "nothing was changed; --yes does it"
        return Outcome(members, _plan_text(made), remark, exit_status=1 if made.refusal else 0)
    with stoppable() as canceled:
        report = run_plan(means, aim, made, progress=_teller(output), canceled=canceled)
    members.update(ok=report.ok, plan=report.plan.as_dict(), report=report.as_dict())
    status = INTERRUPTED if report.canceled else 0 if report.ok else 1
    text = f"{_plan_text(report.plan)}\n{_report_text(report)}"
    return Outcome(members, text, exit_status=status, committed=f"{options.do} is done")


def _describes(found: Described) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "ok": True,
        "project_root": found.root,
        "source": found.source,
        "path": found.path,
        "fleet": found.spec.as_dict(),
        "session": session_name(found.spec.name),
    }


def _head(found: Described) -> str:
    mine = os.path.join(".oxtail", "fleet.json")
    where = _SOURCES[found.source].format(path=found.path, mine=mine)
    return one_line(f"fleet {plain(found.spec.name, 60)}, {where}")


def _show(means: Means, options: Options, folder: str) -> Outcome:
    found = described(means, folder)
    session = options.session or session_name(found.spec.name)
    made = plan(means, SYNC, Aim(found.root, session, found.spec))
    members = {**_describes(found), "session": session, "now": made.as_dict()}
    windows = [f"  {window.name:<16} {_launched(window)}" for window in found.spec.windows]
    now = _plan_text(made)
    if made.refusal:
        now = one_line(
            f"nothing of it is known to run in tmux session {session}: {WHY[made.refusal]}"
        )
    return Outcome(members, "\n".join([_head(found), *windows, "", now]))


def _check(means: Means, folder: str) -> Outcome:
    found = described(means, folder)
    return Outcome(
        _describes(found), f"{_head(found)}: {len(found.spec.windows)} windows, all fine"
    )


def _init(means: Means, folder: str) -> Outcome:
    found = described(means, folder)

    def make(text: str) -> str:
        if text:
            raise FileExists(f"{path} is there already.", path=path)
        return fresh(found.spec)

    path = (
        means.files.read(found.root).path
        if found.source == "project"
        else os.path.join(found.root, ".oxtail", "fleet.json")
    )
    means.files.write(found.root, make)
    members = {**_describes(found), "source": "project", "path": path}
    return Outcome(members, one_line(f"wrote {path}"), committed=f"wrote {path}")


def run(options: Options, output: Output) -> Outcome:
    """Show, check, or write what a fleet is; or plan what is done to it, and with --yes do it."""
    if (options.window is not None) != (options.do == KILL):
        raise UsageError("kill takes the name of one WINDOW" if options.do == KILL
                         else f"{options.do} takes no WINDOW")  # fmt: skip
    if options.apply and options.do != SYNC:
        raise UsageError("--apply belongs to sync")
    if options.session is not None and not is_session_name(options.session):
        raise BadArgument("session", "takes at most 60 letters, digits, underscores and hyphens")
    means = lifecycle(from_env(os.environ))
    folder = os.path.abspath(options.project) if options.project else os.getcwd()
    if options.do == "show":
        return _show(means, options, folder)
    if options.do == "check":
        return _check(means, folder)
    if options.do == "init":
        return _init(means, folder)
    return _act(means, options, output, folder)
