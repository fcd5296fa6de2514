"""One question on the last lines, answered by one key; every other key means no."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.screen import ModalScreen

from oxtail.cockpit.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType


class Confirm(ModalScreen[bool]):
    """Asks *question* and is dismissed with whether *key* was pressed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "app.quit", show=False)]

    def __init__(self, question: str, key: str = "y") -> None:
        super().__init__()
        self._question = question
        self._key = key

    def compose(self) -> ComposeResult:
        """Make the line."""
        yield StatusLine(id="question")

    def on_mount(self) -> None:
        """Ask."""
        # What the keys do stands first: a long question is cut at its end.
        text = f"{self._key} yes, any other key no: {self._question}"
        self.query_one(StatusLine).say(text, "you")

    def on_key(self, event: events.Key) -> None:
        """Take the answer."""
        if event.key == "ctrl+c":
            return
        event.stop()
        self.dismiss(event.key == self._key)
