"""Delegated work in memory: the twin of :mod:`oxtail.store.files.work`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.work import Closing, Owed, State, begun, closed, ended, outcome_to_dict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.core.envelope import Envelope
    from oxtail.store.memory.store import MemoryStore


class MemoryWork:
    """A :class:`oxtail.ports.Work` in memory, about the ledgers of *store*."""

    def __init__(self, store: MemoryStore) -> None:
        self._world = store.world

    def open_of(self, session_ids: Sequence[str]) -> tuple[Owed, ...]:
        """Return the work that has not ended; see :meth:`oxtail.ports.Work.open_of`."""
        found: dict[str, Owed] = {}
        with self._world.lock:
            for session_id in dict.fromkeys(session_ids):
                for message in self._world.ledgers.get(session_id, ()):
                    owed = self._owed(session_id, message)
                    if owed.is_work and not owed.has_ended:
                        found.setdefault(message.id, owed)
        return tuple(sorted(found.values(), key=lambda owed: owed.message.enqueued_at))

    def find(self, session_ids: Sequence[str], message_id: str) -> Owed | None:
        """Return one message and its standing; see :meth:`oxtail.ports.Work.find`."""
        with self._world.lock:
            for session_id in dict.fromkeys(session_ids):
                for message in reversed(self._world.ledgers.get(session_id, ())):
                    if message.id == message_id:
                        return self._owed(session_id, message)
        return None

    def _owed(self, session_id: str, message: Envelope) -> Owed:
        owed = Owed(session_id, message, message.action_required, State.OPEN)
        key = (session_id, message.id)
        if owed.is_work and key in self._world.outcomes:
            return closed(owed, self._world.outcomes[key])
        if owed.is_work and key in self._world.closings:
            return begun(owed)
        return owed

    def begin(self, closing: Closing) -> Closing | None:
        """Record an intent; see :meth:`oxtail.ports.Work.begin`."""
        with self._world.lock:
            if intent := self._world.closings.get(closing.key):
                return intent
            owed = self.find((closing.session_id,), closing.message_id)
            if owed and owed.has_ended:
                return ended(owed)
            self._world.closings[closing.key] = closing
        return None

    def closings(self, session_ids: Sequence[str]) -> tuple[Closing, ...]:
        """Return the intents that are left; see :meth:`oxtail.ports.Work.closings`."""
        wanted = frozenset(session_ids)
        with self._world.lock:
            found = [c for c in self._world.closings.values() if c.session_id in wanted]
        return tuple(sorted(found, key=lambda closing: (closing.at, closing.message_id)))

    def finish(self, closing: Closing) -> bool:
        """Make work terminal and forget the intent; see :meth:`oxtail.ports.Work.finish`."""
        with self._world.lock:
            was_over = closing.key in self._world.outcomes
            owed = self.find((closing.session_id,), closing.message_id)
            if owed and owed.is_work:
                self._world.outcomes.setdefault(closing.key, outcome_to_dict(closing))
            self._world.closings.pop(closing.key, None)
        return not was_over
