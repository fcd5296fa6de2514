"""Boxes and ledgers in memory, seen from outside; the twin of the one on files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.census import BODY_KEPT_CHARS, BoxView, LedgerView, Letter
from oxtail.core.history import Record, Wanted
from oxtail.store.memory.history import MemoryHistory
from oxtail.store.memory.work import MemoryWork

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from oxtail.core.envelope import Envelope
    from oxtail.core.work import Owed
    from oxtail.store.memory.store import MemoryStore


class MemoryLookout:
    """A :class:`oxtail.ports.Lookout` on the world of *store*."""

    def __init__(self, store: MemoryStore) -> None:
        self._world = store.world
        self._work = MemoryWork(store)
        self._history = MemoryHistory(store)

    def _messages(self, name: str) -> list[Envelope]:
        with self._world.lock:
            held = [m for h in self._world.claims.values() if h.box == name for m in h.messages]
            found = {m.id: m for m in (*held, *self._world.boxes.get(name, ()))}
            return [m for m in found.values() if m.id not in self._world.receipts]

    def box(self, name: str) -> BoxView:
        """Return what waits in a box; see :meth:`oxtail.ports.Lookout.box`."""
        return BoxView(tuple(map(Letter.of, self._messages(name))))

    def letters(self, name: str, newest: int) -> tuple[Envelope, ...]:
        """Return messages in a box; see :meth:`oxtail.ports.Lookout.letters`."""
        return tuple(self._messages(name)[-newest:]) if newest > 0 else ()

    def ledger(self, session_id: str) -> LedgerView:
        """Return what a ledger says; see :meth:`oxtail.ports.Lookout.ledger`."""
        with self._world.lock:
            messages = tuple(self._world.ledgers.get(session_id, ()))
            owed = tuple(map(_cut, self._work.open_of((session_id,))))
        return LedgerView(
            owed,
            frozenset((m.reply_to, m.from_session_id) for m in messages if m.reply_to),
            frozenset(
                (m.request_id, m.from_session_id)
                for m in messages
                if m.request_id and m.from_session_id
            ),
        )

    def latest(self, session_ids: Sequence[str], newest: int) -> tuple[Record, ...]:
        """Return the newest messages; see :meth:`oxtail.ports.Lookout.latest`."""
        found: dict[str, Record] = {}
        for record in self._history.records(Wanted(tuple(session_ids))):
            found.setdefault(record.message.id, record)
        return tuple(found.values())[-newest:] if newest > 0 else ()


def _cut(owed: Owed) -> Owed:
    message = owed.message
    return owed._replace(message=message._replace(body=message.body[:BODY_KEPT_CHARS]))


class MemoryAcknowledged:
    """A :class:`oxtail.ports.Acknowledged` in memory."""

    def __init__(self) -> None:
        self._kept: dict[str | None, dict[str, int]] = {}

    def keys(self, root: str | None) -> frozenset[str]:
        """Return what is known; see :meth:`oxtail.ports.Acknowledged.keys`."""
        kept = self._kept.items()
        return frozenset(
            key for where, keys in kept if root is None or where in (root, None) for key in keys
        )

    def update(self, root: str | None, add: Mapping[str, int], keep: Collection[str]) -> None:
        """Change what is known; see :meth:`oxtail.ports.Acknowledged.update`."""
        before = self._kept.get(root, {})
        self._kept[root] = {**{k: at for k, at in before.items() if k in keep}, **add}
