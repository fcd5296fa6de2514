"""Mail that came from another host: what became of it, and what is kept of it here."""

from __future__ import annotations

from typing import Final

from oxtail.core.value import Value


class Arrival(Value):
    """What became of mail that another host sent.

    Attributes:
        is_settled: Whether this host has taken it over, or refused it for good, durably.
        problem: Why it was not taken over; None if it was.
    """

    is_settled: bool
    problem: str | None = None


SETTLED: Final = Arrival(is_settled=True)
UNKNOWN_SENDER: Final = Arrival(is_settled=False, problem="its sender is no session of its host")


class Arrived(Value):
    """Mail that came from another host, and what that host has been told of it.

    Attributes:
        message_id: The message.
        host: The host that sent it.
        session_id: For whom it was.
        at: When it came, in unix seconds.
        told: Stages that the host was told.
        refused: Why it was refused, or None.
    """

    message_id: str
    host: str
    session_id: str
    at: int
    told: tuple[str, ...] = ()
    refused: str | None = None
