"""The page about wakes: every status, reason and outlook."""

from __future__ import annotations

from collections.abc import Mapping

from docgen.text import head, table
from oxtail.core import wake

_RULES = """
A wake makes an idle session look at its mail.
It is a hint: losing it changes when mail is read, never whether.
None of these words means that a message was read; `message_status` tells that.
"""


def _table(words: Mapping[str, str]) -> str:
    return table(("word", "meaning"), ((f"`{word}`", text) for word, text in words.items()))


def page() -> str:
    """Return ``wake.md``."""
    return (
        head("Wakes", "src/oxtail/core/wake.py")
        + _RULES
        + "\n## wake_status\n\nWhat was done to make the receiver look.\n\n"
        + _table(wake.STATUSES)
        + "\n## wake_reason\n\nWhy a wake was considered, or withheld, though nobody asked.\n\n"
        + _table(wake.REASONS)
        + "\n## delivery_outlook\n\nWhat becomes of a message for which nothing was done.\n\n"
        + _table(wake.OUTLOOKS)
        + "\n## Refusals\n\nWhy nothing went through a door, as `reason` in the trace event "
        + "`ask_peer_wake_skipped`.\n\n"
        + _table(wake.REFUSALS)
        + "\n## Offers\n\nWhat became of a text that a session's own server offered to its client, "
        + "as `outcome` in the trace event `own_door_offered`.\n\n"
        + _table(wake.OFFERS)
    )
