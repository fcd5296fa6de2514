"""How a session comes by the past of earlier ids, and which of them are its own.

A client gives a conversation a new id when it is cleared, resumed or forked.  The new id inherits:
what is looked up by session is looked up under the earlier ids too.  Rules of this file:

* Only an id that the client itself has named is inherited from; a guess may be a stranger's id.
* An id under which another process runs is nobody's past, so a fork of it inherits nothing.
* A failing disk costs the record, and is tried again; the mail goes on being read meanwhile.

See ``docs/concepts.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.lineage import FORMER_MAX, past_of
from oxtail.core.names import session_box
from oxtail.core.value import Value
from oxtail.errors import StoreError

if TYPE_CHECKING:
    from oxtail.ports import Lineage, Registry, Store
    from oxtail.trace import Trace


class _Owed(Value):
    """A succession that could not be recorded.

    Attributes:
        former: The id before.
        heir: The id after.
        source: How it was learned.
        holder: The process that ran under the id before, or None where the disk refused.
    """

    former: str
    heir: str
    source: str
    holder: int | None


class Succession:
    """The earlier ids of one session.

    Args:
        lineage: Where successions are recorded.
        registry: Who is running.
        store: Where the mail is.
        trace: Where events go.
        own_pid: This process.
    """

    def __init__(
        self, lineage: Lineage, registry: Registry, store: Store, trace: Trace, *, own_pid: int
    ) -> None:
        self._lineage = lineage
        self._registry = registry
        self._store = store
        self._trace = trace
        self._own_pid = own_pid
        self._owed: _Owed | None = None

    def former(self, session_id: str) -> tuple[str, ...]:
        """Return the earlier ids of *session_id* that are its own now, the youngest first."""
        try:
            found = self._lineage.former(session_id)
        except StoreError as error:
            self._trace("lineage_failed", session_id=session_id, error=error.message)
            found = ()
        owed = self._owed
        if owed and owed.heir == session_id and owed.holder is None:
            found = past_of(session_id, (owed.former,), found)
        return tuple(each for each in found if not self._runs_elsewhere(each))

    def _runs_elsewhere(self, session_id: str) -> bool:
        """Tell whether a process runs under an earlier id, as peers of other kinds may."""
        for pid in self._registry.pids_of(session_id):
            entry = self._registry.live(pid) if pid != self._own_pid else None
            if entry and entry.session_id == session_id:
                return True
        return False

    def begin(self, session_id: str) -> None:
        """Say that *session_id* runs here; an id that had followed it follows it no longer."""
        try:
            heir = self._lineage.heir(session_id)
            if heir != session_id:
                self._lineage.returned(session_id)
                self._trace("session_returned", session_id=session_id, heir=heir)
        except StoreError as error:
            self._trace("lineage_failed", session_id=session_id, error=error.message)

    def follow(self, former: str, heir: str, source: str) -> None:
        """Let *heir* inherit from *former*, unless somebody else has, or is *former* still."""
        holder = self._registry.holder(former)
        if holder is not None:
            self._owed = _Owed(former, heir, source, holder.server_pid)
            self._trace("lineage_withheld", former=former, heir=heir, holder=holder.server_pid)
            return
        self._record(_Owed(former, heir, source, None))

    def catch_up(self, session_id: str) -> None:
        """Record what could not be recorded, now that *session_id* is confirmed once more."""
        owed = self._owed
        if owed is None or owed.heir != session_id:
            return
        if owed.holder is None:
            self._record(owed)
            return
        entry = self._registry.live(owed.holder)
        if entry is None:
            # The one who was it has ended and may come back: its mail waits for it.
            self._owed = None
        elif entry.session_id != owed.former:
            # It was a fork as well, and goes by an id of its own now.
            self.follow(owed.former, owed.heir, owed.source)

    def _record(self, owed: _Owed) -> None:
        try:
            ids = (owed.former, *self._lineage.former(owed.former))
            inherits = self._lineage.record(owed.former, owed.heir, owed.source)
        except StoreError as error:
            self._owed = owed
            self._trace("lineage_failed", session_id=owed.heir, error=error.message)
            return
        self._owed = None
        self._trace("session_renamed", session_id=owed.heir, former=owed.former, inherits=inherits)
        if inherits:
            self._bring(ids[FORMER_MAX:], owed.heir)

    def _bring(self, forgotten: tuple[str, ...], heir: str) -> None:
        """Move the mail of ids that are too old to be looked through into the box of *heir*."""
        for session_id in forgotten:
            if session_id == heir:
                continue
            try:
                self._store.adopt_box(session_box(session_id), session_box(heir))
            except StoreError as error:
                self._trace("lineage_failed", session_id=session_id, error=error.message)
