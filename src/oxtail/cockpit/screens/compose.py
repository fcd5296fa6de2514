"""A message to one agent, bound to it from the moment of asking; the fleet stays in sight above."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import TextArea

from oxtail.cockpit.actions import Letter
from oxtail.cockpit.messages import FileWanted
from oxtail.cockpit.widgets.status_line import StatusLine
from oxtail.core.attachment import ATTACHMENTS_MAX
from oxtail.core.fleet_words import CLIENTS, client, state
from oxtail.core.plain import plain, plain_lines

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

    class Files(Message):
        """The person wants to attach a file, or to take the last one out."""

        def __init__(self, *, attach: bool) -> None:
            self.attach = attach
            super().__init__()

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.post_message(self.Sent())
        elif event.key in ("ctrl+j", "alt+enter", "shift+enter"):
            event.stop()
            event.prevent_default()
            self.insert("\n")
        elif event.key in ("ctrl+a", "ctrl+x"):
            event.stop()
            event.prevent_default()
            self.post_message(self.Files(attach=event.key == "ctrl+a"))
        else:
            await super()._on_key(event)

    async def _on_paste(self, event: events.Paste) -> None:
        """Take pasted text without what could steer a terminal; its line ends never send it."""
        event.stop()
        event.prevent_default()
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        text = plain_lines(text)[: LIMIT_BYTES * 2]
        self.insert(text)
        if _is_path(text):
            # Text stays text unless a file of that name is found.
            self.post_message(FileWanted(text))


class ComposeScreen(ModalScreen[Letter | None]):
    """Asks for a message to *agent*; is dismissed with it, or with None.

    Args:
        agent: The agent as it was shown when the person asked.
        draft: What was written to it before and not sent.
    """

    attachments: tuple[str, ...] = ()

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
        kind = f", {client(agent)}" if agent.client_type in CLIENTS else ""
        to = f"to {agent.label}{own}{kind}, {state(agent)}: as the operator, one way"
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
        if self.attachments:
            names = ", ".join(plain(os.path.basename(path), 24) for path in self.attachments)
            said += f"; {len(self.attachments)} attached: {names}"
        keys = "   Enter sends, Esc leaves, Ctrl-J begins a line, Ctrl-A attaches"
        self.query_one("#limit", StatusLine).say(said + keys, "bad" if over else "dim")

    def on_draft_sent(self) -> None:
        """Be done, if there is something to send; an empty draft leaves."""
        text = self.text.strip()
        if not text and not self.attachments:
            self.dismiss(None)
        elif len(text.encode("utf-8", "replace")) <= LIMIT_BYTES:
            self.dismiss(Letter(text, self.attachments))
        else:
            self.app.bell()

    def on_draft_files(self, message: Draft.Files) -> None:
        """Look for the file that is meant, or take the last one out."""
        if message.attach:
            words = _last_path(self.text)
            if words and len(self.attachments) < ATTACHMENTS_MAX:
                self.post_message(FileWanted(words))
            else:
                self.app.bell()
        elif self.attachments:
            path = self.attachments[-1]
            self.attachments = self.attachments[:-1]
            self.query_one(Draft).insert(plain_lines(path))
            self._count()

    def found(self, text: str, path: str | None) -> None:
        """Attach *path*, which was found for *text*, and take that out of the draft."""
        draft = self.query_one(Draft)
        if path is None or len(self.attachments) >= ATTACHMENTS_MAX:
            return
        if draft.text.rstrip().endswith(text.strip()):
            draft.load_text(draft.text.rstrip().removesuffix(text.strip()))
            draft.move_cursor(draft.document.end)
        self.attachments += (path,)
        self._count()

    def action_leave(self) -> None:
        """Leave; the draft is kept."""
        self.keep_draft()
        self.dismiss(None)

    def keep_draft(self) -> None:
        """Hand the draft to whoever keeps it."""
        self.post_message(DraftKept(self.agent.key, self.text))


def _is_path(text: str) -> bool:
    """Tell whether *text* may be a path that was dragged into the terminal."""
    text = text.strip()
    return "\n" not in text and text.lstrip("'\"").startswith("/")


_TRAILING: Final = re.compile(r"(?:^|\s)(/(?:\\.|[^\s\\])+)\s*$")


def _last_path(text: str) -> str:
    """Return what of *text* may be a path: all of it, or what begins with a slash at its end."""
    if _is_path(text):
        return text.strip()
    found = _TRAILING.search(text)
    return found.group(1) if found else ""


class DraftKept(Message):
    """A message to the agent *key* was begun and not sent."""

    def __init__(self, key: str, text: str) -> None:
        self.key = key
        self.text = text
        super().__init__()
