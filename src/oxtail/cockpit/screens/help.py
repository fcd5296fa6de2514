"""The keys, over the fleet; any of ``?``, Esc and q closes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.screen import ModalScreen

from oxtail.cockpit.keys import PLACES
from oxtail.cockpit.shapes.rows import Row, Span, cut, row
from oxtail.cockpit.widgets.scrolled import Scrolled
from oxtail.core.plain import padded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

KEY_COLUMNS = 18


class Keys(Scrolled):
    """Shows every key and what it does."""

    def lines(self, width: int) -> Sequence[Row]:
        """Return a line for each key."""
        rows = [
            row(Span("oxtail cockpit", "strong")),
            row(
                Span(
                    "It only reads, but for what says that it sends, acknowledges or jumps.", "dim"
                )
            ),
        ]
        for place, keys in PLACES:
            rows += [row(""), row(Span(place, "dim"))]
            rows += [
                row(Span("  " + padded(each.shown, KEY_COLUMNS), "key"), Span(each.does))
                for each in keys
            ]
        return [Row(cut(each.spans, width)) for each in rows]


class HelpScreen(ModalScreen[None]):
    """Shows the keys; swallows all others."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss", show=False),
        Binding("ctrl+c", "app.quit", show=False),
    ]

    def compose(self) -> ComposeResult:
        """Make the one part."""
        yield Keys(id="keys")
