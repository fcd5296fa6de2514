"""Rows of spans: what every part of a screen is made of, and how they are cut to a width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.plain import CUT, columns, fitted, plain
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

KINDS: Final = (
    "text", "dim", "strong", "key", "active", "idle", "dead", "bad", "warn", "you", "hint", "fine",
    "tool", "mail", "work", "wait", "deadlock", "orphan", "cycle", "stalled", "operator", "chosen",
)  # fmt: skip
"""What a span may be; the style sheet gives each a look, and its words say the same."""


class Span(Value):
    """Some words of one kind, of :data:`KINDS`."""

    text: str
    kind: str = "text"


class Row(Value):
    """One line of a screen.

    Attributes:
        spans: Its words, from the left.
        key: What a click on it chooses, or None.
        is_chosen: Whether the cursor is on it.
    """

    spans: tuple[Span, ...]
    key: str | None = None
    is_chosen: bool = False

    @property
    def text(self) -> str:
        """The words without their kinds."""
        return "".join(span.text for span in self.spans)


BLANK: Final = Row(())


def row(*spans: Span | str) -> Row:
    """Return a row of *spans*; a text is one of no special kind."""
    return Row(tuple(Span(each) if isinstance(each, str) else each for each in spans))


def clean(text: str) -> str:
    """Return *text* without anything that could steer a terminal; blanks stay."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else " " if each.isspace() else "" for each in text)


def cut(spans: Iterable[Span], width: int) -> tuple[Span, ...]:
    """Return *spans* cut to *width* columns, with a mark where something was cut off."""
    kept: list[Span] = []
    left = width
    for span in spans:
        need = columns(span.text)
        if need <= left:
            kept.append(span)
            left -= need
            continue
        if left > 0:
            kept.append(Span(fitted(span.text, left), span.kind))
        elif kept:
            last = kept.pop()
            kept.append(
                Span(fitted(last.text, columns(last.text) - 1).rstrip(CUT) + CUT, last.kind)
            )
        break
    return tuple(kept)


def wrapped(text: str, width: int) -> Iterator[str]:
    """Yield *text* in lines of at most *width* columns, broken between words where that works."""
    width = max(width, 1)
    for line in text.split("\n"):
        rest = clean(line).rstrip()
        if not rest:
            yield ""
        while rest:
            if columns(rest) <= width:
                yield rest
                break
            end = _end(rest, width)
            gap = rest.rfind(" ", 0, end + 1)
            if gap > 0:
                yield rest[:gap].rstrip()
                rest = rest[gap + 1 :].lstrip()
            else:
                yield rest[:end]
                rest = rest[end:]


def _end(text: str, width: int) -> int:
    """Return how many characters of *text* fit into *width* columns, at least one."""
    used = 0
    for count, character in enumerate(text):
        used += columns(character)
        if used > width:
            return max(count, 1)
    return len(text)


def block(title: str, lines: Sequence[Row], most: int, note: str = "") -> list[Row]:
    """Return *title* with a *note* above *lines*, at most *most* rows in all.

    Where that is not all of them, the title says how many there are.
    """
    if not lines or most < 2:
        return []
    room = most - 1
    count = f", {room} of {len(lines)}" if len(lines) > room else ""
    return [row(Span(f"{title}{count}{note}", "dim")), *lines[:room]]


def one_line(text: str, most: int) -> str:
    """Return *text* on one line, cut to *most* columns."""
    return fitted(plain(text, most * 2), most)
