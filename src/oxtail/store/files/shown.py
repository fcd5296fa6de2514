"""Acknowledging what was shown, and taking that back where it turns out not to have been."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.mail import Receipt
from oxtail.core.names import is_message_id
from oxtail.core.value import Value
from oxtail.errors import StoreError
from oxtail.store.retention import RETRACTABLE

if TYPE_CHECKING:
    from oxtail.core.mail import Claim
    from oxtail.ports import Clock
    from oxtail.store.files.claims import Claims
    from oxtail.store.files.records import Receipts
    from oxtail.trace import Trace


class _Acknowledged(Value):
    """What an acknowledged claim held, for taking it back."""

    lines: dict[str, list[bytes]]
    receipts: tuple[str, ...]


class Shown:
    """The claims that this process has acknowledged, the latest :data:`.RETRACTABLE` of them."""

    def __init__(self, claims: Claims, receipts: Receipts, clock: Clock, trace: Trace) -> None:
        self._claims = claims
        self._receipts = receipts
        self._clock = clock
        self._trace = trace
        self._kept: dict[tuple[str, ...], _Acknowledged] = {}

    def ack(self, claim: Claim, via: str, session_id: str | None) -> None:
        """Finish a claim; see :meth:`oxtail.ports.Store.ack`."""
        now = int(self._clock.now())
        created = []
        for message in claim.messages:
            if not is_message_id(message.id):
                continue
            try:
                if self._receipts.write(Receipt(message.id, now, via, session_id)):
                    created.append(message.id)
            except StoreError as error:
                self._trace("receipt_failed", message_id=message.id, error=error.message)
        lines = self._claims.finish(claim.tokens)
        self._kept[claim.tokens] = _Acknowledged(lines, tuple(created))
        while len(self._kept) > RETRACTABLE:
            del self._kept[next(iter(self._kept))]

    def retract(self, claim: Claim) -> None:
        """Undo an acknowledgement; see :meth:`oxtail.ports.Store.retract`."""
        known = self._kept.pop(claim.tokens, None)
        if known is None:
            return
        self._claims.hold_again(known.lines)
        for message_id in known.receipts:
            self._receipts.withdraw(message_id)
        self._claims.release(claim.tokens)
