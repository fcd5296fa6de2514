"""Delegated work: who owes what, and how it ends."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from oxtail.core.value import Value

if TYPE_CHECKING:
    from oxtail.core.envelope import Envelope


class State(enum.Enum):
    """Where a piece of work stands."""

    OPEN = "open"
    CLOSING = "closing"
    DONE = "done"
    BLOCKED = "blocked"
    DECLINED = "declined"
    REASSIGNED = "reassigned"


class Owed(Value):
    """A message in the ledger of the one who received it, and its standing as work.

    Attributes:
        session_id: Who owes it: the session whose ledger it is in.
        message: The delegation; its id names the work.
        is_work: Whether it is work at all.
        state: Where it stands.
        closed_at: When it was closed, in unix seconds; None while open.
        note: What was said at its end, shortened.
    """

    session_id: str
    message: Envelope
    is_work: bool
    state: State
    closed_at: int | None = None
    note: str | None = None


class Closing(Value):
    """The intent to close a piece of work, with the result that will be delivered.

    Attributes:
        session_id: Who owes it.
        message_id: Which work.
        outcome: The state that it ends in.
        body: What is delivered.
        at: When it was begun, in unix seconds.
        target: Who takes it over, where it is reassigned.
    """

    session_id: str
    message_id: str
    outcome: State
    body: str
    at: int
    target: str | None = None
