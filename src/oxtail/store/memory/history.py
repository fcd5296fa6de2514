"""Messages of the past, from ledgers in memory; twin of the one on files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.history import Bookmark, Record, record_of
from oxtail.core.names import hash32

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oxtail.core.history import Wanted
    from oxtail.core.words import Words
    from oxtail.store.memory.store import MemoryStore


class MemoryHistory:
    """The ledgers of the world of *store*; implements :class:`oxtail.ports.History`."""

    def __init__(self, store: MemoryStore) -> None:
        self._world = store.world

    def _ledgers(self, wanted: Wanted) -> dict[str, list[Record]]:
        owners = wanted.ledgers()
        found: dict[str, list[Record]] = {}
        with self._world.lock:
            for session_id, messages in self._world.ledgers.items():
                name = hash32(session_id)
                if wanted.others or name in owners:
                    latest = {message.id: message for message in messages}
                    found[name] = [
                        record_of(owners.get(name), name, message) for message in latest.values()
                    ]
        return found

    def records(self, wanted: Wanted) -> Iterator[Record]:
        """Yield what is wanted, oldest first; see :meth:`oxtail.ports.History.records`."""
        everything = (each for ledger in self._ledgers(wanted).values() for each in ledger)
        yield from _ordered(everything, wanted)

    def after(self, mark: Bookmark, wanted: Wanted) -> tuple[tuple[Record, ...], Bookmark]:
        """Return what came since *mark*; see :meth:`oxtail.ports.History.after`."""
        marks: dict[str, frozenset[str]] = dict(mark.marks)
        new = []
        for name, ledger in self._ledgers(wanted).items():
            seen = marks.get(name, frozenset())
            new += [record for record in ledger if record.message.id not in seen]
            marks[name] = frozenset(record.message.id for record in ledger)
        return tuple(_ordered(new, wanted)), Bookmark(tuple(marks.items()))

    def search(self, words: Words, wanted: Wanted) -> tuple[tuple[Record, ...], str | None]:
        """Look for words; see :meth:`oxtail.ports.History.search`."""
        everything = self.records(wanted._replace(newest=None))
        found = [record for record in everything if words.match(record.message.body)]
        return tuple(_ordered(found, wanted)), None


def _ordered(records: Iterator[Record] | list[Record], wanted: Wanted) -> list[Record]:
    found = [record for record in records if wanted.has(record)]
    found.sort(key=lambda record: (record.message.enqueued_at, record.ledger))
    return found if wanted.newest is None else found[max(len(found) - wanted.newest, 0) :]
