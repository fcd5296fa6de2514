"""``oxtail inbox``: show waiting messages, and take them only once they are out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.app.drain import waiting_mail
from oxtail.app.read import read
from oxtail.app.results import ReadResult
from oxtail.cli.opening import acting
from oxtail.cli.output import Outcome, Output, indented, one_line
from oxtail.trace import timestamp

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.cli.parser import Options
    from oxtail.core.envelope import Envelope


def message_text(message: Envelope) -> str:
    """Return *message* for people: a head line, then its body behind a margin.

    No line of a body starts in the first column, so none can pass for a head line.
    """
    sender = message.from_session_id or "a sender without session id"
    if message.origin == "operator":
        sender = f"the operator ({message.operator_source or 'unnamed tool'})"
    facts = [message.id, timestamp(message.enqueued_at)]
    if message.action_required:
        facts.append("work")
        if message.deadline is not None:
            facts.append(f"due {timestamp(message.deadline)}")
    elif message.request_id:
        facts.append("question")
    if message.reply_to:
        facts.append("answer")
    facts.append(f"from {sender}")  # last, so that nothing in it passes for another fact
    return f"{one_line(' | '.join(facts))}\n{indented(message.body)}"


def _outcome(result: ReadResult, *, taken: bool) -> Outcome:
    if result.messages:
        text = "\n\n".join(message_text(message) for message in result.messages)
    else:
        text = "no mail"
    remarks = []
    if result.deferred:
        remarks.append(f"{result.deferred} more are waiting; run oxtail inbox again")
    if result.open_work:
        remarks.append(f"{result.open_work} pieces of work are open; oxtail work shows them")
    if result.skipped:
        remarks.append(f"{result.skipped} mailboxes were busy and are left for later")
    members = result.as_dict()
    if not taken:
        members["drained"] = False
    return Outcome(members, text, remark="\n".join(remarks) or None)


def _look(ctx: Context, limit: int | None) -> ReadResult:
    seen = waiting_mail(ctx, ctx.session.boxes())
    shown = seen.messages[: limit or ctx.settings.read_max_messages]
    return ReadResult(shown, len(seen.messages) - len(shown), len(seen.skipped))


def _adopt(options: Options, old: str) -> Outcome:
    """Take over what *old* has left, and take nothing out."""
    from oxtail.app.adopt import adopt

    with acting(options, needs_identity=True) as ctx:
        result = adopt(ctx, old, force=options.force)
    text = (
        f"{result.session_id} has taken over from {result.adopted}: "
        f"messages: {result.moved}, open work: {result.open_work}, questions: {result.asks}"
    )
    return Outcome(result.as_dict(), one_line(text), remark="run oxtail inbox to read the mail")


def run(options: Options, output: Output) -> Outcome:
    """Show the mail; acknowledge it unless it shall stay."""
    if options.adopt is not None:
        return _adopt(options, options.adopt)
    with acting(options, needs_identity=True, takes_mail=not options.keep) as ctx:
        if options.keep:
            return _outcome(_look(ctx, options.limit), taken=False)
        shown: list[Outcome] = []

        def emit(result: ReadResult) -> None:
            outcome = _outcome(result, taken=True)
            output.show(outcome)
            shown.append(outcome)

        read(ctx, emit, via="cli", limit=options.limit)
    return shown[0]
