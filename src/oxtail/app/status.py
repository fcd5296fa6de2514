"""What is known of one message, from evidence on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.app.results import StatusResult
from oxtail.core.names import is_message_id, pid_box, session_box
from oxtail.errors import BadArgument

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.core.mail import Sent


def _boxes(sent: Sent) -> list[str]:
    boxes = []
    if sent.target_session_id:
        boxes.append(session_box(sent.target_session_id))
    if sent.target_server_pid:
        boxes.append(pid_box(sent.target_server_pid))
    return boxes


def message_status(ctx: Context, message_id: str) -> StatusResult:
    """Tell what is known of the message *message_id*.

    ``delivered``: a receipt exists, so it was handed to the agent; whether it was acted on is not
    known.  ``pending``: it lies in the receiver's box or is being handed over.  ``unknown``:
    neither, for instance because the records are older than seven days.

    Raises:
        BadArgument: *message_id* is not sixteen lower-case hex digits.
        StoreError: the records could not be read.
    """
    if not is_message_id(message_id):
        raise BadArgument("message_id", "must be 16 lower-case hex digits")
    if receipt := ctx.store.receipt(message_id):
        return StatusResult(
            message_id,
            "delivered",
            {
                "delivered_at": receipt.delivered_at,
                "via": receipt.via,
                "recipient_session_id": receipt.recipient_session_id,
            },
        )
    sent = ctx.store.sent(message_id)
    if sent is None:
        return StatusResult(
            message_id,
            "unknown",
            {"note": "no record of this message: not sent from here, or older than seven days"},
        )
    if ctx.store.is_waiting(_boxes(sent), message_id):
        return StatusResult(
            message_id,
            "pending",
            {
                "enqueued_at": sent.enqueued_at,
                "target_session_id": sent.target_session_id,
                "target_server_pid": sent.target_server_pid,
            },
        )
    return StatusResult(
        message_id,
        "unknown",
        {
            "enqueued_at": sent.enqueued_at,
            "target_session_id": sent.target_session_id,
            "note": "it has left the box without a receipt: a reader that writes none took it",
        },
    )
