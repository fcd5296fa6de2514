"""A message to one agent, bound to it from the moment of asking; the fleet stays in sight above."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import TextArea

from oxtail.cockpit.widgets.status_line import StatusLine
from oxtail.core.fleet_words import client, state
from oxtail.core.plain import plain_lines

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from oxtail.core.fleet_agent import Agent

LIMIT_BYTES: Final = 7_000
"""Longest text; what the operator's note and attachments add stays within a message."""


class Draft(TextArea):
    """Takes the text; Enter sends it."""

    class Sent(Message):
        """The person is done."""

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.post_message(self.Sent())
        elif event.key in ("ctrl+j", "alt+enter", "shift+enter"):
            event.stop()
            event.prevent_default()
            self.insert("\n")
        else:
            await super()._on_key(event)

    async def _on_paste(self, event: events.Paste) -> None:
        """Take pasted text without what could steer a terminal; its line ends never send it."""
        event.stop()
        event.prevent_default()
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        self.insert(plain_lines(text)[: LIMIT_BYTES * 2])


class ComposeScreen(ModalScreen[str | None]):
    """Asks for a message to *agent*; is dismissed with it, or with None.

    Args:
        agent: The agent as it was shown when the person asked.
        draft: What was written to it before and not sent.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("ctrl+c", "app.quit", show=False, priority=True),
    ]

    def __init__(self, agent: Agent, draft: str = "") -> None:
        super().__init__()
        self.agent = agent
        self._draft = draft

    def compose(self) -> ComposeResult:
        """Make the parts."""
        with Vertical(id="composer"):
            yield StatusLine(id="to")
            yield Draft(self._draft, id="draft", soft_wrap=True, show_line_numbers=False)
            yield StatusLine(id="limit")

    def on_mount(self) -> None:
        """Say whom it is for, and begin."""
        agent = self.agent
        own = " (this session)" if agent.is_self else ""
        to = f"to {agent.label}{own}, {client(agent)}, {state(agent)}: as the operator, one way"
        self.query_one("#to", StatusLine).say(to, "operator")
        draft = self.query_one(Draft)
        draft.move_cursor(draft.document.end)
        draft.focus()
        self._count()

    @property
    def text(self) -> str:
        """What was written."""
        return self.query_one(Draft).text

    def on_text_area_changed(self) -> None:
        """Count."""
        self._count()

    def _count(self) -> None:
        used = len(self.text.encode("utf-8", "replace"))
        over = used > LIMIT_BYTES
        said = f"{used} of {LIMIT_BYTES} bytes" + (", too long" if over else "")
        keys = "   Enter sends, Ctrl-J begins a line, Esc leaves"
        self.query_one("#limit", StatusLine).say(said + keys, "bad" if over else "dim")

    def on_draft_sent(self) -> None:
        """Be done, if there is something to send; an empty draft leaves."""
        text = self.text.strip()
        if not text:
            self.dismiss(None)
        elif len(text.encode("utf-8", "replace")) <= LIMIT_BYTES:
            self.dismiss(text)
        else:
            self.app.bell()

    def action_leave(self) -> None:
        """Leave; the draft is kept."""
        self.keep_draft()
        self.dismiss(None)

    def keep_draft(self) -> None:
        """Hand the draft to whoever keeps it."""
        self.post_message(DraftKept(self.agent.key, self.text))


class DraftKept(Message):
    """A message to the agent *key* was begun and not sent."""

    def __init__(self, key: str, text: str) -> None:
        self.key = key
        self.text = text
        super().__init__()
