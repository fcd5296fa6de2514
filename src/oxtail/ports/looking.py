"""What a person looks at: the state folder as it is, read and left alone.

Nothing here takes mail, takes a lock, mends, or sets damage aside; only
:meth:`Acknowledged.update` writes, when a person says so.  Looking again costs little while
nothing has changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from oxtail.core.census import BoxView, LedgerView
    from oxtail.core.envelope import Envelope
    from oxtail.core.history import Record


class Lookout(Protocol):
    """Boxes and ledgers, seen from outside.

    It raises nothing because of what a record holds or because one cannot be read: then the view
    says that it is not sure.  Used by one thread at a time.
    """

    def box(self, name: str) -> BoxView:
        """Return what waits in the box *name*."""

    def letters(self, name: str, newest: int) -> tuple[Envelope, ...]:
        """Return the *newest* messages in the box *name*, oldest first."""

    def ledger(self, session_id: str) -> LedgerView:
        """Return what the ledger of *session_id* says about waits and work."""

    def latest(self, session_ids: Sequence[str], newest: int) -> tuple[Record, ...]:
        """Return the *newest* messages in the ledgers of *session_ids*, oldest first.

        A message that is in several ledgers is returned once.
        """


class Acknowledged(Protocol):
    """Trouble that a person knows of, by its keys, for one project or for all of them."""

    def keys(self, root: str | None) -> frozenset[str]:
        """Return what was acknowledged for the project at *root*; for None, in any project.

        What was acknowledged for all projects counts in each.

        Raises:
            StoreError: the records cannot be read.
        """

    def update(self, root: str | None, add: Mapping[str, int], keep: Collection[str]) -> None:
        """Acknowledge the keys *add*, each at its time (unix seconds).

        Of what was acknowledged before, what is not in *keep* is over and forgotten; of more keys
        than are kept the oldest are dropped.

        Raises:
            StoreError: the record could not be written; the old one stands.
        """
