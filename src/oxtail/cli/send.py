"""``oxtail send``: commit a message to a peer's mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from oxtail.app.send import send
from oxtail.cli.bodies import body_of
from oxtail.cli.opening import acting
from oxtail.cli.output import Outcome, Output, one_line
from oxtail.errors import AskCancelled, BadArgument, OxtailError
from oxtail.trace import timestamp

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.app.results import SendResult
    from oxtail.cli.parser import Options


EVERYBODY: Final = "all"
"""The target that :mod:`oxtail.app.group` knows by this word."""

NOT_IN_TIME: Final = AskCancelled.exit_status
"""Exit status where a message that is stored has not come as far as was waited for."""


def describe(result: SendResult, target: str) -> Outcome:
    """Return what is known after a send: that it is stored, and no more."""
    receiver = one_line(result.target_session_id or target)
    again = "was sent before" if result.repeated else f"stored for {receiver}"
    lines = [f"{result.message_id} {again}"]
    if result.obligation_durable:
        due = f", due {timestamp(result.deadline)}" if result.deadline else ""
        lines.append(f"  it is owed until it is closed{due}")
    if result.note:
        lines.append(f"  {result.note}")
    if result.wake.status:
        reason = f" ({result.wake.reason})" if result.wake.reason else ""
        lines.append(f"  wake: {result.wake.status}{reason}")
    if result.wake.outlook:
        lines.append(f"  outlook: {result.wake.outlook}")
    if result.wake.hint:
        lines.append(f"  {result.wake.hint}")
    if result.receipt:
        from oxtail.cli.status import evidence_lines

        lines.append(f"  status: {result.receipt.status}")
        lines += [f"  {line}" for line in evidence_lines(result.receipt)]
    return Outcome(
        result.as_dict(),
        "\n".join(lines),
        exit_status=NOT_IN_TIME if result.receipt and result.receipt.timed_out else 0,
        committed=f"message {result.message_id} is stored",
    )


def _deadline(ctx: Context, due: str | None) -> int | None:
    if due is None:
        return None
    from oxtail.core.moment import parse_future

    return int(parse_future(due, ctx.clock.now(), "due"))


def _waited(ctx: Context, result: SendResult, stage: str, seconds: float) -> SendResult:
    """Wait for a stage; Ctrl-C ends the wait."""
    from oxtail.app.status import stage_named, with_receipt
    from oxtail.cli.ask import Interrupt

    interrupt = Interrupt()
    with interrupt.listening():
        return with_receipt(ctx, result, stage_named(stage), seconds, cancelled=interrupt)


def _to_many(ctx: Context, targets: list[str] | str, body: str, given: dict[str, Any]) -> Outcome:
    """Send to several; what failed for one is in its line."""
    from oxtail.app.group import send_many

    group = send_many(ctx, targets, body, **given)
    texts = []
    for row in group.rows:
        if row.error:
            texts.append(f"{one_line(row.target)}: {row.error.message} [{row.error.code}]")
        elif row.same_as is not None:
            texts.append(f"{one_line(row.target)}: the same session as {one_line(row.same_as)}")
        elif row.result:
            texts.append(describe(row.result, row.target).text)
    failed = [row.error for row in group.rows if row.error]
    status = 0
    if failed:
        status = OxtailError.exit_status if group.ok else failed[0].exit_status
    return Outcome(
        group.as_dict(),
        "\n".join(texts),
        exit_status=status,
        committed="messages are stored" if group.ok else None,
    )


def run(options: Options, output: Output) -> Outcome:  # noqa: ARG001 - as all verbs
    """Send the message."""
    body = body_of(options.body)
    with acting(options) as ctx:
        given = {
            "wake": options.wake,
            "reply_to": options.reply_to,
            "action_required": options.action_required,
            "deadline": _deadline(ctx, options.due),
            "idempotency_key": options.idempotency_key,
        }
        if options.to or options.target == EVERYBODY:
            if options.wait:
                raise BadArgument("wait", "waits for one receiver only")
            return _to_many(ctx, options.to or EVERYBODY, body, given)
        result = send(ctx, options.target, body, **given)
        if options.wait:
            result = _waited(ctx, result, *options.wait)
    return describe(result, options.target)
