"""The messages of the fleet, with a cursor, filters, threads, and one message shown whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from oxtail.cockpit.messages import MessageChosen
from oxtail.cockpit.shapes.rows import Row, Span, cut, row
from oxtail.cockpit.shapes.talk import (
    Talk,
    answers,
    chosen_place,
    line_row,
    moved,
    questions,
    title,
    wanted,
    whole,
)
from oxtail.cockpit.shapes.windowing import window
from oxtail.cockpit.widgets.painted import Painted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.binding import BindingType

    from oxtail.core.fleet import Fleet, Line


class TalkPanel(Painted, can_focus=True):
    """Shows the messages of a fleet."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "older(1)", show=False),
        Binding("down", "older(-1)", show=False),
        Binding("pageup,b", "page(1)", show=False),
        Binding("pagedown,space", "page(-1)", show=False),
        Binding("w,e", "expand", show=False),
        Binding("f", "only_agent", show=False),
        Binding("t", "threads", show=False),
    ]

    _fleet: Fleet | None = None
    _selected: str | None = None
    _lines: tuple[Line, ...] = ()
    _receipts: tuple[str, tuple[str, ...]] | None = None
    _top = 0
    _from = 0
    talk: Talk = Talk()

    def show(self, fleet: Fleet | None, selected: str | None) -> None:
        """Show the messages of *fleet*; *selected* is the agent with the cursor."""
        if selected != self._selected and self.talk.agent is not None:
            self.talk = self.talk._replace(agent=selected, chosen=None)
        self._fleet, self._selected = fleet, selected
        self._sift()

    def open(self, agent: str | None) -> None:
        """Begin at the newest message; of one *agent* only, if it is given."""
        self.talk = Talk(agent=agent)
        self._from = 0
        self._sift()

    def search(self, words: str) -> None:
        """Show only what holds all *words*; everything, if there are none."""
        self.talk = self.talk._replace(words=words, chosen=None, expanded=False)
        self._sift()

    def receipts(self, message_id: str, lines: tuple[str, ...]) -> None:
        """Take what proves how far a message has come."""
        self._receipts = (message_id, lines)
        self.repaint()

    def _sift(self) -> None:
        self._lines = wanted(self._fleet.comms if self._fleet else (), self.talk)
        self.repaint()

    def paint(self, width: int, height: int) -> Sequence[Row]:
        """Return a title, and the messages around the cursor or one message whole."""
        if height <= 0:
            return []
        total = len(self._fleet.comms) if self._fleet else 0
        agent = self._fleet.agent(self.talk.agent) if self._fleet and self.talk.agent else None
        label = agent.label if agent else self.talk.agent
        rows = [Row(cut([Span(title(len(self._lines), total, self.talk, label), "dim")], width))]
        if not self._lines:
            return [*rows, row(Span("  no messages", "dim"))][:height]
        if self.talk.expanded:
            return [*rows, *self._whole(width, height - 1)][:height]
        return [*rows, *self._list(width, height - 1)][:height]

    def _list(self, width: int, height: int) -> list[Row]:
        lines = self._lines
        everything = self._fleet.comms if self._fleet else ()
        answered, asked = answers(everything), questions(everything)
        cursor = chosen_place(lines, self.talk)
        seen = window(len(lines), height, cursor, self._top)
        self._top = seen.start
        rows = [row(Span(f"    {seen.start} older", "dim"))] if seen.counts_above else []
        rows += [
            line_row(
                line,
                width,
                chosen=number == cursor,
                answer=answered.get(line.request_id) if line.request_id else None,
                question=asked.get(line.reply_to) if line.reply_to else None,
                indented=self.talk.threads,
            )
            for number, line in enumerate(lines[seen.start : seen.stop], seen.start)
        ]
        if seen.counts_below:
            rows.append(row(Span(f"    {len(lines) - seen.stop} newer", "dim")))
        return rows

    def _whole(self, width: int, height: int) -> list[Row]:
        line = self._lines[chosen_place(self._lines, self.talk)]
        has_receipts = self._receipts and self._receipts[0] == line.message_id
        proofs = self._receipts[1] if self._receipts and has_receipts else None
        rows = whole(line, self._fleet.comms if self._fleet else (), proofs, width)
        self._from = min(max(self._from, 0), max(len(rows) - height, 0))
        return rows[self._from : self._from + height]

    def action_older(self, by: int) -> None:
        """Move to older messages, or up in the one that is shown whole."""
        if self.talk.expanded:
            self._from -= by
        else:
            self.talk = moved(self._lines, self.talk, -by)
        self.repaint()

    def action_page(self, by: int) -> None:
        """Move by half the height."""
        self.action_older(by * max(self.content_size.height // 2, 1))

    def action_expand(self) -> None:
        """Show the message with the cursor whole, or the list again."""
        if not self._lines:
            return
        line = self._lines[chosen_place(self._lines, self.talk)]
        self._from = 0
        expanded = not self.talk.expanded
        self.talk = self.talk._replace(expanded=expanded, chosen=line.message_id)
        if expanded:
            self.post_message(MessageChosen(line.message_id))
        self.repaint()

    def action_only_agent(self) -> None:
        """Show only what concerns the agent with the cursor, or all again."""
        agent = None if self.talk.agent is not None else self._selected
        self.talk = self.talk._replace(agent=agent, chosen=None, expanded=False)
        self._sift()

    def action_threads(self) -> None:
        """Put answers below what they answer, or all in the order of time."""
        self.talk = self.talk._replace(threads=not self.talk.threads)
        self._sift()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the message under the pointer."""
        shown = self.row_at(event.y)
        if shown and shown.key:
            self.talk = self.talk._replace(chosen=shown.key)
            self.repaint()

    def on_mouse_scroll_down(self) -> None:
        """Move to newer messages."""
        self.action_older(-1)

    def on_mouse_scroll_up(self) -> None:
        """Move to older messages."""
        self.action_older(1)
