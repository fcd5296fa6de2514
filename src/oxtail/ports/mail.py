"""Mail and the records about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from oxtail.core.address import Route
    from oxtail.core.correlation import Ask, OpenAsk
    from oxtail.core.envelope import Envelope
    from oxtail.core.mail import Claim, Peek, Receipt, Sent


class Bell(Protocol):
    """A doorbell that a waiter listens to; a context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...

    def wait(self, timeout: float) -> bool:
        """Wait up to *timeout* seconds; return True if it rang, and forget all earlier rings.

        A ring is a hint: look into the box, whatever this returns.
        """

    def interrupt(self) -> None:
        """Make a :meth:`wait` in another thread return at once, now or later."""


class Store(Protocol):
    """Mail and the records about it.

    Every method may raise :class:`~oxtail.errors.StoreError`; none leaves half a record visible.
    """

    def put(self, route: Route, envelope: Envelope, *, repeat: bool = False) -> None:
        """Make *envelope* exist for the receiver of *route*.

        Commit point: the line is in the box and synced.  Before it the reply handle is written to
        the receiver's ledger, synced; after it the sender's record is made and the doorbell rung,
        and neither can fail the call.  A crash before the commit point leaves at most a handle
        without mail.  Mail that is held leaves no handle.

        Args:
            route: The receiver.
            envelope: The message; its id is fixed before the first try.
            repeat: True if the same id may have been put before.  Then a message that is already
                in the box, claimed, or shown is not put again, and a ledger line is not doubled.

        Raises:
            LockBusy: a lock stayed taken for the whole budget.
            StoreError: the disk refused.
        """

    def settle(self, most: int | None = None) -> bool:
        """Do what sends have left for a quiet moment, *most* of them; tell whether there is more.

        A process that stays calls it when it has nothing to do.  Nothing depends on when: senders'
        records are found before, too, by every process of this kind, and by npm peers after it.
        What a dead process has left, :meth:`sweep` does.
        """

    def close(self) -> None:
        """Leave nothing for later; the last call of a process that stays."""

    def put_copy(self, box: str, envelope: Envelope) -> None:
        """Append *envelope* to one more box of the same receiver; no ledger, no sender's record."""

    def peek(self, boxes: Sequence[str]) -> Peek:
        """Return the mail in *boxes* in order, taking nothing and no lock.

        Claims abandoned by dead processes are returned to these boxes first.
        A message with a receipt, or seen in an earlier box, is left out.
        """

    def claim(self, boxes: Sequence[str], ids: Collection[str]) -> Claim:
        """Take the messages with these *ids* out of *boxes* and hold them for this process.

        A copy of a message in a later box, and a message that has a receipt, is taken with the
        claim and not returned.  Lines that are no messages are set aside as damaged.
        After a crash the claim goes back to its boxes, unless the messages have receipts.
        """

    def ack(self, claim: Claim, via: str, session_id: str | None) -> None:
        """Finish *claim*: its messages were shown to *session_id* through *via*.

        Receipts are written first, then the claim is dropped.
        """

    def release(self, claim: Claim) -> None:
        """Return the mail of *claim* to the front of its boxes, unshown."""

    def forward(self, claim: Claim, ids: Collection[str]) -> None:
        """Drop the messages *ids* of *claim*, which another host has taken over.

        They get no receipts: nobody has seen them yet.  The rest of the claim goes back to the
        front of its boxes.  A crash on the way may repeat messages, with the same ids.
        """

    def retract(self, claim: Claim) -> None:
        """Undo an :meth:`ack`: withdraw the receipts and put the mail back into its boxes."""

    def lookup(self, session_id: str, message_id: str) -> Envelope | None:
        """Return the message *message_id* that *session_id* received, or None."""

    def answers(self, session_id: str, request_id: str, from_session_id: str) -> tuple[str, ...]:
        """Return ids of messages in the ledger of *session_id* that answer *request_id*."""

    def replies(
        self, session_id: str, message_id: str, request_id: str | None
    ) -> tuple[Envelope, ...]:
        """Return the messages in the ledger of *session_id* that reply to a message it has sent.

        They name *message_id* as their source, or answer *request_id*; oldest first.
        """

    def latest_from(self, session_id: str, sender: str, since: int) -> tuple[Envelope, ...]:
        """Return what is in the ledger of *session_id* from *sender*, the newest first.

        Only messages that were made after the second *since*.
        """

    def shown_elsewhere(self, receipt: Receipt) -> bool:
        """Keep the receipt of a message that was shown on another host; tell whether it is new."""

    def receipt(self, message_id: str) -> Receipt | None:
        """Return the proof that a message was shown, or None."""

    def sent(self, message_id: str) -> Sent | None:
        """Return the sender's record of a message, or None."""

    def is_waiting(self, boxes: Sequence[str], message_id: str) -> bool:
        """Tell whether a message lies in one of *boxes* or in a claim on them."""

    def adopt_box(self, source: str, target: str, ids: Collection[str] | None = None) -> int:
        """Move mail of box *source* to box *target*; return how many messages moved.

        All of it moves, or only the messages with these *ids*; one that is in the target already
        only leaves the source.  A crash between the two may repeat messages, with the same ids.
        """

    def quarantine_box(self, box: str, reason: str) -> int:
        """Set the content of *box* aside as damaged, because it belongs to somebody else."""

    def has_mail(self, box: str) -> bool:
        """Tell whether *box* holds anything."""

    def bell(self, boxes: Sequence[str], *, patient: bool = False) -> Bell:
        """Return a doorbell that rings when mail is put into one of *boxes*.

        Peers of other kinds do not ring, so a waiting bell also looks at the boxes: many times a
        second for whoever waits for an answer, once a second for a *patient* one that waits all
        day.  All boxes for other hosts have one bell: one for any of them rings for all.
        """

    def ring(self, box: str) -> None:
        """Ring the bells of *box*: something has become of its session's mail.  Never raises."""

    def open_ask(self, ask: Ask) -> None:
        """Record that this process waits for the answer to *ask*.

        Raises:
            StoreError: it cannot be recorded; then nothing may wait on it.
        """

    def close_ask(self, ask: Ask) -> None:
        """Forget an answered question, both the waiting record and the pending one."""

    def suspend_ask(self, ask: Ask) -> None:
        """Turn the waiting record of *ask* into a pending ask, which peers of all kinds see.

        From then on a late answer pulls the asker back.
        """

    def waiting_asks(self, session_id: str) -> tuple[Ask, ...]:
        """Return the questions that live processes of *session_id* are waiting on.

        Records whose process is provably dead become pending asks on the way.
        """

    def pending_asks(self, session_id: str) -> tuple[Ask, ...]:
        """Return the questions of *session_id* that nobody waits on any more, within the TTL."""

    def consume_pending_ask(self, session_id: str, request_id: str) -> bool:
        """Take the pending ask for an answer that arrives late; True for exactly one taker.

        A record older than the TTL is removed and counts as absent.  A waiting record of a dead
        process counts as pending.
        """

    def hand_on_ask(self, session_id: str, request_id: str, target: str, message_id: str) -> bool:
        """Note in a pending ask that *target* answers it now, by the message *message_id*.

        Its age stays.  False if there is no such pending ask.
        """

    def woken_for_ask(self, session_id: str, request_id: str) -> bool:
        """Count in a pending ask that its target was woken for it now.

        Its age stays.  False if there is no such pending ask any more.  One that is taken at this
        very moment may come back; whoever counts looks for the answer afterwards.
        """

    def all_asks(self, limit: int) -> tuple[OpenAsk, ...]:
        """Return at most *limit* open questions of all sessions, the longest open first.

        Which ones are left out if there are more is not defined.  This changes nothing: damaged
        records are left out, and the wait of a process that is provably dead is told as one that
        nobody waits on.
        """

    def sweep_asks(self) -> None:
        """Make pending asks of the waits of the dead, and remove those older than the TTL."""

    def sweep(self) -> None:
        """Remove what has outlived its use: old receipts, sender's records, temporary files."""

    def hurried(self, budget_ms: int) -> Store:
        """Return this store for a caller that waits for no lock longer than *budget_ms*.

        The same *budget_ms* gives the same store; claims of one are not seen as its own by another.
        """
