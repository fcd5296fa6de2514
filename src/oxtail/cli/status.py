"""``oxtail status``: what is known of a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.app.status import message_status
from oxtail.cli.opening import looking
from oxtail.cli.output import Outcome, Output, one_line
from oxtail.trace import timestamp

if TYPE_CHECKING:
    from oxtail.app.results import StatusResult
    from oxtail.cli.parser import Options


def text_of(result: StatusResult) -> str:
    """Return the evidence of *result* in a line."""
    details = result.details
    if result.status == "delivered":
        receiver = details.get("recipient_session_id") or "its receiver"
        when = timestamp(details["delivered_at"])
        said = f"shown to {receiver} through {details['via']} at {when}"
    elif result.status == "pending":
        receiver = details.get("target_session_id") or f"process {details['target_server_pid']}"
        said = f"in the mailbox of {receiver} since {timestamp(details['enqueued_at'])}"
    else:
        said = str(details.get("note", "no record"))
    return one_line(f"{result.message_id} {result.status}: {said}")


def run(options: Options, output: Output) -> Outcome:  # noqa: ARG001 - as all verbs
    """Look the message up."""
    ctx = looking(options)
    result = message_status(ctx, options.message_id)
    return Outcome(result.as_dict(), text_of(result))
