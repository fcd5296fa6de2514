"""Records beside the mail: work, proofs, lineage, traffic, policies, notices, history.

Every method may raise :class:`~oxtail.errors.StoreError` unless it says that it never raises; none
leaves half a record visible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from contextlib import AbstractContextManager

    from oxtail.core.evidence import Elsewhere, InContext, Offered
    from oxtail.core.governor import Passed
    from oxtail.core.history import Bookmark, Record, Wanted
    from oxtail.core.mail import Expired, Load
    from oxtail.core.notice import Notice
    from oxtail.core.policy import Policy
    from oxtail.core.words import Words
    from oxtail.core.work import Closing, Owed


class Work(Protocol):
    """Delegated work, in the ledgers of those who owe it, and how it is closed."""

    def open_of(self, session_ids: Sequence[str]) -> tuple[Owed, ...]:
        """Return the work in the ledgers of *session_ids* that has not ended, oldest first.

        Each id comes once.  Work that is being closed is among it, and says so.
        """

    def find(self, session_ids: Sequence[str], message_id: str) -> Owed | None:
        """Return the message *message_id* in one of these ledgers, work or not, or None."""

    def begin(self, closing: Closing) -> Closing | None:
        """Record that work is being closed, synced.

        Of several that close the same work exactly one counts.

        Returns:
            None where *closing* counts and is now to be carried out.  Otherwise the closing that
            counts, or, where the work has ended, what its ledger says about its end.
        """

    def closings(self, session_ids: Sequence[str]) -> tuple[Closing, ...]:
        """Return the closings of these sessions that were begun and not finished, oldest first."""

    def finish(self, closing: Closing) -> bool:
        """Make the work terminal in its ledger, then forget *closing*.

        What ended before stays as it ended; work that is in the ledger no more is only forgotten.

        Returns:
            False if the work was terminal before.
        """


class Evidence(Protocol):
    """Proofs about single messages beside their receipts."""

    def offered(self, offered: Offered) -> None:
        """Record the latest offer of a message; never raises, a failure is traced."""

    def offer_of(self, message_id: str) -> Offered | None:
        """Return the latest offer of a message, or None."""

    def found(self, place: InContext) -> None:
        """Record where a message was found in a transcript; the first one counts."""

    def context_of(self, message_id: str) -> InContext | None:
        """Return where a message was found in its receiver's transcript, or None."""

    def heard(self, record: Elsewhere) -> None:
        """Record what became of a message on another host, unless more is known already."""

    def elsewhere(self, message_id: str) -> Elsewhere | None:
        """Return what became of a message on another host, or None if it never went to one."""


class Lineage(Protocol):
    """Which session ids name the same conversation, one after the other."""

    def record(self, former: str, heir: str, source: str) -> bool:
        """Record that *heir* goes on where *former* ended; return whether *heir* now counts as it.

        The first heir of a session counts; a second one, of a fork, inherits nothing.  An *heir*
        that was followed by others, and is named again, is itself again.
        """

    def heir(self, session_id: str) -> str:
        """Return the session id that *session_id* goes by now; itself where it has no heir."""

    def former(self, session_id: str) -> tuple[str, ...]:
        """Return the earlier ids of *session_id*, the youngest first, at most sixty-four.

        The earlier ids of an id that goes by another one now are that one's.
        """

    def returned(self, session_id: str) -> None:
        """Record that *session_id* runs again by itself: it has no heir from now on."""

    def sweep(self, in_use: Collection[str]) -> None:
        """Forget what is old and leads to none of the sessions *in_use*."""


class Shelf(Protocol):
    """Mail that waits in the boxes of sessions that are not running, and how much of it there is.

    ``docs/concepts.md`` says what becomes of it.
    """

    def load(self, box: str) -> Load:
        """Return how much lies in *box*; takes no lock."""

    def expire(self, spared: Collection[str], before: float) -> tuple[Expired, ...]:
        """Set mail apart that was sent before the time *before*, in unix seconds.

        It is looked for in all boxes of sessions but those that are *spared*.  What was set apart
        long ago is removed.  A crash between the steps may set a message apart twice, and never
        loses it.
        """

    def expired_at(self, message_id: str) -> int | None:
        """Return when a message was set apart, in unix seconds, or None."""


class Traffic(Protocol):
    """What has passed between two sessions of late, for the governor.

    A hint, not a record: it may lack what other processes send at this moment.  Never raises; what
    cannot be read counts as nothing and is traced.
    """

    def note(self, sender: str, receiver: str, passed: Passed) -> None:
        """Remember that a message has passed from *sender* to *receiver*."""

    def between(self, sender: str, receiver: str, most: int) -> Sequence[Passed]:
        """Return what has passed between two sessions in both directions, oldest first.

        Only the latest *most* messages, or fewer where that is more than is kept (at least 4096).
        ``is_back`` is as *sender* sees it.
        """

    def of(self, sender: str, most: int) -> Sequence[Passed]:
        """Return what *sender* has sent to anybody, as :meth:`between`."""

    def is_news(self, matter: str, now: float) -> bool:
        """Tell whether *matter* comes up for the first time in ten minutes, and remember it.

        Of several callers at once one is told so.
        """


class Policies(Protocol):
    """Whose mail a session or a project accepts."""

    def are_set(self) -> bool:
        """Tell whether there may be a policy at all; costs one look.  Never raises."""

    def of_session(self, session_id: str) -> Policy:
        """Return the policy of a session; empty where none is set.

        A damaged policy is set aside with a notice and counts as empty.
        """

    def of_project(self, root: str) -> Policy:
        """Return the policy of a project; see :meth:`of_session`."""

    def changing(self) -> AbstractContextManager[None]:
        """Keep everybody else from changing policies; what is read inside is what is replaced.

        Raises:
            LockBusy: somebody else changes one and does not end.
            StoreError: the lock cannot be had.
        """
        ...

    def set_session(self, session_id: str, policy: Policy) -> None:
        """Replace the policy of a session, in one step; an empty one removes it."""

    def set_project(self, root: str, policy: Policy) -> None:
        """Replace the policy of a project; see :meth:`set_session`."""


class Notices(Protocol):
    """Lines for the human: what was damped, overdue, expired or set aside.  Never raises."""

    def say(self, notice: Notice) -> None:
        """Keep *notice*; the oldest ones are dropped over the bound."""

    def recent(self, limit: int) -> tuple[Notice, ...]:
        """Return the latest notices, oldest first."""


class History(Protocol):
    """All messages that the ledgers still hold, for people who look back.

    It takes no lock and changes no ledger.  Records are in the order of their times; those of one
    second are in the order of their ledgers' names, and within a ledger in the order of its lines.
    A message that a ledger has twice is one record.  What cannot be read is left out and reported.
    """

    def records(self, wanted: Wanted) -> Iterator[Record]:
        """Yield the records that are wanted, oldest first, holding one in memory at a time."""

    def after(self, mark: Bookmark, wanted: Wanted) -> tuple[tuple[Record, ...], Bookmark]:
        """Return the wanted records that came since *mark*, and how far the ledgers were read now.

        After an empty mark that is all of them.  No record is returned again that an earlier call
        returned or passed over, and none is lost when a ledger is compacted in between, unless it
        was dropped before this call.
        """

    def search(self, words: Words, wanted: Wanted) -> tuple[tuple[Record, ...], str | None]:
        """Return the wanted records whose bodies hold *words*, and a remark for the human, if any.

        The answer is the same with an index and without one; an index that is missing or no good is
        built anew, and the remark says so.
        """
