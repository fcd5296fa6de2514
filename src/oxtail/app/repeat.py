"""Sending the same message again: an id that a retry finds again, and what the first try left.

A step of :mod:`oxtail.app.send`.  The id is made of the sender and its idempotency key, so a retry
has the id of the first try, and the store keeps one of them.  A key is good for as long as the
sender's record of the message is kept, a week.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.entry import Entry
from oxtail.core.names import repeatable_id
from oxtail.errors import BadArgument, IdempotencyConflict, NoSessionId

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.core.entry import Known
    from oxtail.core.envelope import Envelope
    from oxtail.core.mail import Sent

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
    # The first try may have been made before this conversation got its present id.
    for former in ctx.session.ids()[1:]:
        if ctx.store.sent(repeatable_id(former, key)):
            return repeatable_id(former, key)
    return repeatable_id(ctx.session.id, key)


def _is_to(sent: Sent, peer: Entry | Known) -> bool:
    if sent.target_session_id is not None:
        return sent.target_session_id == peer.session_id
    return isinstance(peer, Entry) and peer.server_pid == sent.target_server_pid


def earlier_try(ctx: Context, peer: Entry | Known, envelope: Envelope) -> tuple[bool, bool]:
    """Return what is left of an earlier try to send *envelope* to *peer*.

    Returns:
        Whether there was one, and whether it is known to have committed the mail.

    Raises:
        IdempotencyConflict: the earlier one had another text or another receiver.
    """
    sent = ctx.store.sent(envelope.id)
    if sent and not _is_to(sent, peer):
        raise IdempotencyConflict(message_id=envelope.id, target_session_id=sent.target_session_id)
    before = ctx.work.find((peer.session_id,), envelope.id) if peer.session_id else None
    if before and before.message.body != envelope.body:
        raise IdempotencyConflict(message_id=envelope.id, target_session_id=peer.session_id)
    # Work that has ended was delivered, whatever became of the sender's record.
    is_committed = sent is not None or (before is not None and before.has_ended)
    return sent is not None or before is not None, is_committed
