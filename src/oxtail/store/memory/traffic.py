"""What has passed of late, in memory; the twin of that on files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.store.retention import NEWS_SECONDS, TRAFFIC_KEPT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.core.governor import Passed


class MemoryTraffic:
    """See :class:`oxtail.ports.Traffic`."""

    def __init__(self) -> None:
        self._passed: list[tuple[str, str, Passed]] = []
        self._matters: dict[str, float] = {}

    def note(self, sender: str, receiver: str, passed: Passed) -> None:
        """Remember that a message has passed; see :meth:`oxtail.ports.Traffic.note`."""
        self._passed.append((sender, receiver, passed._replace(is_back=False)))

    def between(self, sender: str, receiver: str, most: int) -> Sequence[Passed]:
        """Return what passed between two; see :meth:`oxtail.ports.Traffic.between`."""
        pair = {sender, receiver}
        found = [
            passed._replace(is_back=one != sender)
            for one, other, passed in self._passed
            if {one, other} == pair
        ]
        return _last(found, most)

    def of(self, sender: str, most: int) -> Sequence[Passed]:
        """Return what a session sent; see :meth:`oxtail.ports.Traffic.of`."""
        return _last([passed for one, _, passed in self._passed if one == sender], most)

    def is_news(self, matter: str, now: float) -> bool:
        """Tell whether a matter is news; see :meth:`oxtail.ports.Traffic.is_news`."""
        before = self._matters.get(matter)
        self._matters[matter] = now
        return before is None or not -NEWS_SECONDS < now - before < NEWS_SECONDS


def _last(found: list[Passed], most: int) -> tuple[Passed, ...]:
    most = min(most, TRAFFIC_KEPT)
    return tuple(found[-most:]) if most > 0 else ()
