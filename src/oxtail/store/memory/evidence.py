"""Proofs about single messages, in memory; the twin of those on files."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from oxtail.core.evidence import elsewhere_rank
from oxtail.core.names import is_message_id
from oxtail.store.retention import RECORD_KEEP_SECONDS

if TYPE_CHECKING:
    from oxtail.core.evidence import Elsewhere, InContext, Offered
    from oxtail.ports import Clock

T = TypeVar("T")


class MemoryEvidence:
    """See :class:`oxtail.ports.Evidence`; what is older than a week is forgotten."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offers: dict[str, tuple[float, Offered]] = {}
        self._places: dict[str, tuple[float, InContext]] = {}
        self._heard: dict[str, tuple[float, Elsewhere]] = {}

    def offered(self, offered: Offered) -> None:
        """Record an offer; see :meth:`oxtail.ports.Evidence.offered`."""
        if is_message_id(offered.message_id):
            self._offers[offered.message_id] = (self._clock.now(), offered)

    def offer_of(self, message_id: str) -> Offered | None:
        """Return the latest offer; see :meth:`oxtail.ports.Evidence.offer_of`."""
        return self._kept(self._offers, message_id)

    def found(self, place: InContext) -> None:
        """Record a place; see :meth:`oxtail.ports.Evidence.found`."""
        if is_message_id(place.message_id):
            self._places.setdefault(place.message_id, (self._clock.now(), place))

    def context_of(self, message_id: str) -> InContext | None:
        """Return the place; see :meth:`oxtail.ports.Evidence.context_of`."""
        return self._kept(self._places, message_id)

    def heard(self, record: Elsewhere) -> None:
        """Record what became of a message; see :meth:`oxtail.ports.Evidence.heard`."""
        before = self.elsewhere(record.message_id)
        if before and elsewhere_rank(before.stage) > elsewhere_rank(record.stage):
            return
        if is_message_id(record.message_id):
            self._heard[record.message_id] = (self._clock.now(), record)

    def elsewhere(self, message_id: str) -> Elsewhere | None:
        """Return what became of it; see :meth:`oxtail.ports.Evidence.elsewhere`."""
        return self._kept(self._heard, message_id)

    def _kept(self, records: dict[str, tuple[float, T]], message_id: str) -> T | None:
        kept_at, record = records.get(message_id, (0.0, None))
        if record is not None and self._clock.now() - kept_at > RECORD_KEEP_SECONDS:
            del records[message_id]
            return None
        return record
