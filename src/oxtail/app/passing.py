"""Work of a session of this host that is handed on between two other hosts: this one gives it.

A step of :mod:`oxtail.app.arrive`.  A host speaks for its own sessions only, so work in the name of
a session of this host comes from here, whoever owes it; :mod:`oxtail.core.passing` is what the one
who hands it on says.  Each step is repeated without harm if the note comes again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.app.closing import REASSIGNED_BY
from oxtail.app.ids import all_ids
from oxtail.app.locate import on_host, project_key
from oxtail.app.returned import FULL, OTHER_PROJECT, POLICY, UNKNOWN, words_for
from oxtail.app.send import deliver
from oxtail.app.shelf import check_room
from oxtail.app.wake import wake_after_send
from oxtail.core.entry import Entry, Known
from oxtail.core.envelope import DEADLINE, Envelope
from oxtail.core.names import completion_id, reassigned_id
from oxtail.core.policy import Sender
from oxtail.core.remote import FROM_HOST
from oxtail.core.work import State, spoken
from oxtail.errors import MailboxFull

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.app.context import Context
    from oxtail.core.correlation import Ask
    from oxtail.core.passing import HandedOn
    from oxtail.core.remote import Mail, Peer

    Residents = Callable[[str], "Entry | Known | None"]


def pass_on(
    ctx: Context, here: str, mail: Mail, host: str, handed: HandedOn, residents: Residents
) -> None:
    """Do what the note *mail* of *host* says of work that its receiver gave.

    It is believed of the one who owes the work, once; of anybody else it is traced and forgotten.
    Work that cannot be given ends as blocked, and its requester is told.

    Args:
        ctx: A context of this host.
        here: This host.
        mail: The note to the requester.
        host: Where it came from.
        handed: What it says.
        residents: Returns who a session of this host is now, or None.

    Raises:
        StoreError: something could not be committed; the note is to come again.
    """
    requesters = all_ids(ctx, mail.to)
    ask = _ask(ctx, requesters, handed.message_id)
    work_id = reassigned_id(handed.message_id)
    if not _owes(ctx, requesters, ask, mail.envelope.from_session_id, handed.message_id):
        ctx.trace("hand_on_not_believed", message_id=handed.message_id, host=host)
        return
    if handed.host and ctx.store.sent(work_id) is None:
        peer = residents(handed.to) if handed.host == here else on_host(ctx, handed.host, handed.to)
        requester = residents(mail.to)
        if problem := _problem(ctx, peer, requester, mail.to):
            _give_up(ctx, mail, host, handed, ask, requester, problem)
            return
        assert peer is not None
        work = _work(mail, handed, ask, work_id)
        deliver(ctx, peer, work, repeat=True)
        wake_after_send(ctx, peer, wake="auto", reply_to=None, via="arrival", message_id=work_id)
    if ask:
        ctx.store.hand_on_ask(ask.session_id, ask.request_id, handed.to, work_id)


def _ask(ctx: Context, requesters: tuple[str, ...], message_id: str) -> Ask | None:
    asks = (ask for each in requesters for ask in ctx.store.pending_asks(each))
    return next((ask for ask in asks if ask.message_id == message_id), None)


def _owes(
    ctx: Context,
    requesters: tuple[str, ...],
    ask: Ask | None,
    sender: str | None,
    message_id: str,
) -> bool:
    """Tell whether *sender* owes the work, as far as this host knows."""
    if sender is None:
        return False
    owners = all_ids(ctx, sender)
    if ask:
        return ask.target in owners
    sent = ctx.store.sent(message_id)
    return (
        sent is not None and sent.target_session_id in owners and sent.from_session_id in requesters
    )


def _problem(
    ctx: Context, peer: Peer | None, requester: Entry | Known | None, requester_id: str
) -> str | None:
    """Return why the work cannot be given to *peer*, or None."""
    if peer is None or peer.session_id is None:
        return UNKNOWN
    project = project_key(ctx, requester) if requester else None
    theirs = project_key(ctx, peer) if isinstance(peer, (Entry, Known)) else peer.session.project
    if requester and (project is None or project != theirs):
        return OTHER_PROJECT
    try:
        check_room(ctx, peer)
    except MailboxFull:
        return FULL
    if isinstance(peer, (Entry, Known)) and ctx.policies.are_set():
        from oxtail.app.policy import rule_about

        name = requester.name if requester else None
        if rule_about(ctx, peer, lambda: Sender((requester_id,), name)):
            return POLICY
    return None


def _work(mail: Mail, handed: HandedOn, ask: Ask | None, work_id: str) -> Envelope:
    due = ((DEADLINE, handed.deadline),) if handed.deadline is not None else ()
    return Envelope(
        id=work_id,
        body=handed.body,
        enqueued_at=mail.envelope.enqueued_at,
        from_session_id=mail.to,
        request_id=ask.request_id if ask else None,
        source_message_id=handed.message_id,
        action_required=True,
        extra=(*due, (REASSIGNED_BY, mail.envelope.from_session_id)),
    )


def _give_up(
    ctx: Context,
    mail: Mail,
    host: str,
    handed: HandedOn,
    ask: Ask | None,
    requester: Entry | Known | None,
    problem: str,
) -> None:
    """Tell the requester that nobody owes its work any more, as the end of that work."""
    ctx.trace("hand_on_failed", message_id=handed.message_id, host=handed.host, reason=problem)
    if requester is None:
        return
    text = f"The work was to be handed on to {handed.to}, and could not be: {words_for(problem)}."
    answer = Envelope(
        id=completion_id(handed.message_id),
        body=spoken(State.BLOCKED, text),
        enqueued_at=int(ctx.clock.now()),
        from_session_id=mail.envelope.from_session_id,
        reply_to=ask.request_id if ask else None,
        source_message_id=handed.message_id,
        extra=((FROM_HOST, host),),
    )
    deliver(ctx, requester, answer, repeat=True)
    wake_after_send(
        ctx,
        requester,
        wake="auto",
        reply_to=answer.reply_to,
        via="arrival",
        message_id=answer.id,
    )
