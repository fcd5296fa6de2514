"""What a fleet is to be, under edit; nothing is written or started before the person says so."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from oxtail.cockpit.messages import FleetRead, Noted
from oxtail.cockpit.screens.ask_text import AskText, Choose
from oxtail.cockpit.shapes.life import EDIT_KEYS, edit_rows, key_row
from oxtail.cockpit.shapes.rows import Row, Span, one_line, row, wrapped
from oxtail.cockpit.widgets.painted import Painted
from oxtail.core import fleet_edit
from oxtail.core.fleet_spec import COMMAND, check
from oxtail.errors import OxtailError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from oxtail.cockpit.life import Life
    from oxtail.core.fleet_agent import Agent
    from oxtail.core.fleet_edit import Edit
    from oxtail.core.fleet_spec import FleetSpec

SHORT_ROWS = 6
"""Below so many rows the windows and the note go before everything else."""

LONGEST_ROWS = 3
"""Rows at the bottom that the keys may take."""


class Windows(Painted):
    """Shows the fleet under edit."""

    edit: Edit | None = None
    note = "looking …"
    kind = "dim"

    def paint(self, width: int, height: int) -> Sequence[Row]:
        """Return the head, and the windows around the cursor."""
        if self.edit is None:
            lines = wrapped(one_line(self.note, 600), width)
            return [row(Span(line, self.kind)) for line in lines][:height]
        rows = edit_rows(self.edit, self.note, self.kind, width)
        head, windows = rows[:3], rows[3:]
        if height < SHORT_ROWS:
            head = rows[1:2]
        room = max(height - len(head), 1)
        first = max(min(self.edit.at - room // 2, len(windows) - room), 0)
        return [*head, *windows[first : first + room]][:height]


class EditKeys(Painted):
    """Shows the keys; it stays in sight at any height."""

    def paint(self, width: int, height: int) -> Sequence[Row]:  # noqa: ARG002 - as every widget
        """Return the keys."""
        return key_row(EDIT_KEYS, width)[:LONGEST_ROWS]


class FleetEditorScreen(ModalScreen["FleetSpec | None"]):
    """Edits the fleet of a project; is dismissed with what is to be applied, or with None.

    Args:
        life: Reads and writes it.
        agent: Whose project, or None for the own one.
        spec: What to begin with; what the project says, without.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("K", "shift(-1)", show=False),
        Binding("J", "shift(1)", show=False),
        Binding("n", "rename", show=False),
        Binding("m", "model", show=False),
        Binding("f", "effort", show=False),
        Binding("t", "agent", show=False),
        Binding("r", "remote", show=False),
        Binding("o", "role", show=False),
        Binding("F", "fleet_name", show=False),
        Binding("a", "add", show=False),
        Binding("d", "delete", show=False),
        Binding("w", "save", show=False),
        Binding("y", "apply", show=False),
        Binding("escape", "leave", show=False),
        Binding("ctrl+c", "app.quit", show=False, priority=True),
    ]

    def __init__(self, life: Life, agent: Agent | None, spec: FleetSpec | None = None) -> None:
        super().__init__()
        self._life = life
        self._agent = agent
        self._begin_with = spec
        self._root = ""
        self._windows = Windows(id="windows")

    def compose(self) -> ComposeResult:
        """Make the parts."""
        with Vertical(id="life"):
            yield self._windows
            yield EditKeys(id="edit-keys")

    def on_mount(self) -> None:
        """Read what describes the fleet."""
        self._in_thread(lambda: self.post_message(FleetRead(self._life.described(self._agent))))

    def _in_thread(self, work: Callable[[], object]) -> None:
        def carry_out() -> None:
            try:
                work()
            except OxtailError as error:
                self.post_message(Noted(f"{error.message} [{error.code}]", "bad"))
            except OSError as error:
                self.post_message(Noted(f"not done: {error.strerror or error}", "bad"))

        threading.Thread(target=carry_out, name="oxtail-editor", daemon=True).start()

    def on_fleet_read(self, message: FleetRead) -> None:
        """Begin."""
        found = message.found
        self._root = found.root
        where = "the default" if found.source == "default" else f"from {found.path}"
        self.note(where, "dim")
        self._see(fleet_edit.Edit(self._begin_with or found.spec))

    def on_noted(self, message: Noted) -> None:
        """Say something."""
        self.note(message.text, message.kind)

    def note(self, text: str, kind: str) -> None:
        """Say something on the line of notes."""
        self._windows.note, self._windows.kind = text, kind
        self._windows.repaint()

    @property
    def edit(self) -> Edit | None:
        """What is edited, once it was read."""
        return self._windows.edit

    def _see(self, edit: Edit) -> None:
        self._windows.edit = edit
        self._windows.repaint()

    def _change(self, change: Callable[[Edit], Edit]) -> None:
        if self.edit:
            self._see(change(self.edit))

    def _ask(self, screen: AskText | Choose, change: Callable[[Edit, str], Edit]) -> None:
        def take(answer: str | None) -> None:
            if answer is not None and self.edit:
                self._see(change(self.edit, answer))

        self.app.push_screen(screen, take)

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self._change(lambda edit: fleet_edit.moved(edit, by))

    def action_shift(self, by: int) -> None:
        """Move the window."""
        self._change(lambda edit: fleet_edit.shifted(edit, by))

    def action_rename(self) -> None:
        """Ask for the name of the window."""
        if self.edit:
            self._ask(AskText("name of the window", self.edit.window.name), fleet_edit.renamed)

    def action_role(self) -> None:
        """Ask for the role of the window."""
        if self.edit:
            self._ask(
                AskText("role, for people", self.edit.window.role or ""), fleet_edit.with_role
            )

    def action_fleet_name(self) -> None:
        """Ask for the name of the fleet."""
        if self.edit:
            self._ask(AskText("name of the fleet", self.edit.spec.name), fleet_edit.fleet_named)

    def action_model(self) -> None:
        """Let the person choose a model."""
        if self.edit and self._has_client():
            screen = Choose("model", fleet_edit.models(self.edit), self.edit.window.model or "")
            self._ask(screen, fleet_edit.with_model)

    def action_effort(self) -> None:
        """Let the person choose an effort."""
        if self.edit and self._has_client():
            screen = Choose("effort", fleet_edit.efforts(self.edit), self.edit.window.effort or "")
            self._ask(screen, fleet_edit.with_effort)

    def _has_client(self) -> bool:
        if self.edit and self.edit.window.agent == COMMAND:
            self.note("a command is changed in the file", "warn")
            return False
        return True

    def action_agent(self) -> None:
        """Switch the client."""
        if self._has_client():
            self._change(fleet_edit.toggled_agent)

    def action_remote(self) -> None:
        """Switch remote control."""
        self._change(fleet_edit.toggled_remote)

    def action_add(self) -> None:
        """Add a window."""
        self._change(fleet_edit.added)

    def action_delete(self) -> None:
        """Delete the window."""
        self._change(fleet_edit.deleted)

    def _is_fine(self) -> bool:
        if self.edit is None:
            return False
        _, problems = check(self.edit.spec.as_dict())
        if problems:
            text = "; ".join(f"{problem.path} {problem.rule}" for problem in problems[:3])
            self.note(text, "bad")
        return not problems

    def action_save(self) -> None:
        """Write it down."""
        edit = self.edit
        if edit and self._is_fine():
            spec, root = edit.spec, self._root

            def save() -> None:
                path = self._life.save(root, spec)
                self.post_message(Noted(f"saved to {path}", "fine"))

            self._in_thread(save)

    def action_apply(self) -> None:
        """Go on with it."""
        if self.edit and self._is_fine():
            self.dismiss(self.edit.spec)

    def action_leave(self) -> None:
        """Leave everything as it was."""
        self.dismiss(None)
