"""What a trace says about wakes.

The rule: lines in, counts out; a line that is no event is passed over.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Final

from oxtail.core import codec
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable

NEWEST: Final = 200
"""How many of the newest wake outcomes are counted."""

_EVENT: Final = "wake_outcome"


class Diagnosis(Value):
    """Counts of the newest wake outcomes.

    Attributes:
        counted: How many were counted.
        total: How many there are.
        by_status: Wake statuses, the most frequent first, those of one count by name.
        by_via: The same for each way of sending.
    """

    counted: int
    total: int
    by_status: tuple[tuple[str, int], ...]
    by_via: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the members."""
        return {
            "counted": self.counted,
            "total": self.total,
            "by_status": dict(self.by_status),
            "by_via": {via: dict(counts) for via, counts in self.by_via},
        }


def _ordered(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _outcome(line: bytes) -> tuple[str, str] | None:
    """Return status and way of one wake outcome, or None for any other line."""
    if _EVENT.encode() not in line:
        return None
    try:
        event = codec.decode(line)
    except ValueError:
        return None
    if not isinstance(event, dict) or event.get("event") != _EVENT:
        return None
    status, via = event.get("wake_status"), event.get("via")
    return (status, via) if isinstance(status, str) and isinstance(via, str) else None


def diagnose(lines: Iterable[bytes], newest: int = NEWEST) -> Diagnosis:
    """Count the *newest* wake outcomes among the *lines* of a trace, oldest first."""
    kept: deque[tuple[str, str]] = deque(maxlen=newest)
    total = 0
    for line in lines:
        if outcome := _outcome(line):
            kept.append(outcome)
            total += 1
    by_via: dict[str, Counter[str]] = {}
    for status, via in kept:
        by_via.setdefault(via, Counter())[status] += 1
    sizes = Counter({via: counts.total() for via, counts in by_via.items()})
    return Diagnosis(
        counted=len(kept),
        total=total,
        by_status=_ordered(Counter(status for status, _ in kept)),
        by_via=tuple((via, _ordered(by_via[via])) for via, _ in _ordered(sizes)),
    )
