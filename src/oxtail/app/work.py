"""Delegated work: what this session owes, and how it closes it.

The life of work is the table in :mod:`oxtail.core.work`.  Closing has four steps, and a crash after
the first is finished by the next run of :func:`oxtail.app.closing.finish_closings`:

1. the intent is recorded, with the result; of several closers one counts, and from here on the end
   is decided;
2. the result is delivered, under an id that is the same in each try;
3. the ledger says how the work ended;
4. the intent is forgotten.

A requester that nobody knows any more stops nothing: its result waits in the box of its session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.app.closing import carry_out, finish_closings
from oxtail.app.ids import heir_of
from oxtail.app.locate import find
from oxtail.app.shelf import check_room
from oxtail.app.work_results import CloseResult, OpenItem, OpenWorkResult
from oxtail.core.entry import Entry, Known
from oxtail.core.envelope import check_body
from oxtail.core.selection import choose
from oxtail.core.work import Closing, Owed, State, ended, spoken
from oxtail.errors import (
    BadArgument,
    MessageNotFound,
    NoSessionId,
    NotAnObligation,
    PeerHasNoSessionId,
    PeerTakesNoWork,
    Refused,
    SelfSend,
    StoreError,
)

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.core.remote import Peer

_WAKES: Final = (None, "off", "auto")
_BEFORE: Final = "It was closed before; nothing was sent."


def _identity(ctx: Context) -> str:
    if ctx.session.id is None:
        raise NoSessionId
    return ctx.session.id


# ---------------------------------------------------------------------- looking


def owed_work(ctx: Context) -> tuple[Owed, ...]:
    """Return the work that this session owes, oldest first.

    What was left of an earlier closing is finished first.

    Raises:
        NoSessionId: this session has not said who it is.
        StoreError: the ledger could not be read.
    """
    _identity(ctx)
    finish_closings(ctx)
    return ctx.work.open_of(ctx.session.ids())


def open_work(ctx: Context) -> OpenWorkResult:
    """Return the work that this session owes, oldest first, within the budgets of a read.

    The rules and errors are those of :func:`owed_work`.
    """
    owed = {each.message.id: each for each in owed_work(ctx)}
    chosen = choose(
        [each.message for each in owed.values()],
        max_messages=ctx.settings.read_max_messages,
        max_body_bytes=ctx.settings.read_max_body_bytes,
    )
    now = int(ctx.clock.now())
    return OpenWorkResult(tuple(OpenItem(owed[i], now) for i in chosen.taken), chosen.deferred)


# ---------------------------------------------------------------------- closing


def complete(ctx: Context, message_id: str, body: str, *, wake: str | None = None) -> CloseResult:
    """Close work as done, and send *body*, the result, to its requester.

    Args:
        ctx: The caller's context.
        message_id: The delegation.
        body: 1 to 8192 UTF-8 bytes.
        wake: ``auto`` or ``off``; None is ``auto``, because the requester waits for it.

    Raises:
        NoSessionId: this session has not said who it is.
        MessageNotFound: the message is not in this session's ledger.
        NotAnObligation: it is ordinary mail.
        BadArgument: an argument is malformed; nothing has changed.
        DeliveryFailed: the end is recorded, and is delivered by a later run.
        StoreError: it could not be recorded; nothing has changed.
    """
    return _close(ctx, message_id, State.DONE, check_body(body), wake)


def block(ctx: Context, message_id: str, reason: str, *, wake: str | None = None) -> CloseResult:
    """Close work that cannot be done, and send *reason* to its requester; see :func:`complete`.

    The body that is sent begins with ``[blocked]``, and must have at most 8192 bytes with it.
    """
    return _close(ctx, message_id, State.BLOCKED, _reason(State.BLOCKED, reason), wake)


def decline(ctx: Context, message_id: str, reason: str, *, wake: str | None = None) -> CloseResult:
    """Close work that will not be done, and send *reason* to its requester; see :func:`block`.

    The body that is sent begins with ``[declined]``.  npm peers count the work as blocked.
    """
    return _close(ctx, message_id, State.DECLINED, _reason(State.DECLINED, reason), wake)


def reassign(
    ctx: Context, message_id: str, target: str, reason: str, *, wake: str | None = None
) -> CloseResult:
    """Hand work on to *target*, which then owes it to the original requester.

    *target* gets the work as it was given, with its deadline; the requester gets a note with
    *reason*, and goes on waiting.  Both may be sessions of other hosts: work from one host for
    another is given by the requester's host, once the note is there, and ends as blocked where
    that host cannot.

    Args:
        ctx: The caller's context.
        message_id: The delegation.
        target: A session id, a chosen name or a tmux session name in this project, or a session
            on another host.
        reason: 1 to 8192 UTF-8 bytes, with the words around it.
        wake: Whether to wake *target*: ``auto`` or ``off``; None is ``auto``.

    Raises:
        TargetError: *target* cannot take it; the work is as it was.
        NoSessionId, MessageNotFound, NotAnObligation, BadArgument, DeliveryFailed, StoreError: as
            for :func:`complete`.
    """
    check_body(reason, "reason")
    peer = find(ctx, target)
    if peer.session_id is None:
        raise PeerHasNoSessionId(
            "The peer has not said who it is, so it cannot owe work. Have it call claim_session."
        )
    if isinstance(peer, Entry) and not peer.capabilities.obligations:
        raise PeerTakesNoWork
    _check_accepts(ctx, peer)
    note = check_body(f"[reassigned] to {peer.session_id}: {reason}", "reason")
    if not isinstance(peer, (Entry, Known)):
        _check_way(ctx, message_id)
    return _close(ctx, message_id, State.REASSIGNED, note, wake, peer.session_id)


def _check_accepts(ctx: Context, peer: Peer) -> None:
    """Refuse to hand work on to a session that takes no mail from here, or has no room."""
    check_room(ctx, peer)
    if not ctx.policies.are_set() or not isinstance(peer, (Entry, Known)):
        return  # the policies of another host are judged there
    from oxtail.app.policy import rule_about_me

    if rule_about_me(ctx, peer):
        raise Refused(
            "The session lets no mail of yours pass by itself, and so takes no work from you.",
            target_session_id=peer.session_id,
        )


def _check_way(ctx: Context, message_id: str) -> None:
    """Refuse to hand work on to another host where the host of its requester cannot pass it on."""
    from oxtail.app.locate import on_host
    from oxtail.core.remote import HANDS_ON, origin_host

    owed = ctx.work.find(ctx.session.ids(), message_id)
    host = origin_host(owed.message) if owed else None
    if owed is None or host is None:
        return
    requester = on_host(ctx, host, owed.message.from_session_id or "")
    if requester is None or HANDS_ON not in requester.can:
        raise PeerTakesNoWork(
            "The host of the requester runs an oxtail that passes no work on to other hosts. "
            "Decline the work, and name the session that could do it."
        )


def _reason(outcome: State, reason: str) -> str:
    check_body(reason, "reason")
    # The requester's side has the limit too, so what is sent must keep it as a whole.
    return check_body(spoken(outcome, reason), "reason")


def _close(
    ctx: Context,
    message_id: str,
    outcome: State,
    text: str,
    wake: str | None,
    target: str | None = None,
) -> CloseResult:
    if wake not in _WAKES:
        raise BadArgument("wake", "must be auto or off")
    if not message_id:
        raise BadArgument("message_id", "must not be empty")
    _identity(ctx)
    finish_closings(ctx)
    owed = ctx.work.find(ctx.session.ids(), message_id)
    if owed is None:
        raise MessageNotFound
    if not owed.is_work:
        raise NotAnObligation
    if owed.has_ended:
        return _closed_before(ended(owed))
    requester = owed.message.from_session_id
    if target and requester and target in (requester, heir_of(ctx, requester)):
        raise SelfSend("The work came from this session: decline it, and say why.")
    closing = _intent(ctx, owed, outcome, text, target)
    if counts := ctx.work.begin(closing):
        return _closed_before(counts)
    result = carry_out(ctx, closing, wake or "auto")
    try:
        ctx.work.finish(closing)
    except StoreError as error:
        # The requester has the result.  What is left to do is recorded, and done later.
        ctx.trace("closing_left", message_id=message_id, code=error.code, error=error.message)
    return result


def _intent(ctx: Context, owed: Owed, outcome: State, text: str, target: str | None) -> Closing:
    message = owed.message
    handed_on = outcome is State.REASSIGNED
    return Closing(
        session_id=owed.session_id,
        message_id=message.id,
        outcome=outcome,
        body=message.body if handed_on else text,
        at=int(ctx.clock.now()),
        target=target,
        requester=message.from_session_id,
        request_id=message.request_id,
        note=text if handed_on else None,
        deadline=message.deadline if handed_on else None,
    )


def _closed_before(closing: Closing) -> CloseResult:
    return CloseResult(
        closing.message_id,
        closing.outcome,
        requester=closing.requester,
        already_closed=True,
        reassigned_to=closing.target,
        note=_BEFORE,
    )
