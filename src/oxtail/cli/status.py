"""``oxtail status MESSAGE_ID``: what is known of a message, and what proves it.

Without a message it shows the fleet; that is in :mod:`oxtail.cli.fleet_status`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oxtail.app.status import message_status
from oxtail.cli.opening import looking
from oxtail.cli.output import Outcome, Output, one_line
from oxtail.core.evidence import Stage
from oxtail.errors import UsageError
from oxtail.trace import timestamp

if TYPE_CHECKING:
    from oxtail.app.results import StatusResult
    from oxtail.cli.parser import Options
    from oxtail.core.evidence import Proof
    from oxtail.core.work import Owed

NAME_COLUMNS = max(len(stage.value) for stage in Stage)
TIME_COLUMNS = len(timestamp(0))


def _said(proof: Proof) -> str:
    facts: dict[str, Any] = dict(proof.facts)
    if proof.stage is Stage.STORED:
        process = f"process {facts['target_server_pid']}"
        return f"for {facts['target_session_id'] or process}"
    if proof.stage is Stage.OFFERED:
        return f"through {facts['door']} (offer {facts['attempt']})"
    if proof.stage is Stage.SHOWN:
        return f"to {facts['recipient_session_id'] or 'its receiver'} through {facts['via']}"
    if proof.stage is Stage.IN_CONTEXT:
        return f"{facts['transcript']} line {facts['line']}"
    if proof.stage is Stage.ANSWERED:
        return f"by message {facts['message_id']}"
    return " ".join(str(value) for value in facts.values())


def evidence_lines(status: StatusResult) -> list[str]:
    """Return one line for each proof, with its time, then where it stands as work, and a remark."""
    lines = []
    for proof in status.proofs:
        when = "-" if proof.at is None else timestamp(proof.at)
        name = proof.stage.value
        row = f"  {name:<{NAME_COLUMNS}}  {when:<{TIME_COLUMNS}}  {_said(proof)}"
        lines.append(one_line(row).rstrip())
    if status.work:
        lines.append(f"  {one_line(_standing(status.work, status))}")
    if status.note:
        lines.append(f"  {one_line(status.note)}")
    return lines


def _standing(work: Owed, status: StatusResult) -> str:
    """Return where the message stands as work, and who owes it."""
    facts = [f"work {work.state.value}", f"owed by {work.session_id}"]
    if work.has_ended:
        facts[1] = f"by {work.session_id}"
    elif work.message.deadline is not None:
        due = "OVERDUE since" if status.overdue else "due"
        facts.append(f"{due} {timestamp(work.message.deadline)}")
    if work.message.id != status.message_id:
        facts.append(f"there it is {work.message.id}")
    return ", ".join(facts)


def text_of(status: StatusResult) -> str:
    """Return the status of a message, and its evidence in a short list."""
    return "\n".join([f"{status.message_id} {status.status}", *evidence_lines(status)])


def _only_about_the_fleet(options: Options) -> None:
    for name, flag in (("check", "--check"), ("log", "--log"), ("everywhere", "--all")):
        if getattr(options, name):
            raise UsageError(f"{flag} is about the fleet, not about a message")


def run(options: Options, output: Output) -> Outcome:  # noqa: ARG001 - as all verbs
    """Look the message up, or at the fleet."""
    if options.message_id is None or options.ack:
        from oxtail.cli.fleet_status import show

        return show(options)
    _only_about_the_fleet(options)
    ctx = looking(options)
    result = message_status(ctx, options.message_id)
    return Outcome(result.as_dict(), text_of(result))
