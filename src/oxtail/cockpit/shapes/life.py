"""The life of a fleet in rows: a plan with what has come of it so far, and a fleet under edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.app.lifecycle.report import RUNNING, SKIPPED, WHY
from oxtail.cockpit.shapes.rows import Row, Span, cut, one_line, row
from oxtail.core.fleet_plan import ADD, KEEP, KILL, LEAVE, REMOVE, RESET, RESTART, SPAWN, SYNC
from oxtail.core.plain import padded, plain
from oxtail.ports.lifecycle import CANCELED, FAILED, HEALTHY, UP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from oxtail.app.lifecycle.report import Event, Report
    from oxtail.core.fleet_edit import Edit
    from oxtail.core.fleet_plan import Plan, Step
    from oxtail.core.fleet_spec import WindowSpec

NAME_COLUMNS: Final = 16
SCREEN_ROWS: Final = 12
"""How much of the screen of a window that did not come up is shown."""

_DOES: Final = {
    ADD: ("add", "fine"),
    KEEP: ("keep", "dim"),
    RESTART: ("restart", "bad"),
    REMOVE: ("close", "bad"),
    LEAVE: ("leave", "dim"),
}
_STATES: Final = {
    UP: ("✓ up", "fine"),
    HEALTHY: ("✓ well", "fine"),
    "removed": ("✓ closed", "fine"),
    RUNNING: ("… now", "you"),
    FAILED: ("✗ failed", "bad"),
    "refused": ("✗ refused", "bad"),
    SKIPPED: ("◦ skipped", "warn"),
    CANCELED: ("◦ canceled", "warn"),
}
_WAITS: Final = ("◦ waits", "dim")


def confirm_key(plan: Plan) -> str | None:
    """Return the key that confirms *plan*, or None where there is nothing to confirm.

    What ends something takes a capital letter.
    """
    if plan.refusal or plan.idle:
        return None
    if plan.verb in (RESET, KILL):
        return "R" if plan.verb == RESET else "K"
    return "Y" if plan.destroys else "y"


def launched(window: WindowSpec) -> str:
    """Return what runs in a window, in a few words."""
    words = [window.agent, window.model, window.effort]
    if window.remote_control:
        words.append("remote")
    if window.command:
        words.append(" ".join(window.command))
    return " ".join(plain(word, 60) for word in words if word)


def _head(plan: Plan) -> Row:
    kind = "bad" if plan.destroys else "strong"
    where = f" in tmux session {one_line(plan.session, 40)}, {one_line(plan.root, 60)}"
    return row(Span(plan.verb, kind), Span(where, "text"))


def _step(step: Step, event: Event | None, begun: bool) -> Row:
    word, kind = _DOES[step.do]
    spans = [
        Span("  " + padded(word, 8), kind),
        Span(padded(plain(step.window, NAME_COLUMNS) or "?", NAME_COLUMNS + 1), "strong"),
    ]
    if begun and step.do != LEAVE:
        text, look = _STATES.get(event.state, _WAITS) if event else _WAITS
        spans.append(Span(padded(text, 12), look))
    said = event.text if event and event.text else ""
    if said:
        spans.append(Span(one_line(said, 80), "dim"))
        return row(*spans)
    if step.pane:
        spans.append(Span(step.pane.pane_id + " ", "dim"))
    if step.spec:
        spans.append(Span(launched(step.spec)))
    if step.why:
        spans.append(Span(WHY.get(step.why, step.why), "dim"))
    if step.changes:
        names = ", ".join(change.name for change in step.changes)
        kept = " changed; only a restart applies it" if step.do == KEEP else " changed"
        spans.append(Span(f" [{names}{kept}]", "warn"))
    return row(*spans)


def plan_rows(
    plan: Plan,
    events: Mapping[str, Event],
    report: Report | None,
    width: int,
    *,
    begun: bool = False,
) -> list[Row]:
    """Return *plan* with what is known of its windows by now.

    Args:
        plan: The plan.
        events: What was told last of each window.
        report: What has come of all, once it has ended.
        width: Columns.
        begun: Whether the run has begun.
    """
    rows = [_head(plan)]
    if plan.refusal:
        rows.append(row(Span(f"  refused: {WHY[plan.refusal]}", "bad")))
    elif not plan.steps:
        rows.append(row(Span("  there is nothing to do", "dim")))
    acting = [step for step in plan.steps if step.do != LEAVE]
    if begun and acting:
        up = sum(
            1
            for step in acting
            if (event := events.get(step.window)) and event.state in (UP, HEALTHY)
        )
        launches = sum(1 for step in acting if step.do != REMOVE)
        if launches:
            rows.append(row(Span(f"  {up} of {launches} up", "strong")))
    rows += [_step(step, events.get(step.window), begun) for step in plan.steps]
    if report:
        rows += _ended(report)
    return [Row(cut(each.spans, width)) for each in rows]


def _ended(report: Report) -> Iterator[Row]:
    yield row("")
    failed = [each for each in report.rows if not each.ok]
    for each in failed:
        yield row(
            Span(f"  {plain(each.step.window, NAME_COLUMNS)}: ", "bad"),
            Span(one_line(each.text or each.reason, 200)),
        )
        for line in each.screen.splitlines()[-SCREEN_ROWS:]:
            yield row(Span("    │ ", "dim"), Span(line, "dim"))
    if report.new:
        names = ", ".join(plain(step.window, NAME_COLUMNS) for step in report.new)
        yield row(Span(f"  came up meanwhile, not touched: {names}", "warn"))
    if report.canceled:
        yield row(Span("  canceled; sync takes up what is left", "warn"))
    elif not failed:
        yield row(Span("  all done", "fine"))


def plan_keys(
    plan: Plan | None, *, begun: bool, ended: bool, stopping: bool, onward: str = "goes back"
) -> str:
    """Return what can be pressed now; *onward* is what any key does once a run has ended."""
    if plan is None:
        return "looking …   Esc goes back"
    if ended:
        return f"any key {onward}"
    if begun:
        return "stops after this step …" if stopping else "c cancels after this step"
    key = confirm_key(plan)
    edit = "   e edits the fleet" if plan.verb in (RESET, SYNC, SPAWN) else ""
    does = f"{key} does it   any other key goes back" if key else "any key goes back"
    return does + edit


_COLUMNS: Final = (("window", 17), ("agent", 9), ("model", 14), ("effort", 9), ("remote", 8))
EDIT_KEYS: Final = (
    ("y", "apply"), ("w", "save"), ("Esc", "leave"), ("n", "name"), ("m", "model"), ("f", "effort"),
    ("t", "agent"), ("r", "remote"), ("o", "role"), ("F", "fleet name"), ("a", "add"),
    ("d", "delete"), ("J K", "move"),
)  # fmt: skip
"""What leads on stands first: where there is no room, the others go."""


def edit_rows(edit: Edit, note: str, kind: str, width: int) -> list[Row]:
    """Return a fleet under edit, and a note about it."""
    head = "  " + "".join(padded(name, columns) for name, columns in _COLUMNS) + "role"
    rows = [
        row(Span("fleet ", "dim"), Span(one_line(edit.spec.name, 60), "strong")),
        row(Span(one_line(note, 300), kind)),
        row(Span(head, "dim")),
    ]
    for place, window in enumerate(edit.spec.windows):
        chosen = place == edit.at
        model = " ".join(window.command) if window.command else window.model or "default"
        cells = (
            window.name, window.agent, model, window.effort or "default",
            "on" if window.remote_control else "-",
        )  # fmt: skip
        text = "".join(
            padded(plain(cell, columns - 1), columns)
            for cell, (_, columns) in zip(cells, _COLUMNS, strict=True)
        )
        spans = (
            Span("> " if chosen else "  ", "key"),
            Span(text, "strong" if chosen else "text"),
            Span(plain(window.role or "", 40), "dim"),
        )
        rows.append(Row(spans, key=str(place), is_chosen=chosen))
    return [each._replace(spans=cut(each.spans, width)) for each in rows]


def key_row(keys: Sequence[tuple[str, str]], width: int) -> list[Row]:
    """Return the keys in as many rows as they need."""
    rows: list[Row] = []
    spans: list[Span] = []
    used = 0
    for shown, does in keys:
        need = len(shown) + len(does) + 3
        if spans and used + need > width:
            rows.append(row(*spans))
            spans, used = [], 0
        spans += [Span(f"{shown} ", "key"), Span(f"{does}  ", "dim")]
        used += need
    return [*rows, row(*spans)]
