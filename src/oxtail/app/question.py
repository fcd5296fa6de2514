"""Where a question stands, and the record that leads its answer back to the asker.

The rule: :data:`oxtail.core.correlation.TRANSITIONS` decides what becomes of a question, and what
becomes of it decides its record.  The asker keeps the state; after its death the next reader of the
record does the same for it, in the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.correlation import ENDS, FIRST, WAITED_FOR, Event, State, advance

if TYPE_CHECKING:
    from oxtail.core.correlation import Ask
    from oxtail.ports import Store


class Life:
    """The life of one question, as its asker sees it.

    Args:
        store: Where the record is.
        ask: The question.
        is_recorded: Whether it has a record; one of a session without an id has none.
        is_strict: Whether the peer marks its answers, so that a late one can be matched.
    """

    def __init__(self, store: Store, ask: Ask, *, is_recorded: bool, is_strict: bool) -> None:
        self._store = store
        self._ask = ask
        self._is_recorded = is_recorded
        self._is_strict = is_strict
        self.state = FIRST

    def begin(self) -> None:
        """Record that somebody waits, before the question is sent.

        Raises:
            StoreError: it could not be recorded; nothing may be sent.
        """
        if self._is_recorded:
            self._store.open_ask(self._ask)

    def on(self, event: Event) -> None:
        """Take *event* in, and bring the record to what the question is then.

        Raises:
            ValueError: it cannot happen to the question now; nothing has changed.
            StoreError: the record could not be changed; the question stands where it stood.
        """
        after = advance(self.state, event)
        if self._is_recorded and after is State.PENDING:
            self._store.suspend_ask(self._ask)
        elif self._is_recorded and after in ENDS:
            self._store.close_ask(self._ask)
        self.state = after

    def stop_waiting(self, event: Event) -> None:
        """End the wait for *event*, unless it has ended; a late answer then pulls its asker back.

        Of a peer that cannot mark its answers none could be matched, so nothing is kept.

        Raises:
            StoreError: as for :meth:`on`.
        """
        if self.state in WAITED_FOR:
            self.on(event if self._is_strict else Event.GAVE_UP)
