"""A fleet under edit: which window the cursor is on, and what each change makes of it.

The rule: a change returns a new edit, and what it does not name stays.  Whether the result keeps
the rules is said by :func:`oxtail.core.fleet_spec.check` when it is saved or applied.
"""

from __future__ import annotations

from typing import Final

from oxtail.core.fleet_spec import (
    CLAUDE,
    CODEX,
    COMMAND,
    EFFORTS,
    MODELS,
    WINDOWS_MAX,
    FleetSpec,
    WindowSpec,
)
from oxtail.core.value import Value

TEXT_MAX_CHARS: Final = 80
"""Longest text that an editor takes."""


class Edit(Value):
    """A fleet, and the place of the window with the cursor."""

    spec: FleetSpec
    at: int = 0

    @property
    def window(self) -> WindowSpec:
        """The window with the cursor."""
        return self.spec.windows[self.at]


def _with(edit: Edit, window: WindowSpec) -> Edit:
    windows = [*edit.spec.windows[: edit.at], window, *edit.spec.windows[edit.at + 1 :]]
    return edit._replace(spec=edit.spec._replace(windows=tuple(windows)))


def moved(edit: Edit, by: int) -> Edit:
    """Return *edit* with the cursor moved, around the ends."""
    return edit._replace(at=(edit.at + by) % len(edit.spec.windows))


def shifted(edit: Edit, by: int) -> Edit:
    """Return *edit* with the window moved among the others; the cursor goes along."""
    windows = list(edit.spec.windows)
    place = min(max(edit.at + by, 0), len(windows) - 1)
    windows.insert(place, windows.pop(edit.at))
    return Edit(edit.spec._replace(windows=tuple(windows)), place)


def fleet_named(edit: Edit, name: str) -> Edit:
    """Return *edit* with another name of the fleet."""
    return edit._replace(spec=edit.spec._replace(name=name))


def renamed(edit: Edit, name: str) -> Edit:
    """Return *edit* with another name of the window."""
    return _with(edit, edit.window._replace(name=name))


def with_role(edit: Edit, role: str) -> Edit:
    """Return *edit* with another role of the window; an empty one takes it away."""
    return _with(edit, edit.window._replace(role=role or None))


def with_model(edit: Edit, model: str) -> Edit:
    """Return *edit* with another model; an empty one leaves it to the client."""
    if edit.window.agent == COMMAND:
        return edit
    return _with(edit, edit.window._replace(model=model or None))


def with_effort(edit: Edit, effort: str) -> Edit:
    """Return *edit* with another effort; an empty one leaves it to the client."""
    if edit.window.agent == COMMAND:
        return edit
    return _with(edit, edit.window._replace(effort=effort or None))


def toggled_remote(edit: Edit) -> Edit:
    """Return *edit* with remote control switched; Claude Code alone has it."""
    window = edit.window
    if window.agent != CLAUDE:
        return edit
    return _with(edit, window._replace(remote_control=not window.remote_control))


def toggled_agent(edit: Edit) -> Edit:
    """Return *edit* with the other client; a command is changed in the file only.

    A model that the other client is not offered becomes the first one that it is; none stays none.
    """
    window = edit.window
    if window.agent == COMMAND:
        return edit
    agent = CODEX if window.agent == CLAUDE else CLAUDE
    model = window.model
    if model is not None and model not in MODELS[agent]:
        model = MODELS[agent][0]
    remote = window.remote_control and agent == CLAUDE
    return _with(edit, window._replace(agent=agent, model=model, remote_control=remote))


def added(edit: Edit) -> Edit:
    """Return *edit* with one more window at the end, and the cursor there."""
    names = {window.name for window in edit.spec.windows}
    if len(names) >= WINDOWS_MAX:
        return edit
    name = next(
        each
        for each in ("claude", *(f"claude-{number}" for number in range(2, WINDOWS_MAX + 2)))
        if each not in names
    )
    windows = (*edit.spec.windows, WindowSpec(name, CLAUDE))
    return Edit(edit.spec._replace(windows=windows), len(windows) - 1)


def deleted(edit: Edit) -> Edit:
    """Return *edit* without the window; the last one stays."""
    windows = list(edit.spec.windows)
    if len(windows) > 1:
        del windows[edit.at]
    return Edit(edit.spec._replace(windows=tuple(windows)), min(edit.at, len(windows) - 1))


def models(edit: Edit) -> tuple[str, ...]:
    """Return the models to choose from; the empty one leaves it to the client."""
    return _choices(MODELS[edit.window.agent], edit.window.model)


def efforts(edit: Edit) -> tuple[str, ...]:
    """Return the efforts to choose from; the empty one leaves it to the client."""
    return _choices(EFFORTS, edit.window.effort)


def _choices(offered: tuple[str, ...], now: str | None) -> tuple[str, ...]:
    # What stands in the file already can be chosen again, whatever it is.
    return ("", *offered) if now is None or now in offered else ("", *offered, now)
