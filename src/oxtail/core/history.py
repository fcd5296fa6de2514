"""Messages of the past, as the ledgers hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.value import Value

if TYPE_CHECKING:
    from oxtail.core.envelope import Envelope


class Record(Value):
    """One message and its receiver.

    Attributes:
        receiver: The session that received it; None where only *ledger* is known.
        ledger: The hash that names the ledger.
        message: The message.
        outcome: How it ended, where it was work.
    """

    receiver: str | None
    ledger: str
    message: Envelope
    outcome: str | None = None


class Place(Value):
    """How far the ledgers were read: opaque to its holder."""

    offsets: tuple[tuple[str, int, int], ...] = ()
