"""Text of others, made safe for a screen.

The rule: what comes out steers no terminal, turns no direction, hides nothing and stays on its
line.  Whatever is shown of names, purposes, window names, paths and bodies goes through here.
Programs that need the exact text read the records.
"""

from __future__ import annotations

import unicodedata
from typing import Final

CUT: Final = "…"
"""Stands where text was cut off."""


def _kept(character: str) -> str:
    # Controls, marks of direction, zero-width characters, surrogates and the unassigned all count
    # as unprintable; so does every blank but the plain one.
    if character.isprintable():
        return character
    return " " if character.isspace() else ""


def plain(text: str, most: int | None = None) -> str:
    """Return *text* on one line without anything that is not seen, at most *most* characters.

    Runs of blanks become one blank; what was cut off is marked.
    """
    if most is not None and len(text) > 16 * most + 64:
        text = text[: 16 * most + 64]
    if not text.isprintable():
        text = "".join(map(_kept, text))
    text = " ".join(text.split())
    if most is not None and len(text) > most:
        text = text[: max(most - 1, 0)].rstrip() + CUT
    return text


def plain_lines(text: str) -> str:
    """Return *text* with its lines, each as :func:`plain` but with its blanks."""
    return "\n".join(
        (line if line.isprintable() else "".join(map(_kept, line))).rstrip()
        for line in text.split("\n")
    )


def visible(text: str) -> str:
    """Return *text* with its lines and blanks, without anything else that is not seen."""
    if text.isprintable():
        return text
    return "".join(each if each == "\n" else _kept(each) for each in text)


def columns(text: str) -> int:
    """Return how many columns of a terminal the plain *text* takes."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fitted(text: str, width: int) -> str:
    """Return the plain *text* cut to *width* columns, with a mark where it was cut."""
    if columns(text) <= width:
        return text
    kept, room = [], width - 1
    for character in text:
        room -= _width(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip() + CUT if width > 0 else ""


def padded(text: str, width: int) -> str:
    """Return the plain *text* in exactly *width* columns."""
    text = fitted(text, width)
    return text + " " * (width - columns(text))
