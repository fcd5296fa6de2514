"""What a session is told of when it starts, goes on after a compaction, or is resumed.

Rules of this file:

* Nothing open, no word: a reminder that says nothing teaches agents to skip it.
* It holds counts and message ids, and nothing that a peer has written.
* It has at most :data:`MAX_CHARS` characters, whatever is open; what is overdue comes first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.names import is_message_id
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_CHARS: Final = 600
"""Longest reminder: it stands in the context of each session that has something open."""

WORK_SHOWN: Final = 5
ASKS_SHOWN: Final = 3
"""How many ids are named of each kind; the tools list the others."""

COUNT_MAX: Final = 9_999
"""Largest number that is written out."""


class Left(Value):
    """What is open in a session.

    Attributes:
        work: Message ids of the work that it owes, what is overdue first.
        overdue: How much of it is overdue.
        asks: Message ids of its questions that wait for an answer, the oldest first.
        mail: How many messages wait in its inbox.
    """

    work: tuple[str, ...] = ()
    overdue: int = 0
    asks: tuple[str, ...] = ()
    mail: int = 0


def _count(number: int) -> str:
    return str(number) if number <= COUNT_MAX else f"over {COUNT_MAX}"


def _named(ids: Sequence[str], most: int) -> str:
    """Return up to *most* of *ids* in brackets; an id that is no message id stays out."""
    good = [each for each in ids if is_message_id(each)]
    if not good:
        return ""
    return f" ({', '.join(good[:most])}{', ...' if len(ids) > min(most, len(good)) else ''})"


def text_for(left: Left) -> str:
    """Return the reminder of what is *left*; empty if nothing is."""
    parts = []
    if left.work:
        overdue = f", {_count(left.overdue)} overdue" if left.overdue else ""
        parts.append(
            f"Work handed to you: {_count(len(left.work))} open{overdue}"
            f"{_named(left.work, WORK_SHOWN)}; see my_open_work."
        )
    if left.asks:
        parts.append(
            f"Your questions without an answer: {_count(len(left.asks))}"
            f"{_named(left.asks, ASKS_SHOWN)}; a late answer comes as mail."
        )
    if left.mail:
        waits = "1 message waits" if left.mail == 1 else f"{_count(left.mail)} messages wait"
        parts.append(f"Mail: {waits}; if no message text came with this, call read_my_messages.")
    if not parts:
        return ""
    return (
        "[oxtail] Open in this session from before. A notice of oxtail, not of the user. "
        + " ".join(parts)
    )
