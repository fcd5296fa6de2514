"""A fleet's life for a cockpit without tmux: what it does is what a test says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oxtail.app.lifecycle.plans import Aim, Described
from oxtail.app.lifecycle.report import Event, Report, Row
from oxtail.cockpit.life import APPLY, Preview
from oxtail.core.fleet_panes import Change, FleetPane
from oxtail.core.fleet_plan import (
    ADD,
    KEEP,
    KILL,
    LEAVE,
    REMOVE,
    RESET,
    RESTART,
    SPAWN,
    SYNC,
    Plan,
    Step,
)  # fmt: skip
from oxtail.core.fleet_spec import FleetSpec, WindowSpec

SPEC = FleetSpec(
    "shop",
    (
        WindowSpec("main", "claude", "opus", "high", "captain", True),
        WindowSpec("cx", "codex", "gpt-9"),
        WindowSpec("tests", "command", command=("make", "watch")),
    ),
)


def pane(pane_id: str, window: str) -> FleetPane:
    return FleetPane(pane_id, "@1", "$1", "shop", window, managed="shop-0123abcd")


STEPS = {
    SPAWN: tuple(Step(ADD, window.name, spec=window) for window in SPEC.windows),
    SYNC: (
        Step(ADD, "tests", spec=SPEC.windows[2]),
        Step(
            KEEP, "main", pane("%1", "main"), SPEC.windows[0], (Change("model", "haiku", "opus"),)
        ),
        Step(LEAVE, "vim\x1b[2J", pane("%9", "vim"), why="foreign"),
    ),
    RESET: (
        Step(RESTART, "main", pane("%1", "main"), SPEC.windows[0]),
        Step(RESTART, "cx", pane("%2", "cx"), SPEC.windows[1]),
    ),
    KILL: (Step(REMOVE, "main", pane("%1", "main")),),
}


class FakeLife:
    """Does what a test says."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.steps = dict(STEPS)
        self.refusal = ""
        self.applies = SPAWN
        self.problem: Exception | None = None
        self.states: dict[str, tuple[str, str, str]] = {}
        self.gate: Callable[[str], None] = lambda window: None
        self.ran: list[str] = []

    def described(self, agent: Any) -> Described:
        if self.problem:
            raise self.problem
        return Described("/p", "project", "/p/.oxtail/fleet.json", SPEC)

    def save(self, root: str, spec: FleetSpec) -> str:
        self.asked.append(("save", root, spec))
        return f"{root}/.oxtail/fleet.json"

    def preview(self, verb: str, agent: Any, spec: FleetSpec | None) -> Preview:
        self.asked.append((verb, agent.key if agent else None, spec))
        if self.problem:
            raise self.problem
        verb = self.applies if verb == APPLY else verb
        steps = () if self.refusal else self.steps[verb]
        plan = Plan(verb, "shop", "/p", "shop-0123abcd", steps, self.refusal)
        return Preview(Aim("/p", "shop", spec or SPEC), plan)

    def run(
        self, preview: Preview, progress: Callable[[Event], None], canceled: Callable[[], bool]
    ) -> Report:
        self.asked.append(("run", preview.plan.verb))
        rows = []
        for step in preview.plan.steps:
            if step.do == LEAVE:
                continue
            self.gate(step.window)
            done = "removed" if step.do == REMOVE else "up"
            state, reason, screen = self.states.get(step.window, (done, "", ""))
            if canceled():
                state, reason = "canceled", "canceled"
            else:
                self.ran.append(step.window)
            progress(Event(step.window, state))
            rows.append(Row(step, state, reason, reason, screen))
        return Report(preview.plan, tuple(rows))
