"""Carrying out how work ends: the result to its requester, or the work to another session.

The intent, :class:`~oxtail.core.work.Closing`, holds all that it takes, and every message of it has
an id that is the same in each try.  So whoever comes after a crash carries it out once more, and
adds nothing to what was done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.app.send import deliver
from oxtail.app.wake import wake_after_send
from oxtail.app.work_results import CloseResult
from oxtail.core.entry import Entry, Known
from oxtail.core.envelope import DEADLINE, Envelope
from oxtail.core.names import completion_id, reassigned_id, reassignment_note_id
from oxtail.core.work import Closing, State
from oxtail.errors import DeliveryFailed, OxtailError, StoreError

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.app.results import WakeReport
    from oxtail.core.remote import Peer

REASSIGNED_BY: Final = "reassigned_by"
"""Extension member of work that was handed on: the session that owed it before."""

FROM_HOST: Final = "from_host"
"""As in :mod:`oxtail.core.remote`, which is not loaded where there are no other hosts."""

_LOCAL: Final = "The work named no requester, so it is closed here and nothing was sent."
_PARKED: Final = (
    "The requester is gone. The result waits in the mailbox of its session, should it return."
)


def finish_closings(ctx: Context) -> int:
    """Finish what is left of closings of this session that were begun; return how many.

    A closing that cannot be finished now is traced and left for the next run.

    Raises:
        StoreError: the intents could not be listed.
    """
    if ctx.session.id is None:
        return 0
    count = 0
    for closing in ctx.work.closings(ctx.session.ids()):
        try:
            owed = ctx.work.find((closing.session_id,), closing.message_id)
            if owed is None or not owed.has_ended:
                carry_out(ctx, closing, "auto")
            ctx.work.finish(closing)
        except OxtailError as error:
            ctx.trace(
                "closing_left",
                message_id=closing.message_id,
                code=error.code,
                error=error.message,
            )
            continue
        ctx.trace("closing_finished", message_id=closing.message_id)
        count += 1
    return count


def carry_out(ctx: Context, closing: Closing, wake: str) -> CloseResult:
    """Deliver what *closing* says, as often as it takes; repeating it adds nothing."""
    try:
        if closing.outcome is State.REASSIGNED:
            return _hand_on(ctx, closing, wake)
        return _deliver_result(ctx, closing, wake)
    except StoreError as error:
        raise DeliveryFailed(
            message_id=closing.message_id,
            obligation_state=State.CLOSING.value,
            cause=error.code,
        ) from error


def _deliver_result(ctx: Context, closing: Closing, wake: str) -> CloseResult:
    if closing.requester is None:
        return CloseResult(closing.message_id, closing.outcome, note=_LOCAL)
    peer, is_gone = _whereabouts(ctx, closing.requester)
    envelope = Envelope(
        id=completion_id(closing.message_id),
        body=closing.body,
        enqueued_at=closing.at,
        from_session_id=ctx.session.id,
        reply_to=closing.request_id,
        source_message_id=closing.message_id,
    )
    result = CloseResult(
        closing.message_id,
        closing.outcome,
        completion_id=envelope.id,
        requester=closing.requester,
        correlation="correlated" if closing.request_id else "uncorrelated",
        stored=not isinstance(peer, Entry),
        parked=is_gone,
        note=_PARKED if is_gone else None,
    )
    if ctx.store.receipt(envelope.id):
        if closing.request_id:
            ctx.store.consume_pending_ask(closing.requester, closing.request_id)
        return result._replace(already_delivered=True, stored=False, parked=False, note=None)
    _commit(ctx, peer, envelope)
    return result._replace(wake=_wake(ctx, peer, wake, envelope))


def _hand_on(ctx: Context, closing: Closing, wake: str) -> CloseResult:
    """Give the work to another session, under the name of its requester, and tell that one.

    Where both of them are on other hosts, the host of the requester gives it, as the note says.
    """
    assert closing.target is not None
    peer, _ = _whereabouts(ctx, closing.target)
    requester = _whereabouts(ctx, closing.requester)[0] if closing.requester else None
    away = None if requester is None or isinstance(requester, (Entry, Known)) else requester.host_id
    due = ((DEADLINE, closing.deadline),) if closing.deadline is not None else ()
    origin = ((FROM_HOST, away),) if away else ()
    work = Envelope(
        id=reassigned_id(closing.message_id),
        body=closing.body,
        enqueued_at=closing.at,
        from_session_id=closing.requester,
        request_id=closing.request_id,
        source_message_id=closing.message_id,
        action_required=True,
        extra=(*due, (REASSIGNED_BY, ctx.session.id), *origin),
    )
    if away is None or isinstance(peer, (Entry, Known)):
        _commit(ctx, peer, work)
    if closing.requester and closing.request_id:
        ctx.store.hand_on_ask(closing.requester, closing.request_id, closing.target, work.id)
    if requester:
        _tell(ctx, closing, requester, peer)
    return CloseResult(
        closing.message_id,
        closing.outcome,
        requester=closing.requester,
        wake=_wake(ctx, peer, wake, work),
        stored=not isinstance(peer, Entry),
        reassigned_to=closing.target,
        reassigned_message_id=work.id,
    )


def _tell(ctx: Context, closing: Closing, requester: Peer, owner: Peer) -> None:
    """Tell the requester, and its host where that is another one, who owes its work now.

    The note answers nothing: as an answer it would end the wait for the result.
    """
    note = Envelope(
        id=reassignment_note_id(closing.message_id),
        body=closing.note or "",
        enqueued_at=closing.at,
        from_session_id=ctx.session.id,
        source_message_id=closing.message_id,
    )
    if not isinstance(requester, (Entry, Known)):
        from oxtail.core.passing import HandedOn, with_handed_on

        handed = HandedOn(closing.message_id, owner.session_id or "")
        if not isinstance(owner, (Entry, Known)):
            handed = handed._replace(
                host=owner.host_id, body=closing.body, deadline=closing.deadline
            )
        note = with_handed_on(note, handed)
    _commit(ctx, requester, note)
    _wake(ctx, requester, None, note)


def _commit(ctx: Context, peer: Peer, envelope: Envelope) -> None:
    # The sender's record is made after the mail, so with it the mail was committed; peers of old
    # versions leave no other proof once they have read it.
    if ctx.store.sent(envelope.id) is None:
        deliver(ctx, peer, envelope, repeat=True)


def _wake(ctx: Context, peer: Peer, wake: str | None, sent: Envelope) -> WakeReport:
    return wake_after_send(
        ctx,
        peer,
        wake="off" if peer.session_id in ctx.session.ids() else wake,
        reply_to=sent.reply_to,
        via="complete_work",
        message_id=sent.id,
    )


def _whereabouts(ctx: Context, session_id: str) -> tuple[Peer, bool]:
    """Return who *session_id* is now, in whatever project, and whether nobody knows it any more."""
    names = tuple(dict.fromkeys((session_id, ctx.lineage.heir(session_id))))
    for name in names:
        for entry in ctx.registry.answering(name):
            if entry.session_id == name:
                return entry, False
    known = {each.session_id: each for each in ctx.registry.known()}
    for name in reversed(names):
        if name in known:
            return known[name], False
    if ctx.hosts.are_known() and (host := ctx.hosts.host_of(session_id)):
        from oxtail.app.locate import on_host

        if neighbor := on_host(ctx, host, session_id):
            return neighbor, False
    return Known(session_id, None, "unknown", "", 0), True
