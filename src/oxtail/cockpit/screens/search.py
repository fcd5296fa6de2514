"""What to search the messages for, on the last line."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.screen import ModalScreen
from textual.widgets import Input

from oxtail.cockpit.shapes.talk import SEARCH_MAX_CHARS

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType


class SearchScreen(ModalScreen[str | None]):
    """Asks for words; is dismissed with them, or with None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("ctrl+c", "app.quit", show=False, priority=True),
    ]

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words

    def compose(self) -> ComposeResult:
        """Make the one field."""
        yield Input(
            self._words,
            placeholder="words that a message must hold; empty shows all",
            max_length=SEARCH_MAX_CHARS,
            id="words",
        )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Search."""
        self.dismiss(event.value.strip())

    def action_leave(self) -> None:
        """Leave the search as it was."""
        self.dismiss(None)
