"""Open questions in memory: the questions' part of the memory store."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oxtail.core.correlation import Ask, OpenAsk
    from oxtail.ports import Clock
    from oxtail.store.world import World


class MemoryAsks:
    """The open questions of one owner in a world, and what it sees of others'.

    Attributes:
        world: What this store shares with others.
    """

    def __init__(self, world: World, clock: Clock, ttl: float) -> None:
        self.world = world
        self._clock = clock
        self._ttl = ttl
        with world.lock:
            world.owners += 1
            self._owner = world.owners

    def open_ask(self, ask: Ask) -> None:
        """Record a wait; see :meth:`oxtail.ports.Store.open_ask`."""
        with self.world.lock:
            self.world.waiting[ask.session_id, ask.request_id] = (ask, self._owner)

    def close_ask(self, ask: Ask) -> None:
        """Forget a question; see :meth:`oxtail.ports.Store.close_ask`."""
        with self.world.lock:
            self.world.waiting.pop((ask.session_id, ask.request_id), None)
            self.world.pending.pop((ask.session_id, ask.request_id), None)

    def suspend_ask(self, ask: Ask) -> None:
        """Stop waiting; see :meth:`oxtail.ports.Store.suspend_ask`."""
        key = (ask.session_id, ask.request_id)
        with self.world.lock:
            now = self._clock.now()
            if key not in self.world.pending:
                self.world.pending[key] = (ask._replace(at_ms=int(now * 1000)), now)
                self.world.wakes.pop(key, None)
            self.world.waiting.pop(key, None)

    def waiting_asks(self, session_id: str) -> tuple[Ask, ...]:
        """List waits; see :meth:`oxtail.ports.Store.waiting_asks`."""
        with self._settled_asks(session_id):
            found = [ask for ask, _ in self.world.waiting.values() if ask.session_id == session_id]
        return tuple(sorted(found, key=lambda ask: (ask.at_ms, ask.request_id)))

    def pending_asks(self, session_id: str) -> tuple[Ask, ...]:
        """List pending asks; see :meth:`oxtail.ports.Store.pending_asks`."""
        with self._settled_asks(session_id):
            found = [
                ask
                for ask, at in self.world.pending.values()
                if ask.session_id == session_id and self._clock.now() - at < self._ttl
            ]
        return tuple(sorted(found, key=lambda ask: (ask.at_ms, ask.request_id)))

    def consume_pending_ask(self, session_id: str, request_id: str) -> bool:
        """Take a pending ask; see :meth:`oxtail.ports.Store.consume_pending_ask`."""
        with self._settled_asks(session_id, request_id):
            record = self.world.pending.pop((session_id, request_id), None)
        return record is not None and self._clock.now() - record[1] < self._ttl

    def hand_on_ask(self, session_id: str, request_id: str, target: str, message_id: str) -> bool:
        """Change who answers; see :meth:`oxtail.ports.Store.hand_on_ask`."""
        key = (session_id, request_id)
        with self.world.lock:
            if key not in self.world.pending:
                return False
            ask, at = self.world.pending[key]
            self.world.pending[key] = (ask._replace(target=target, message_id=message_id), at)
            return True

    def woken_for_ask(self, session_id: str, request_id: str) -> bool:
        """Count a wake; see :meth:`oxtail.ports.Store.woken_for_ask`."""
        key = (session_id, request_id)
        with self.world.lock:
            if key not in self.world.pending:
                return False
            self.world.wakes[key] = self.world.wakes.get(key, 0) + 1
            return True

    def all_asks(self, limit: int) -> tuple[OpenAsk, ...]:
        """List open questions of all; see :meth:`oxtail.ports.Store.all_asks`."""
        from oxtail.core.correlation import OpenAsk

        now = self._clock.now()
        with self.world.lock:
            found = {
                key: OpenAsk(ask, False, at, self.world.wakes.get(key, 0))
                for key, (ask, at) in self.world.pending.items()
                if now - at < self._ttl
            }
            for key, (ask, owner) in self.world.waiting.items():
                waited_on = owner not in self.world.dead
                found.setdefault(key, OpenAsk(ask, waited_on, ask.at_ms / 1000))
        chosen = list(found.values())[:limit]
        return tuple(sorted(chosen, key=lambda one: (one.since, one.ask)))

    def sweep_asks(self) -> None:
        """Tidy the open questions; see :meth:`oxtail.ports.Store.sweep_asks`."""
        now = self._clock.now()
        with self._settled_asks():
            world = self.world
            world.pending = {k: p for k, p in world.pending.items() if now - p[1] < self._ttl}
            world.wakes = {k: n for k, n in world.wakes.items() if k in world.pending}

    @contextmanager
    def _settled_asks(self, *key: str) -> Iterator[None]:
        """Hold the lock; waits of dead owners that match *key* have become what they are now."""
        with self.world.lock:
            for full_key, (ask, owner) in list(self.world.waiting.items()):
                if owner in self.world.dead and full_key[: len(key)] == key:
                    self._bereave(ask)
            yield

    def _bereave(self, ask: Ask) -> None:
        """Bring the records of a question to where it stands after the death of its asker."""
        from oxtail.core.correlation import State, after_death

        (self.suspend_ask if after_death() is State.PENDING else self.close_ask)(ask)
