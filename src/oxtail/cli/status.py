"""``oxtail status``: what is known of a message, and what proves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oxtail.app.status import message_status
from oxtail.cli.opening import looking
from oxtail.cli.output import Outcome, Output, one_line
from oxtail.core.evidence import Stage
from oxtail.trace import timestamp

if TYPE_CHECKING:
    from oxtail.app.results import StatusResult
    from oxtail.cli.parser import Options
    from oxtail.core.evidence import Proof

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
    """Return one line for each proof, with its time, and one for a remark."""
    lines = []
    for proof in status.proofs:
        when = "-" if proof.at is None else timestamp(proof.at)
        name = proof.stage.value
        row = f"  {name:<{NAME_COLUMNS}}  {when:<{TIME_COLUMNS}}  {_said(proof)}"
        lines.append(one_line(row).rstrip())
    if status.note:
        lines.append(f"  {one_line(status.note)}")
    return lines


def text_of(status: StatusResult) -> str:
    """Return the status of a message, and its evidence in a short list."""
    return "\n".join([f"{status.message_id} {status.status}", *evidence_lines(status)])


def run(options: Options, output: Output) -> Outcome:  # noqa: ARG001 - as all verbs
    """Look the message up."""
    ctx = looking(options)
    result = message_status(ctx, options.message_id)
    return Outcome(result.as_dict(), text_of(result))
