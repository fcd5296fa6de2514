"""One line of text, or one of some choices; over whatever is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from oxtail.cockpit.shapes.rows import Row, Span, cut
from oxtail.cockpit.widgets.painted import Painted
from oxtail.cockpit.widgets.status_line import StatusLine
from oxtail.core.fleet_edit import TEXT_MAX_CHARS
from oxtail.core.plain import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType


class AskText(ModalScreen[str | None]):
    """Asks for one line; is dismissed with it, or with None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("ctrl+c", "app.quit", show=False, priority=True),
    ]

    def __init__(self, question: str, text: str) -> None:
        super().__init__()
        self._question = question
        self._text = text

    def compose(self) -> ComposeResult:
        """Make the question and the field."""
        with Vertical(id="asks"):
            yield StatusLine(id="asked")
            yield Input(self._text, max_length=TEXT_MAX_CHARS, select_on_focus=False, id="answer")

    def on_mount(self) -> None:
        """Ask."""
        self.query_one(StatusLine).say(self._question, "you")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the answer."""
        self.dismiss(event.value.strip())

    def action_leave(self) -> None:
        """Take none."""
        self.dismiss(None)


class Choices(Painted):
    """Shows some choices, and which one the cursor is on."""

    choices: Sequence[str] = ()
    at = 0

    def paint(self, width: int, height: int) -> Sequence[Row]:
        """Return those around the cursor."""
        first = max(min(self.at - height // 2, len(self.choices) - height), 0)
        rows = []
        for place, choice in list(enumerate(self.choices))[first : first + height]:
            chosen = place == self.at
            text = plain(choice, 60) or "default"
            spans = (Span("> " if chosen else "  ", "key"), Span(text))
            rows.append(Row(cut(spans, width), is_chosen=chosen))
        return rows


class Choose(ModalScreen[str | None]):
    """Asks for one of *choices*; is dismissed with it, or with None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("enter,space", "pick", show=False),
        Binding("escape", "leave", show=False),
        Binding("ctrl+c", "app.quit", show=False, priority=True),
    ]

    def __init__(self, question: str, choices: Sequence[str], now: str) -> None:
        super().__init__()
        self._question = question
        self._choices = choices
        self._at = choices.index(now) if now in choices else 0

    def compose(self) -> ComposeResult:
        """Make the question and the choices."""
        with Vertical(id="asks"):
            yield StatusLine(id="asked")
            yield Choices(id="choices")

    def on_mount(self) -> None:
        """Ask."""
        self.query_one(StatusLine).say(self._question, "you")
        self._show()

    def _show(self) -> None:
        shown = self.query_one(Choices)
        shown.choices, shown.at = self._choices, self._at
        shown.repaint()

    def action_move(self, by: int) -> None:
        """Move the cursor, around the ends."""
        self._at = (self._at + by) % len(self._choices)
        self._show()

    def action_pick(self) -> None:
        """Take what the cursor is on."""
        self.dismiss(self._choices[self._at])

    def action_leave(self) -> None:
        """Take none."""
        self.dismiss(None)
