"""The end of an agent's transcript, over the fleet.

The rule: it only reads, and asks the application to do that; reading takes as long as it takes, and
the screen stays alive.  It stays with the agent that it was opened for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from oxtail.cockpit.keys import TRANSCRIPT, bindings
from oxtail.cockpit.messages import TranscriptWanted
from oxtail.cockpit.shapes.transcript import transcript_rows, transcript_title
from oxtail.cockpit.widgets.scrolled import Scrolled
from oxtail.cockpit.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from oxtail.cockpit.actions import Excerpt
    from oxtail.cockpit.shapes.rows import Row
    from oxtail.core.fleet_agent import Agent


class TranscriptRows(Scrolled):
    """Shows what was read."""

    def __init__(self, label: str, *, id: str) -> None:  # noqa: A002 - as every widget
        super().__init__(id=id)
        self._label = label
        self._excerpt: Excerpt | None = None
        self._made: tuple[int, list[Row]] | None = None

    def show(self, excerpt: Excerpt) -> None:
        """Show *excerpt*, from its end."""
        self._excerpt, self._made = excerpt, None
        self.to_bottom()
        self.repaint()

    def paint(self, width: int, height: int) -> Sequence[Row]:
        """Return the title, and below it the lines that fit."""
        title = transcript_title(self._label, self._excerpt, width)
        return [title, *super().paint(width, height - 1)][: max(height, 0)]

    def lines(self, width: int) -> Sequence[Row]:
        """Return all lines; they are made once for each width."""
        if self._made is None or self._made[0] != width:
            self._made = (width, transcript_rows(self._excerpt, width))
        return self._made[1]


class TranscriptScreen(ModalScreen[None]):
    """Shows the end of the transcript of *agent*."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(TRANSCRIPT),
        Binding("ctrl+c", "app.quit", show=False),
    ]

    def __init__(self, agent: Agent) -> None:
        super().__init__()
        self._agent = agent
        self._is_reading = False
        self._rows = TranscriptRows(agent.label, id="transcript")
        self._keys = StatusLine(id="transcript-keys")

    def compose(self) -> ComposeResult:
        """Make the parts."""
        with Vertical(id="transcript-part"):
            yield self._rows
            yield self._keys

    def on_mount(self) -> None:
        """Read it."""
        self._rows.focus()
        self._keys.hint((("r", "reads it again"), ("Esc", "back")))
        self.action_read()

    def seen(self, key: str, excerpt: Excerpt) -> None:
        """Show what was read of the agent *key*, if it is the one."""
        if key == self._agent.key:
            self._is_reading = False
            self._rows.show(excerpt)

    def action_read(self) -> None:
        """Read it again, unless that goes on."""
        if not self._is_reading:
            self._is_reading = True
            self.post_message(TranscriptWanted(self._agent))

    def action_first(self) -> None:
        """Go to the oldest line."""
        self._rows.to_top()
        self._rows.repaint()

    def action_last(self) -> None:
        """Go to the newest line."""
        self._rows.to_bottom()
        self._rows.repaint()
