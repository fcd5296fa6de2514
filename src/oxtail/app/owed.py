"""Whether a message is owed to its receiver: the answer to a question of it, or the end of work.

What somebody waits for is neither damped nor held, whatever rule or limit there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.names import completion_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.app.context import Context
    from oxtail.core.envelope import Envelope


def is_owed(ctx: Context, envelope: Envelope, by: Sequence[str], to: Sequence[str]) -> bool:
    """Tell whether *envelope* is the first answer to a question, or completes work.

    The question or the work is looked for in the ledger of the one that answers, then among the
    open questions of the one that asked.  Reads ledgers, so it is for messages that a rule or a
    limit is about to stop.

    Args:
        ctx: The caller's context.
        envelope: The message.
        by: Session ids of its sender.
        to: Session ids of its receiver.

    Raises:
        StoreError: a ledger cannot be read.
    """
    source = envelope.source_message_id
    for session_id in by if source else ():
        original = ctx.store.lookup(session_id, source or "")
        if original is None or original.from_session_id not in to:
            continue
        if original.action_required and envelope.id == completion_id(original.id):
            return True
        if original.request_id and original.request_id == envelope.reply_to:
            return _is_first(ctx, envelope, by, to)
    return envelope.reply_to is not None and _is_open(ctx, envelope.reply_to, by, to)


def _is_first(ctx: Context, envelope: Envelope, by: Sequence[str], to: Sequence[str]) -> bool:
    for asker in to:
        for answerer in by:
            earlier = ctx.store.answers(asker, envelope.reply_to or "", answerer)
            if earlier and earlier[0] != envelope.id:
                return False
    return True


def _is_open(ctx: Context, request_id: str, by: Sequence[str], to: Sequence[str]) -> bool:
    return any(
        ask.request_id == request_id and ask.target in by
        for asker in to
        for ask in (*ctx.store.waiting_asks(asker), *ctx.store.pending_asks(asker))
    )
