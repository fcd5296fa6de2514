"""``oxtail send``: commit a message to a peer's mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.app.send import send
from oxtail.cli.bodies import body_of
from oxtail.cli.opening import acting
from oxtail.cli.output import Outcome, Output, one_line

if TYPE_CHECKING:
    from oxtail.app.results import SendResult
    from oxtail.cli.parser import Options


def describe(result: SendResult, target: str) -> Outcome:
    """Return what is known after a send: that it is stored, and no more."""
    receiver = one_line(result.target_session_id or target)
    lines = [f"{result.message_id} stored for {receiver}"]
    if result.note:
        lines.append(f"  {result.note}")
    if result.wake.status:
        reason = f" ({result.wake.reason})" if result.wake.reason else ""
        lines.append(f"  wake: {result.wake.status}{reason}")
    if result.wake.outlook:
        lines.append(f"  outlook: {result.wake.outlook}")
    if result.wake.hint:
        lines.append(f"  {result.wake.hint}")
    return Outcome(
        result.as_dict(),
        "\n".join(lines),
        committed=f"message {result.message_id} is stored",
    )


def run(options: Options, output: Output) -> Outcome:  # noqa: ARG001 - as all verbs
    """Send the message."""
    body = body_of(options.body)
    with acting(options) as ctx:
        result = send(ctx, options.target, body, wake=options.wake, reply_to=options.reply_to)
    return describe(result, options.target)
