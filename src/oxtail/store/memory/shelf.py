"""Mail for sessions that are not running, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.envelope import encode
from oxtail.core.mail import Expired, Load
from oxtail.store.retention import EXPIRED_KEEP_SECONDS

if TYPE_CHECKING:
    from collections.abc import Collection

    from oxtail.ports import Clock
    from oxtail.store.memory.store import MemoryStore


class MemoryShelf:
    """See :class:`oxtail.ports.Shelf`; on the mail of *store*."""

    def __init__(self, store: MemoryStore, clock: Clock) -> None:
        self._world = store.world
        self._clock = clock
        self._expired: dict[str, int] = {}

    def load(self, box: str) -> Load:
        """Return how much lies in a box; see :meth:`oxtail.ports.Shelf.load`."""
        with self._world.lock:
            mail = self._world.boxes.get(box, [])
            return Load(len(mail), sum(len(encode(message)) for message in mail))

    def expire(self, spared: Collection[str], before: float) -> tuple[Expired, ...]:
        """Set old mail apart; see :meth:`oxtail.ports.Shelf.expire`."""
        now = int(self._clock.now())
        found = []
        with self._world.lock:
            for name, mail in sorted(self._world.boxes.items()):
                if name in spared or not name.startswith("s-"):
                    continue
                shown = self._world.receipts
                old = tuple(m for m in mail if m.enqueued_at < before and m.id not in shown)
                if old:
                    mail[:] = [message for message in mail if message not in old]
                    self._expired.update(dict.fromkeys((m.id for m in old), now))
                    found.append(Expired(name, tuple(m.id for m in old), ""))
            oldest = now - EXPIRED_KEEP_SECONDS
            self._expired = {i: at for i, at in self._expired.items() if at >= oldest}
        return tuple(found)

    def expired_at(self, message_id: str) -> int | None:
        """Return when a message was set apart; see :meth:`oxtail.ports.Shelf.expired_at`."""
        return self._expired.get(message_id)
