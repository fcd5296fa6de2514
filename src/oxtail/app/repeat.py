"""Sending the same message again: an id that a retry finds again, and what the first try left.

A step of :mod:`oxtail.app.send`.  The id is made of the sender and its idempotency key, so a retry
has the id of the first try, and the store keeps one of them.  A key is good for as long as the
sender's record of the message is kept, a week.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.app.ids import heir_of
from oxtail.core.entry import Entry, Known
from oxtail.core.envelope import DEADLINE
from oxtail.core.names import repeatable_id
from oxtail.core.value import Value
from oxtail.errors import BadArgument, IdempotencyConflict, NoSessionId

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.core.envelope import Envelope
    from oxtail.core.mail import Sent
    from oxtail.core.remote import Peer

KEY_MAX_CHARS: Final = 200


def message_id_for(ctx: Context, key: str) -> str:
    """Return the id of the message that this session sends under *key*.

    Raises:
        BadArgument: *key* is empty or too long.
        NoSessionId: the session has not said who it is, so the key is nobody's.
    """
    if not 0 < len(key) <= KEY_MAX_CHARS:
        raise BadArgument("idempotency_key", f"must have 1 to {KEY_MAX_CHARS} characters")
    if ctx.session.id is None:
        raise NoSessionId("An idempotency key belongs to a session: call claim_session first.")
    # The first try may have been made before this conversation got its present id; then it had the
    # oldest one, which a new id does not change.
    tries = [repeatable_id(each, key) for each in ctx.session.ids()]
    return next((each for each in tries if ctx.store.sent(each)), tries[-1])


def _is_to(ctx: Context, sent: Sent, peer: Peer) -> bool:
    if sent.target_session_id is not None:
        return peer.session_id in (
            sent.target_session_id,
            heir_of(ctx, sent.target_session_id),
        )
    return isinstance(peer, Entry) and peer.server_pid == sent.target_server_pid


class Earlier(Value):
    """What is left of an earlier try.

    Attributes:
        was_made: Whether there was one.
        is_committed: Whether it is known to have committed the mail.
        peer: Whom it was for: the receiver, perhaps under an earlier id.
        deadline: When it said that the work is due, as far as the receiver's ledger tells.
    """

    was_made: bool
    is_committed: bool
    peer: Peer
    deadline: int | None = None

    def dated(self, envelope: Envelope) -> Envelope:
        """Return *envelope* with the deadline of this try: it stands in the receiver's ledger."""
        extra = tuple(member for member in envelope.extra if member[0] != DEADLINE)
        due = ((DEADLINE, self.deadline),) if self.deadline is not None else ()
        return envelope._replace(extra=(*due, *extra))


def earlier_try(ctx: Context, peer: Peer, envelope: Envelope) -> Earlier:
    """Return what is left of an earlier try to send *envelope* to *peer*.

    Raises:
        IdempotencyConflict: the earlier one had another text or another receiver.
    """
    sent = ctx.store.sent(envelope.id)
    if sent and not _is_to(ctx, sent, peer):
        raise IdempotencyConflict(message_id=envelope.id, target_session_id=sent.target_session_id)
    ids = (peer.session_id, *ctx.lineage.former(peer.session_id)) if peer.session_id else ()
    before = ctx.work.find(ids, envelope.id)
    if before is None:
        return Earlier(sent is not None, sent is not None, peer)
    if before.message.body != envelope.body:
        raise IdempotencyConflict(message_id=envelope.id, target_session_id=peer.session_id)
    at = peer
    if before.session_id != peer.session_id:
        # One message must not be in two ledgers, or it would be work twice.
        at = Known(before.session_id, None, "unknown", "", 0)
    # Work that has ended was delivered, whatever became of the sender's record.
    return Earlier(True, sent is not None or before.has_ended, at, before.message.deadline)
