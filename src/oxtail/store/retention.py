"""How long and how much the stores keep; the numbers that both of them obey."""

from __future__ import annotations

from typing import Final

LEDGER_BOUND: Final = 1_000
"""Messages that every ledger keeps at least: all writers share a ledger, and a small value in the
environment of one of them must not take the reply handles of the others."""

LEDGER_MARGIN: Final = 0.25
"""How far a ledger may grow over its bound before it is compacted; a compaction rewrites it."""

RECORD_KEEP_SECONDS: Final = 7 * 86_400
"""How long receipts, sender's records and empty boxes are kept, as npm peers keep them."""

WAITER_WAKE_KEEP_SECONDS: Final = 86_400
"""How long it is kept when a session was woken by those who wait for it; no throttle is as long."""

REMINDED_KEEP_SECONDS: Final = 60 * 86_400
"""How long it is kept that overdue work was told of; after that it is told of once more."""

TRAFFIC_KEEP_SECONDS: Final = 86_400
"""How long it is kept what passed between two sessions that have fallen silent."""

TRAFFIC_KEPT: Final = 4_096
"""Messages of a pair, or of a sender, that are remembered at least; no limit can be higher."""

NEWS_SECONDS: Final = 600.0
"""How long a matter must rest before a person is told of it again."""

NOTICES_KEPT: Final = 200
"""Notices that are kept at least."""

EXPIRED_KEEP_SECONDS: Final = 30 * 86_400
"""How long mail that nobody came for is kept apart, and the proof of it."""

RETRACTABLE: Final = 16
"""How many acknowledged claims a store remembers, so that they can be retracted."""


def ledger_limit(bound: int) -> int:
    """Return the number of lines above which a ledger with this *bound* is compacted."""
    return int(bound * (1 + LEDGER_MARGIN))
