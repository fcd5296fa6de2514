"""What the verbs that look back share: their filters, and how a message of the past is shown."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from oxtail.app.history import Filters
from oxtail.cli.output import indented, one_line
from oxtail.core.moment import parse_past
from oxtail.errors import BadArgument
from oxtail.trace import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from oxtail.app.history import Page, Scope
    from oxtail.cli.parser import Options
    from oxtail.core.history import Problem, Record


def filters_of(options: Options, now: float) -> Filters:
    """Return the filters that the caller asked for.

    Raises:
        BadArgument: a time is none, or the end lies before the beginning.
    """
    since = None if options.since is None else int(parse_past(options.since, now, "since"))
    until = None if options.until is None else int(parse_past(options.until, now, "until"))
    if since is not None and until is not None and until < since:
        raise BadArgument("until", "lies before --since")
    return Filters(
        peer=options.peer,
        thread=options.thread,
        since=since,
        until=until,
        everywhere=options.everywhere,
        project=os.path.abspath(options.project) if options.project else None,
    )


def who(session_id: str | None, names: Mapping[str, str]) -> str:
    """Return how a session is called: its name, where it has one, and its id."""
    if not session_id:
        return "a sender without session id"
    name = names.get(session_id)
    return f"{name} ({session_id})" if name else session_id


def sender_of(record: Record, scope: Scope) -> str:
    """Return who sent *record*."""
    message = record.message
    if message.origin == "operator":
        return f"the operator ({message.operator_source or 'unnamed tool'})"
    return who(message.from_session_id, scope.names)


def receiver_of(record: Record, scope: Scope) -> str:
    """Return who received *record*."""
    if record.receiver is None:
        return f"a forgotten session (ledger {record.ledger})"
    return who(record.receiver, scope.names)


def standing_of(record: Record) -> list[str]:
    """Return what kind of message *record* is: a question, an answer, work and how it ended."""
    message = record.message
    facts = []
    if message.request_id:
        facts.append("question")
    if message.reply_to:
        facts.append("answer")
    if record.outcome or message.action_required:
        facts.append(f"work: {record.outcome or 'open'}")
        if message.deadline is not None and not record.outcome:
            facts.append(f"due {timestamp(message.deadline)}")
    return facts


def text_of(record: Record, scope: Scope) -> str:
    """Return *record* for people: a head line, then its body behind a margin.

    No line of a body starts in the first column, so none can pass for a head line.
    """
    message = record.message
    facts = [message.id, timestamp(message.enqueued_at), *standing_of(record)]
    # Last, so that nothing in a name passes for another fact.
    facts.append(f"from {sender_of(record, scope)} to {receiver_of(record, scope)}")
    return f"{one_line(' | '.join(facts))}\n{indented(message.body)}"


def remark_of(problem: Problem) -> str:
    """Return *problem* as a remark."""
    return one_line(f"ledger {problem.ledger}: {problem.problem}")


def remarks_of(page: Page, verb: str) -> str | None:
    """Return what there is to say beside the messages of *page*, or None."""
    remarks: Iterable[str] = [
        *map(remark_of, page.problems),
        *([page.remark] if page.remark else ()),
        *([f"older messages match, too; oxtail {verb} --limit shows more"] if page.is_cut else ()),
    ]
    return "\n".join(remarks) or None


def page_text(page: Page) -> str:
    """Return the messages of *page*."""
    if not page.records:
        return "no messages"
    return "\n\n".join(text_of(record, page.scope) for record in page.records)
