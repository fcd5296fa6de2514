"""Whether keys may be typed into a pane now.

The rule: what tmux says and what the screen shows go in, one verdict comes out; nothing is asked,
captured or typed here.  Doubt means no.  Keys are safe only where the cursor stands in an empty
input line of a client, so that place is looked for; a dialog is never recognized by its absence.

What the clients draw was seen with Claude Code 2.1 and Codex 0.169:

* An input line starts with its sign in the first column, or behind the border of a box; the cursor
  stands two columns further while the line is empty.
* A hint in an empty input line is faint.  What somebody typed is not.
* A dialog puts the cursor on its chosen answer: a sign, a number, a text.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Final

from oxtail.core import wake
from oxtail.core.value import Value
from oxtail.wake.screen import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

COMPOSER_ROWS_MAX: Final = 24
"""How many rows an input line may have grown to; a longer one is nothing that was typed here."""

DIALOG_ROWS: Final = 16
"""How many rows above an input line count as a dialog if they look like one."""

CHOICE_ROWS: Final = 8
"""How far apart two answers of one dialog may stand; each may be explained in some rows."""


class PaneFacts(Value):
    """What tmux says about one pane.

    Attributes:
        pane_id: ``%`` and a number.
        pane_pid: The process that it runs; 0 if that has ended.
        tty: Its terminal, as ``/dev/pts/3``.
        command: Name of the program in the foreground, as tmux sees it.
        in_mode: Whether copy mode or another mode of tmux has the keys.
        input_off: Whether input to it is turned off.
        synchronized: Whether keys go into other panes too.
        cursor_x: Column of the cursor, from 0.
        cursor_y: Row of the cursor, from 0.
    """

    pane_id: str
    pane_pid: int
    tty: str
    command: str
    in_mode: bool
    input_off: bool
    synchronized: bool
    cursor_x: int
    cursor_y: int


class Guard(enum.Enum):
    """May keys be typed?  The value of each refusal is its reason."""

    CLEAR = "clear"
    """The cursor stands in an empty input line."""

    LEFTOVER = "leftover"
    """The input line holds exactly the text that was to be typed; it only lacks Enter."""

    DEAD = wake.PANE_DEAD
    IN_MODE = wake.PANE_IN_MODE
    INPUT_OFF = wake.PANE_INPUT_OFF
    SYNCHRONIZED = wake.PANE_SYNCHRONIZED
    DIALOG = wake.PANE_DIALOG
    DRAFT = wake.PANE_DRAFT
    NO_COMPOSER = wake.PANE_NO_COMPOSER


_SIGNS: Final = "\u276f\u203a>\u00bb"
"""What Claude Code, Codex and others draw before an input line, in this order."""

_SIDES: Final = ("│", "┃", "|")
"""Left and right borders of a box."""

_SIGN: Final = re.compile(rf"(?:[│┃|] )?[{_SIGNS}](?: |$)")
"""The start of an input line; ``$`` and ``#`` and ``%`` are signs of shells."""

_BORDER: Final = re.compile(r"[\s─━═╌╍┄┅╭╮╰╯┌┐└┘│┃|]*")
_CHOICE: Final = re.compile(rf"[\s│┃|]*(?P<chosen>[{_SIGNS}▸▶●]\s*)?(?P<number>[0-9]{{1,2}})[.)]\s")
_QUESTION: Final = re.compile(
    r"\b(?:enter|return) to (?:submit|confirm|select|continue|approve|accept|choose|proceed)\b"
    r"|\besc(?:ape)? to (?:cancel|go back|dismiss|reject|decline)\b"
    r"|\b(?:do|would) you (?:want|like|trust)\b[^?]*\?\s*$"
    r"|\bpress (?:enter|return|any key|y|space)\b"
    r"|[(\[](?:y/n|yes/no|y/n/a)[)\]]",
    re.IGNORECASE,
)
_BLANKS: Final = re.compile(r"\s+")


def squeeze(text: str) -> str:
    """Return *text* without blanks, because clients wrap long lines where they like."""
    return _BLANKS.sub("", text)


