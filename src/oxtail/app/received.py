"""What this session has received, under any of the ids that its conversation has had."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.core.envelope import Envelope


def received(ctx: Context, message_id: str) -> Envelope | None:
    """Return the message *message_id* out of this session's ledgers, or None.

    Raises:
        StoreError: a ledger cannot be read.
    """
    for session_id in ctx.session.ids():
        if found := ctx.store.lookup(session_id, message_id):
            return found
    return None
