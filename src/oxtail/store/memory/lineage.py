"""Which session id follows which, in memory; the twin of :mod:`oxtail.store.files.lineage`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from oxtail.core.lineage import heir_of, past_of, verified
from oxtail.core.names import is_session_id

if TYPE_CHECKING:
    from collections.abc import Collection

    from oxtail.ports import Clock

KEEP_SECONDS = 30 * 86_400
"""As on files."""


class MemoryLineage:
    """A :class:`oxtail.ports.Lineage` that ends with the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._next: dict[str, str] = {}
        self._past: dict[str, tuple[str, ...]] = {}
        self._at: dict[str, float] = {}

    def record(self, former: str, heir: str, source: str) -> bool:  # noqa: ARG002 - nobody reads it
        """Record an heir; see :meth:`oxtail.ports.Lineage.record`."""
        if former == heir or not (is_session_id(former) and is_session_id(heir)):
            return False
        with self._lock:
            if heir_of(former, self._next.get) != heir:
                if former in self._next:
                    return False
                self._next.pop(heir, None)
                self._next[former] = heir
                before = verified(former, self._past.get(former, ()), self._next.get)
                listed = past_of(heir, (former,), before, self._past.get(heir, ()))
            else:
                listed = past_of(heir, (former,), self._past.get(heir, ()))
            self._past[heir] = listed
            self._at[former] = self._at[heir] = self._clock.now()
            return True

    def heir(self, session_id: str) -> str:
        """Return the id that *session_id* goes by now; see :meth:`oxtail.ports.Lineage.heir`."""
        with self._lock:
            return heir_of(session_id, self._next.get)

    def former(self, session_id: str) -> tuple[str, ...]:
        """Return the earlier ids; see :meth:`oxtail.ports.Lineage.former`."""
        with self._lock:
            if session_id in self._next:
                return ()
            return verified(session_id, self._past.get(session_id, ()), self._next.get)

    def returned(self, session_id: str) -> None:
        """Let an id be itself again; see :meth:`oxtail.ports.Lineage.returned`."""
        with self._lock:
            self._next.pop(session_id, None)

    def sweep(self, in_use: Collection[str]) -> None:
        """Forget what is old; see :meth:`oxtail.ports.Lineage.sweep`."""
        oldest = self._clock.now() - KEEP_SECONDS
        with self._lock:
            for session_id, at in list(self._at.items()):
                if at >= oldest or session_id in in_use:
                    continue
                if heir_of(session_id, self._next.get) not in in_use:
                    self._next.pop(session_id, None)
                    self._past.pop(session_id, None)
                    del self._at[session_id]
