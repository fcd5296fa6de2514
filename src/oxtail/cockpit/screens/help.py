"""The keys, over the fleet; any of ``?``, Esc and q closes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.screen import ModalScreen

from oxtail.cockpit.keys import PLACES
from oxtail.cockpit.shapes.rows import Row, Span, cut, row, wrapped
from oxtail.cockpit.widgets.scrolled import Scrolled
from oxtail.core.plain import columns, padded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from oxtail.cockpit.keys import Key

ABOUT = "It only reads, but for what says that it sends, acknowledges or jumps."
KEY_COLUMNS, NARROW_KEY_COLUMNS = 18, 11
NARROW = 60


class Keys(Scrolled):
    """Shows every key and what it does."""

    def lines(self, width: int) -> Sequence[Row]:
        """Return a line for each key."""
        rows = [
            row(Span("oxtail cockpit", "strong")),
            *(row(Span(line, "dim")) for line in wrapped(ABOUT, width)),
        ]
        for place, keys in PLACES:
            rows += [row(""), row(Span(place, "dim"))]
            for key in keys:
                rows += _key_rows(key, width)
        return [Row(cut(each.spans, width)) for each in rows]


def _key_rows(key: Key, width: int) -> Iterator[Row]:
    """Yield what a key does, in as many rows as that needs."""
    room = NARROW_KEY_COLUMNS if width < NARROW else KEY_COLUMNS
    lead = f"  {padded(key.shown, max(room, columns(key.shown) + 1))}"
    for line in wrapped(key.does, max(width - columns(lead), 8)):
        yield row(Span(lead, "key"), Span(line))
        lead = " " * columns(lead)


class HelpScreen(ModalScreen[None]):
    """Shows the keys; swallows all others."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss", show=False),
        Binding("ctrl+c", "app.quit", show=False),
    ]

    def compose(self) -> ComposeResult:
        """Make the one part."""
        yield Keys(id="keys")
