"""Whether a pane shows that its agent works, and what the client says of that.

The rule: only the places count in which a client speaks of itself, near its input line.  The same
words anywhere else on the screen are somebody's text: an answer, a file, a draft.

What the clients draw was seen with Claude Code 2.1 and Codex 0.169:

* Claude Code says ``esc to interrupt`` in the line under the lower border of its input line.  Above
  the upper border a line starts with a star in the first column, and its words end with an
  ellipsis; earlier versions say ``esc to interrupt`` there, in parentheses.
* Codex has a line above its input line: a dot, a word, and parentheses that are faint, with
  ``esc to interrupt`` in them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from oxtail.core.pane import PaneView
from oxtail.core.plain import plain
from oxtail.wake.pane_guard import composer_top, is_border
from oxtail.wake.screen import parse_screen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.wake.screen import Row

ABOVE_ROWS: Final = 10
"""How many rows above an input line may belong to the client."""

BELOW_ROWS: Final = 6
"""How many rows below an input line are looked at for its lower border and what is under it."""

TAIL_MAX_CHARS: Final = 80
"""Longest tail."""

BUSY_WORDS: Final = "esc to interrupt"

_ATTRIBUTE: Final = re.compile(r"\x1b\[[0-9;:]*m")
_FOOTER: Final = re.compile(rf"(?:^|· ?){BUSY_WORDS}(?:$| ?·)", re.IGNORECASE)
_CLAUDE: Final = re.compile(r"[·✢✳✶✻✽∗*] (?P<words>[^\s…][^…]{0,79}…)(?: ?\((?P<more>[^()]*)\))?$")  # noqa: RUF001
_CODEX: Final = re.compile(r"[•◦] (?P<words>\S[^()]{0,79}) \((?P<more>[^()]*)\)(?: .*)?$")
_UNSAFE: Final = re.compile(r"[^ -~…·•↑↓]")
"""Nothing but plain ASCII and a few narrow signs is shown of a pane."""


def view_of(text: str, cursor_y: int) -> PaneView:
    """Return what the screen *text*, captured with its attributes, shows; never raises.

    *cursor_y* is the row of the cursor, from 0.
    """
    # Most panes show no sign of work, and looking closer costs a millisecond.
    bare = _ATTRIBUTE.sub("", text)
    if BUSY_WORDS not in bare.lower() and "…" not in bare:
        return PaneView()
    rows = parse_screen(text)
    top = composer_top(cursor_y, rows)
    if top is None:
        return PaneView()
    tail = _status(rows, top)
    if tail is not None:
        return PaneView(busy=True, tail=tail or None)
    return PaneView(busy=_footer_says_so(rows, cursor_y))


def _footer_says_so(rows: Sequence[Row], cursor_y: int) -> bool:
    """Tell whether the line under the lower border says that a turn can be interrupted."""
    below = rows[cursor_y + 1 : cursor_y + 1 + BELOW_ROWS]
    border = next((at for at, row in enumerate(below) if row.text and is_border(row.text)), None)
    if border is None:
        return False
    return any(_FOOTER.search(row.text.strip()) for row in below[border + 1 :])


def _status(rows: Sequence[Row], top: int) -> str | None:
    """Return what the client says above the input line of its work, or None if it says nothing."""
    above = list(rows[max(top - ABOVE_ROWS, 0) : top])
    is_boxed = bool(above) and bool(above[-1].text) and is_border(above[-1].text)
    for row in reversed(above):
        found = _claude(row) if is_boxed else _codex(row)
        if found is not None:
            return found
    return None


def _claude(row: Row) -> str | None:
    match = _CLAUDE.match(row.text)
    return _tail(match["words"], match["more"]) if match else None


def _codex(row: Row) -> str | None:
    match = _CODEX.match(row.text)
    if not match or BUSY_WORDS not in match["more"].lower():
        return None
    # What an agent writes is never faint.
    return _tail(match["words"], match["more"]) if row.faint[match.end("words") + 1] else None


def _tail(words: str, more: str | None) -> str:
    parts = [each.strip() for each in re.split("[·•]", more or "")]
    said = ", ".join(each for each in parts if each and BUSY_WORDS not in each.lower())
    return plain(_UNSAFE.sub("", f"{words} ({said})" if said else words), TAIL_MAX_CHARS)
