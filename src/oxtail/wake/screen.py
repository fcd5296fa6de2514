"""What a terminal shows: characters, and which of them are faint.

The rule: text in, rows out; nothing is captured here and nothing is judged.
A client draws what nobody has typed, a hint in an empty input line, in faint characters.
"""

from __future__ import annotations

import re
from typing import Final

from oxtail.core.value import Value

_ESCAPE: Final = re.compile(
    r"\x1b\[(?P<codes>[0-9;:]*)m"  # how the following characters look
    r"|\x1b\[[0-?]*[ -/]*[@-~]"  # any other control sequence
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # links and titles
    r"|\x1b[ -/]*[0-~]"
    r"|[\x00-\x09\x0b-\x1f\x7f]"
)


class Row(Value):
    """One row of a screen.

    Attributes:
        text: Its characters, without blanks at the end; no-break spaces are blanks.
        faint: For each character of *text*, whether it is drawn faint.
    """

    text: str
    faint: tuple[bool, ...]

    def is_faint_from(self, start: int, but: int | None = None) -> bool:
        """Tell whether all from *start* on is blank or faint, the character at *but* aside."""
        return all(
            self.text[at] == " " or self.faint[at] or at == but
            for at in range(start, len(self.text))
        )


def _is_faint(codes: str, before: bool) -> bool:
    """Return whether characters are faint after the attributes *codes* were set."""
    faint, skip = before, 0
    fields = codes.split(";")
    for at, field in enumerate(fields):
        if skip:
            skip -= 1
        elif field in ("38", "48", "58"):  # a color: its members are no attributes
            kind = fields[at + 1] if at + 1 < len(fields) else ""
            skip = {"5": 2, "2": 4}.get(kind, 0)
        elif field == "2":
            faint = True
        elif field in ("", "0", "22"):
            faint = False
    return faint


def parse_screen(text: str) -> tuple[Row, ...]:
    """Return the rows of a screen that was captured with its attributes; never raises.

    An attribute lasts until it is taken back, across the ends of rows.
    """
    rows: list[Row] = []
    faint = False
    for line in text.split("\n"):
        characters: list[str] = []
        marks: list[bool] = []
        at = 0
        while at < len(line):
            escape = _ESCAPE.match(line, at)
            if escape:
                if escape["codes"] is not None:
                    faint = _is_faint(escape["codes"], faint)
                at = escape.end()
                continue
            characters.append(" " if line[at] == "\xa0" else line[at])
            marks.append(faint)
            at += 1
        plain = "".join(characters).rstrip()
        rows.append(Row(plain, tuple(marks[: len(plain)])))
    return tuple(rows)
