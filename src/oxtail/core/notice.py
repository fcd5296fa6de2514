"""A line for the human."""

from __future__ import annotations

from typing import Any, Final

from oxtail.core.value import Value

TEXT_MAX_CHARS: Final = 500
"""Longest text of a notice; a longer one is cut."""


class Notice(Value):
    """Something that a person should know.

    Attributes:
        at: Unix seconds.
        kind: A stable word, such as ``damped`` or ``expired``.
        text: One line.
        session_id: Whom it is about, if anybody.
    """

    at: int
    kind: str
    text: str
    session_id: str | None = None


def on_one_line(text: str) -> str:
    """Return *text* as a notice may hold it: on one line, and not too long."""
    return " ".join(text.split())[:TEXT_MAX_CHARS]


def from_dict(members: object) -> Notice | None:
    """Return the notice that *members* describes, or None if it is none."""
    if not isinstance(members, dict):
        return None
    at: Any = members.get("at")
    kind, text, session_id = members.get("kind"), members.get("text"), members.get("session_id")
    if isinstance(at, bool) or not isinstance(at, int) or not 0 <= at < 2**53:
        return None
    if not isinstance(kind, str) or not isinstance(text, str):
        return None
    owner = session_id if isinstance(session_id, str) and session_id else None
    return Notice(at, kind[:64], on_one_line(text), owner)