def composer_text(facts: PaneFacts, rows: Sequence[Row]) -> str | None:
    """Return what stands in the input line at the cursor, without blanks; None if there is none.

    Faint characters count: a caller that looks for an empty line asks :func:`examine`.
    """
    top = composer_top(facts.cursor_y, rows)
    if top is None:
        return None
    block = [_without_right_border(row.text) for row in rows[top : facts.cursor_y + 1]]
    sign = _SIGN.match(block[0])
    first = block[0][sign.end() :] if sign else ""
    return squeeze(first + "".join(line.removeprefix(_left_border(line)) for line in block[1:]))


def is_border(text: str) -> bool:
    """Tell whether a row is nothing but the upper or lower border of an input line."""
    return _BORDER.fullmatch(text) is not None and not _left_border(text)


def _left_border(text: str) -> str:
    return text[0] if text.startswith(_SIDES) else ""


def _without_right_border(text: str) -> str:
    """Return *text* without the right border of its box, if it has a left one."""
    if not _left_border(text):
        return text
    return text[:-1].rstrip() if text.endswith(_SIDES) and len(text) > 1 else text


def composer_top(cursor_y: int, rows: Sequence[Row]) -> int | None:
    """Return the row in which the input line at the cursor starts, or None if there is none."""
    if not 0 <= cursor_y < len(rows):
        return None
    for at in range(cursor_y, max(cursor_y - COMPOSER_ROWS_MAX, -1), -1):
        text = rows[at].text
        if _SIGN.match(text):
            return at
        if text and _BORDER.fullmatch(text) and not _left_border(text):
            return None
    return None


def _is_empty(facts: PaneFacts, rows: Sequence[Row]) -> bool:
    row = rows[facts.cursor_y]
    sign = _SIGN.match(row.text)
    if sign is None:
        return False
    start = len(sign.group().rstrip()) + 1
    inside = _without_right_border(row.text)
    shown = Row(inside, row.faint[: len(inside)])
    # The cursor covers the first character of a hint and is drawn in its own way.
    if facts.cursor_x != start or not shown.is_faint_from(start, but=start):
        return False
    if len(inside) == start + 1 and not shown.faint[start]:
        return False  # a single character that is not faint is a draft with the cursor before it
    below = rows[facts.cursor_y + 1].text if facts.cursor_y + 1 < len(rows) else ""
    return _BORDER.fullmatch(below) is not None


def _has_dialog(facts: PaneFacts, rows: Sequence[Row]) -> bool:
    """Tell whether a dialog is open; some put the cursor far above themselves.

    An answer of a model may be a numbered list, and may ask a question, so what stands above an
    input line counts only if one of its numbers is marked as chosen.
    """
    cursor = facts.cursor_y
    above = DIALOG_ROWS if _SIGN.match(rows[cursor].text) else cursor
    near = range(max(cursor - above, 0), len(rows))
    choices = [(at, match) for at in near if (match := _CHOICE.match(rows[at].text))]
    for at, choice in choices:
        if choice["chosen"] and any(
            abs(other - at) <= CHOICE_ROWS and match["number"] != choice["number"]
            for other, match in choices
        ):
            return True
    return any(_QUESTION.search(row.text) for row in rows[cursor:])


def examine(facts: PaneFacts, rows: Sequence[Row], text: str = "") -> Guard:
    """Return whether *text* may be typed into the pane of *facts*, whose screen is *rows*.

    Whether the client is in the foreground is another question: :mod:`oxtail.wake.foreground`.
    """
    if facts.pane_pid <= 0:
        return Guard.DEAD
    if facts.in_mode:
        return Guard.IN_MODE
    if facts.input_off:
        return Guard.INPUT_OFF
    if facts.synchronized:
        return Guard.SYNCHRONIZED
    if not 0 <= facts.cursor_y < len(rows):
        return Guard.NO_COMPOSER
    if _has_dialog(facts, rows):
        return Guard.DIALOG
    if _is_empty(facts, rows):
        return Guard.CLEAR
    held = composer_text(facts, rows)
    if held is None:
        return Guard.NO_COMPOSER
    return Guard.LEFTOVER if text and held == squeeze(text) else Guard.DRAFT
