"""The file store: what :class:`oxtail.ports.Store` promises, on a folder shared by all peers.

Only composition and order live here.  The order of :meth:`FileStore.put` is the heart of it:
handle, then mail, then everything that may fail.  ``docs/states.md`` has the states on disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from oxtail.core.envelope import Envelope, encode
from oxtail.core.later import Later
from oxtail.core.mail import Claim, Peek, Receipt, Sent
from oxtail.errors import BadArgument, DamagedRecord, StoreError
from oxtail.store.files import lines
from oxtail.store.files.bell import Bells, FileBell
from oxtail.store.files.box import Boxes, OpenBox
from oxtail.store.files.ledger import Ledgers
from oxtail.store.files.locks import Locks
from oxtail.store.files.records import Receipts
from oxtail.store.files.shown import Shown
from oxtail.trace import Trace, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from oxtail.core.address import Route
    from oxtail.core.correlation import Ask, OpenAsk
    from oxtail.core.owner import Owner
    from oxtail.disk.atomic import Disk
    from oxtail.ports import Clock, Ids
    from oxtail.store.files.asks import Asks
    from oxtail.store.files.claims import Claims
    from oxtail.store.files.sent import SentRecords
    from oxtail.store.files.spares import Spares


def _encode(envelope: Envelope) -> bytes:
    try:
        return encode(envelope)
    except ValueError as error:
        raise BadArgument("id", "must be sixteen lower-case hex digits") from error


class FileStore:
    """A :class:`oxtail.ports.Store` on files.

    Args:
        disk: The state folder.
        clock: Time.
        ids: Names for claims.
        received_max: Messages that a ledger keeps at least; values below 1000 count as 1000.
        pending_ask_ttl_ms: How long a pending ask counts, in milliseconds.
        pending_wake_ttl_ms: How long a wish to wake an npm peer is kept, in milliseconds.
        lock_budget_ms: Longest wait for one lock, in milliseconds.
        owner: This process.
        provably_dead: Tells whether another process has ended; doubt means False.
        referenced_boxes: Returns the names of all boxes that some session may still read; without
            it the sweep removes no box.
        spares: Lock folders to use again, for a process that stays.
        stays: Whether this process calls :meth:`settle` now and then.
        trace: Where events go.
    """

    def __init__(
        self,
        disk: Disk,
        clock: Clock,
        ids: Ids,
        *,
        received_max: int,
        pending_ask_ttl_ms: int,
        lock_budget_ms: int,
        owner: Owner,
        provably_dead: Callable[[Owner], bool],
        pending_wake_ttl_ms: int = 3_600_000,
        referenced_boxes: Callable[[], Collection[str]] | None = None,
        spares: Spares | None = None,
        stays: bool = False,
        trace: Trace = silent,
    ) -> None:
        self._clock = clock
        self._disk = disk
        self._trace = trace
        self._referenced_boxes = referenced_boxes
        self._pending_wake_ttl = pending_wake_ttl_ms / 1000
        self._locks = Locks(disk, lock_budget_ms / 1000, trace, spares)
        self._bells = Bells(disk)
        self._boxes = Boxes(disk, self._locks, self._bells)
        self._ledgers = Ledgers(disk, self._locks, received_max, trace)
        self._receipts = Receipts(disk, clock)
        self._sent = cast("SentRecords", Later(lambda: self._open_sent(stays)))
        # A command that sends takes no mail and asks nothing.
        self._claims = cast("Claims", Later(lambda: self._open_claims(owner, provably_dead, ids)))
        self._asks = cast(
            "Asks",
            Later(lambda: self._open_asks(owner, provably_dead, pending_ask_ttl_ms / 1000)),
        )
        self._shown = Shown(self._claims, self._receipts, clock, trace)
        self._hurried: dict[int, FileStore] = {}

        def with_budget(budget_ms: int) -> FileStore:
            return FileStore(
                disk,
                clock,
                ids,
                received_max=received_max,
                pending_ask_ttl_ms=pending_ask_ttl_ms,
                pending_wake_ttl_ms=pending_wake_ttl_ms,
                lock_budget_ms=min(budget_ms, lock_budget_ms),
                owner=owner,
                provably_dead=provably_dead,
                referenced_boxes=referenced_boxes,
                spares=spares,
                trace=trace,
            )

        self._with_budget = with_budget

    def _open_claims(
        self, owner: Owner, provably_dead: Callable[[Owner], bool], ids: Ids
    ) -> Claims:
        from oxtail.store.files.claims import Claims

        return Claims(
            self._disk,
            self._boxes,
            owner=owner,
            provably_dead=provably_dead,
            was_shown=self._receipts.was_shown,
            clock=self._clock,
            ids=ids,
        )

    def _open_sent(self, defers: bool) -> SentRecords:
        from oxtail.store.files.sent import SentRecords

        return SentRecords(self._disk, self._clock, defers=defers)

    def _open_asks(self, owner: Owner, provably_dead: Callable[[Owner], bool], ttl: float) -> Asks:
        from oxtail.store.files.asks import Asks

        return Asks(self._disk, self._clock, ttl, owner=owner, provably_dead=provably_dead)

    def hurried(self, budget_ms: int) -> FileStore:
        """Return a store that waits less; see :meth:`oxtail.ports.Store.hurried`."""
        # One for each budget: a claim that could not be returned is the claimer's to return.
        if budget_ms not in self._hurried:
            self._hurried.setdefault(budget_ms, self._with_budget(budget_ms))
        return self._hurried[budget_ms]

    # ------------------------------------------------------------------ sending

    def put(self, route: Route, envelope: Envelope, *, repeat: bool = False) -> None:
        """Make a message exist; see :meth:`oxtail.ports.Store.put`.

        Commit point: the line is in the box and synced.
        """
        line = _encode(envelope)
        if route.session_id and not route.is_held:
            self._ledgers.record(route.session_id, envelope.id, line, repeat=repeat)

        def is_known(box: OpenBox) -> bool:
            # A message goes from the box into a claim under the box's lock, and from the claim to
            # its receipt under none; so they are looked for in this order.
            return (
                lines.has_message(box.read(), envelope.id)
                or self._claims.holds(None, envelope.id)
                or self._receipts.was_shown(envelope.id)
            )

        self._boxes.append(route.box, line, is_known if repeat else None)
        self._record_sent(route, envelope, fresh=not repeat)

    def _record_sent(self, route: Route, envelope: Envelope, *, fresh: bool) -> None:
        sent = Sent(
            envelope.id,
            envelope.enqueued_at,
            route.session_id,
            route.server_pid,
            envelope.from_session_id,
        )
        try:
            self._sent.write(sent, fresh=fresh)
        except StoreError as error:
            # The message is committed: no later fault turns that into an error.
            self._trace("sender_record_failed", message_id=envelope.id, error=error.message)

    def settle(self, most: int | None = None) -> bool:
        """Do what a send has left for later; see :meth:`oxtail.ports.Store.settle`."""
        return self._sent.settle(most)

    def close(self) -> None:
        """Leave nothing for later; see :meth:`oxtail.ports.Store.close`."""
        self._sent.close()

    def put_copy(self, box: str, envelope: Envelope) -> None:
        """Append to one more box; see :meth:`oxtail.ports.Store.put_copy`."""
        self._boxes.append(box, _encode(envelope))

    # ------------------------------------------------------------------ reading

    def peek(self, boxes: Sequence[str]) -> Peek:
        """Look without taking; see :meth:`oxtail.ports.Store.peek`."""
        return self._claims.peek(boxes)

    def claim(self, boxes: Sequence[str], ids: Collection[str]) -> Claim:
        """Take messages and hold them; see :meth:`oxtail.ports.Store.claim`.

        Commit point: the claim file is published, synced.
        """
        return self._claims.claim(boxes, ids)

    def ack(self, claim: Claim, via: str, session_id: str | None) -> None:
        """Finish a claim; see :meth:`oxtail.ports.Store.ack`.

        Commit point of each message: its receipt.  A receipt that cannot be made is traced, since
        the message was shown and must not come again.
        """
        self._shown.ack(claim, via, session_id)

    def release(self, claim: Claim) -> None:
        """Give a claim back; see :meth:`oxtail.ports.Store.release`.

        Never raises: what cannot be returned now is returned at this process's next look into the
        box, or after its death.
        """
        self._claims.release(claim.tokens)

    def forward(self, claim: Claim, ids: Collection[str]) -> None:
        """Drop what another host has taken over; see :meth:`oxtail.ports.Store.forward`.

        Commit point: the claim file is gone.  Never raises: what cannot be finished now is returned
        at this process's next look into the box, or after its death, and carried once more.
        """
        self._claims.forward(claim.tokens, ids)

    def retract(self, claim: Claim) -> None:
        """Undo an acknowledgement; see :meth:`oxtail.ports.Store.retract`.

        The claim is made again first, so a crash in between leaves it to be returned.
        """
        self._shown.retract(claim)

    # ------------------------------------------------------------------ records

    def lookup(self, session_id: str, message_id: str) -> Envelope | None:
        """Find a received message; see :meth:`oxtail.ports.Store.lookup`."""
        return self._ledgers.lookup(session_id, message_id)

    def answers(self, session_id: str, request_id: str, from_session_id: str) -> tuple[str, ...]:
        """Find answers; see :meth:`oxtail.ports.Store.answers`."""
        return self._ledgers.answers(session_id, request_id, from_session_id)

    def replies(
        self, session_id: str, message_id: str, request_id: str | None
    ) -> tuple[Envelope, ...]:
        """Find replies; see :meth:`oxtail.ports.Store.replies`."""
        return self._ledgers.replies(session_id, message_id, request_id)

    def latest_from(self, session_id: str, sender: str, since: int) -> tuple[Envelope, ...]:
        """Find messages of a sender; see :meth:`oxtail.ports.Store.latest_from`."""
        return self._ledgers.latest_from(session_id, sender, since)

    def shown_elsewhere(self, receipt: Receipt) -> bool:
        """Keep another host's receipt; see :meth:`oxtail.ports.Store.shown_elsewhere`."""
        return self._receipts.write(receipt)

    def receipt(self, message_id: str) -> Receipt | None:
        """Return a receipt; see :meth:`oxtail.ports.Store.receipt`."""
        return self._receipts.find(message_id)

    def sent(self, message_id: str) -> Sent | None:
        """Return a sender's record; see :meth:`oxtail.ports.Store.sent`."""
        return self._sent.find(message_id)

    def is_waiting(self, boxes: Sequence[str], message_id: str) -> bool:
        """Tell whether a message is still on its way; see :meth:`oxtail.ports.Store.is_waiting`."""
        # Looked for twice in the boxes, since a claim may be given back in between.
        return (
            self._lies_in(boxes, message_id)
            or self._claims.holds(boxes, message_id)
            or self._lies_in(boxes, message_id)
        )

    def _lies_in(self, boxes: Sequence[str], message_id: str) -> bool:
        for name in boxes:
            try:
                if lines.has_message(self._boxes.read(name), message_id):
                    return True
            except DamagedRecord:
                continue  # the next reader of the box sets it aside
        return False

    # ------------------------------------------------------------------ boxes

    def adopt_box(self, source: str, target: str, ids: Collection[str] | None = None) -> int:
        """Move a box; see :meth:`oxtail.ports.Store.adopt_box`.

        Commit point: the lines are in the target, synced; only then the source is emptied.
        """
        self._claims.recover(source)
        return self._boxes.adopt(source, target, ids)

    def quarantine_box(self, box: str, reason: str) -> int:
        """Set a box aside; see :meth:`oxtail.ports.Store.quarantine_box`."""
        self._claims.recover(box)
        return self._boxes.quarantine(box, reason)

    def has_mail(self, box: str) -> bool:
        """Tell whether a box holds anything; see :meth:`oxtail.ports.Store.has_mail`."""
        return not self._boxes.is_empty(box) or self._claims.holds_any(box)

    def bell(self, boxes: Sequence[str], *, patient: bool = False) -> FileBell:
        """Return a doorbell; see :meth:`oxtail.ports.Store.bell`."""
        distinct = tuple(dict.fromkeys(boxes))
        paths = [self._boxes.path(name) for name in distinct]
        return self._bells.bell(distinct, paths, patient=patient)

    def ring(self, box: str) -> None:
        """Ring the bells of a box; see :meth:`oxtail.ports.Store.ring`."""
        self._bells.ring(box)

    # ------------------------------------------------------------------ questions

    def open_ask(self, ask: Ask) -> None:
        """Record a wait; see :meth:`oxtail.ports.Store.open_ask`."""
        self._asks.open(ask)

    def close_ask(self, ask: Ask) -> None:
        """Forget a question; see :meth:`oxtail.ports.Store.close_ask`."""
        self._asks.close(ask)

    def suspend_ask(self, ask: Ask) -> None:
        """Stop waiting; see :meth:`oxtail.ports.Store.suspend_ask`."""
        self._asks.suspend(ask)

    def waiting_asks(self, session_id: str) -> tuple[Ask, ...]:
        """List waits; see :meth:`oxtail.ports.Store.waiting_asks`."""
        return self._asks.waiting(session_id)

    def pending_asks(self, session_id: str) -> tuple[Ask, ...]:
        """List pending asks; see :meth:`oxtail.ports.Store.pending_asks`."""
        return self._asks.pending(session_id)

    def consume_pending_ask(self, session_id: str, request_id: str) -> bool:
        """Take a pending ask; see :meth:`oxtail.ports.Store.consume_pending_ask`."""
        return self._asks.consume(session_id, request_id)

    def hand_on_ask(self, session_id: str, request_id: str, target: str, message_id: str) -> bool:
        """Change who answers; see :meth:`oxtail.ports.Store.hand_on_ask`."""
        return self._asks.hand_on(session_id, request_id, target, message_id)

    def woken_for_ask(self, session_id: str, request_id: str) -> bool:
        """Count a wake; see :meth:`oxtail.ports.Store.woken_for_ask`."""
        return self._asks.woken(session_id, request_id)

    def all_asks(self, limit: int) -> tuple[OpenAsk, ...]:
        """List open questions of all; see :meth:`oxtail.ports.Store.all_asks`."""
        return self._asks.everybodys(limit)

    def sweep_asks(self) -> None:
        """Tidy the open questions; see :meth:`oxtail.ports.Store.sweep_asks`."""
        self._asks.sweep()

    def sweep(self) -> None:
        """Remove what is old; see :meth:`oxtail.ports.Store.sweep`.  Never raises."""
        from oxtail.store.files import sweep

        sweeper = sweep.Sweeper(self._disk, self._locks, self._clock, self._pending_wake_ttl)

        def unread_boxes() -> None:
            if self._referenced_boxes:
                sweeper.unread_boxes(self._referenced_boxes())

        sweep.run(
            (
                self._claims.recover_all,
                self._asks.sweep,
                self._sent.settle_for_the_dead,
                sweeper.records,
                sweeper.wakes,
                sweeper.traffic,
                sweeper.temporaries,
                sweeper.locks,
                unread_boxes,
                self._bells.sweep,
            ),
            self._disk,
        )
