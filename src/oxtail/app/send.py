"""Send a message, or answer one by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.app.delegate import NOTHING, Delegation, check_deadline, check_due, expect, plan
from oxtail.app.governor import admit, note
from oxtail.app.locate import find, find_sender
from oxtail.app.received import received
from oxtail.app.results import SendResult, WakeReport
from oxtail.app.shelf import check_room
from oxtail.app.wake import wake_after_send
from oxtail.core.address import route_to, route_to_held, route_to_known
from oxtail.core.entry import Entry, Known
from oxtail.core.envelope import DEADLINE, Envelope, check_body
from oxtail.core.names import held_box, repeatable_request_id, session_box
from oxtail.core.value import Value
from oxtail.errors import (
    BadArgument,
    MessageNotFound,
    NoReplyTarget,
    NoSessionId,
    StoreError,
    TargetError,
    TargetNotFound,
)

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.core.remote import Peer

WAKES = (None, "off", "auto")

SILENT: Final = ("wake", "off")
"""Extension member of a message whose sender wants nobody woken for it."""

WISH: Final = ("wake", "auto")
"""Extension member of a message to another host whose sender wants its receiver woken."""

_STORED = (
    "The session is not running. The message is kept in its mailbox and shown when it returns."
)
_HELD = (
    "The receiver's policy holds your mail: it is kept until a person lets it through. "
    "Do not wait for an answer."
)
_BOOTSTRAP = (
    "The receiver has not said who it is, so it cannot reply by message id. "
    "It gets a session id by calling claim_session."
)


def compose(
    ctx: Context,
    body: str,
    *,
    message_id: str | None = None,
    request_id: str | None = None,
    reply_to: str | None = None,
    source_message_id: str | None = None,
    action_required: bool = False,
    deadline: int | None = None,
    silent: bool = False,
    wish: bool = False,
) -> Envelope:
    """Return a new message from this session; its id is final.

    *silent* asks the receiver's own server to wake nobody for it, *wish* the host of a receiver
    that is on another one to wake it.
    """
    due = ((DEADLINE, deadline),) if deadline is not None else ()
    return Envelope(
        id=message_id or ctx.ids.new_id(),
        body=body,
        enqueued_at=int(ctx.clock.now()),
        from_session_id=ctx.session.id,
        request_id=request_id,
        reply_to=reply_to,
        source_message_id=source_message_id,
        action_required=action_required,
        extra=(*due, *((SILENT,) if silent else ()), *((WISH,) if wish else ())),
    )


def _rescue(ctx: Context, peer: Entry, envelope: Envelope) -> None:
    """Copy mail to the session's own box where the process that should read it is gone.

    A peer that reads only process boxes may have restarted between resolving and delivering.
    """
    session_id = peer.session_id
    if peer.capabilities.session_keyed or session_id is None:
        return
    now_there = ctx.registry.live(peer.server_pid)
    if now_there is not None and now_there.session_id == session_id:
        return
    members: dict[str, object] = {
        "message_id": envelope.id,
        "target_pid": peer.server_pid,
        "target_session_id": session_id,
    }
    try:
        ctx.store.put_copy(session_box(session_id), envelope)
    except StoreError as error:
        ctx.trace("mailbox_legacy_breadcrumb_lost", **members, rescued=False, error=error.message)
    else:
        ctx.trace("mailbox_legacy_breadcrumb_lost", **members, rescued=True)


def deliver(
    ctx: Context,
    peer: Peer,
    envelope: Envelope,
    *,
    repeat: bool = False,
    held: bool = False,
) -> None:
    """Commit *envelope* to the box of *peer*; see :meth:`oxtail.ports.Store.put`.

    Mail that is *held* goes into the box out of which a person lets it through.  Mail for another
    host goes into the box out of which it is carried there.

    Raises:
        StoreError: it could not be committed; nothing was sent.
    """
    if not isinstance(peer, (Entry, Known)):
        from oxtail.app.relay import relay

        relay(ctx, peer, envelope, repeat=repeat)
        return
    if held:
        ctx.store.put(route_to_held(peer), envelope, repeat=repeat)
        return
    if isinstance(peer, Known):
        ctx.store.put(route_to_known(peer), envelope, repeat=repeat)
        return
    ctx.store.put(route_to(peer), envelope, repeat=repeat)
    _rescue(ctx, peer, envelope)


def _is_silent(peer: Peer, wake: str | None) -> bool:
    """Tell whether *peer* must be told that no wake is wanted; others wake only if asked to."""
    if wake != "off" or isinstance(peer, Known):
        return False
    return bool(peer.doors) if isinstance(peer, Entry) else True


def _wish(peer: Peer, wake: str | None) -> bool:
    """Tell whether the host of *peer* must be told that a wake is wanted."""
    return wake == "auto" and not isinstance(peer, (Entry, Known))


def _check_options(wake: str | None, **texts: str | None) -> None:
    if wake not in WAKES:
        raise BadArgument("wake", "must be auto or off")
    for field, text in texts.items():
        if text is not None and not text:
            raise BadArgument(field, "must not be empty")


def _explain(error: TargetError, wake: str | None, is_reply: bool) -> None:
    """Tell a sender whose target failed that the wake it wanted did not happen either."""
    by_default = is_reply and wake is None
    if isinstance(error, TargetNotFound) and (wake == "auto" or by_default):
        error.fields["wake_status"] = "skipped_no_target"
    if by_default:
        error.fields["wake_reason"] = "reply_to_default"


class _Outgoing(Value):
    """A message on its way.

    Attributes:
        peer: Where it goes.
        envelope: The message; its id is final.
        wake: What its sender wants, as far as the sender said.
        via: Which verb sends it.
        delegation: How it delegates.
        repeat: Whether an earlier try may have had the same id.
        original: What it answers or is about, where that is known.
        due: When its sender wants it done, whether or not the receiver can owe it.
    """

    peer: Peer
    envelope: Envelope
    wake: str | None
    via: str
    delegation: Delegation = NOTHING
    repeat: bool = False
    original: Envelope | None = None
    due: int | None = None


def _dispatch(ctx: Context, out: _Outgoing) -> SendResult:
    """Commit a message and wake its receiver; the steps and their order."""
    peer, is_repeated, is_committed = out.peer, False, False
    if out.repeat:
        from oxtail.app.repeat import earlier_try

        is_repeated, is_committed, peer, due = earlier = earlier_try(ctx, out.peer, out.envelope)
        if is_repeated:
            delegation = out.delegation._replace(deadline=due)
            out = out._replace(envelope=earlier.dated(out.envelope), delegation=delegation)
        else:
            check_due(ctx, out.due)
    report = WakeReport()
    if is_committed:
        is_held = _waits_for_person(ctx, out)
    else:
        check_room(ctx, out.peer)
        admission = admit(ctx, out.peer, out.envelope, out.original)
        is_held = admission.is_held
        if out.delegation.awaited:
            expect(ctx, out.envelope, out.peer.session_id or "")
        deliver(ctx, peer, admission.envelope, repeat=out.repeat, held=is_held)
        note(ctx, out.peer, admission)
    if not is_held:
        report = wake_after_send(
            ctx,
            out.peer,
            wake=out.wake,
            reply_to=out.envelope.reply_to,
            via=out.via,
            message_id=out.envelope.id,
        )
    return _result(ctx, out, report, is_repeated, is_held)


def _waits_for_person(ctx: Context, out: _Outgoing) -> bool:
    """Tell whether a message that was sent before is held."""
    if out.peer.session_id is None or not ctx.policies.are_set():
        return False
    if not isinstance(out.peer, (Entry, Known)):
        return False
    return ctx.store.is_waiting((held_box(out.peer.session_id),), out.envelope.id)


def _result(
    ctx: Context, out: _Outgoing, report: WakeReport, is_repeated: bool, is_held: bool
) -> SendResult:
    peer, delegation = out.peer, out.delegation
    stored = _STORED if isinstance(peer, Known) else None
    host = None
    if not isinstance(peer, (Entry, Known)):
        from oxtail.app.relay import outlook

        stored, host = outlook(ctx, peer), (peer.host_id, peer.host_name)
    unclaimed = peer.session_id is None
    remarks = (
        _HELD if is_held else stored,
        _BOOTSTRAP if unclaimed else None,
        delegation.note,
    )
    return SendResult(
        out.envelope.id,
        peer.session_id,
        peer.server_pid if isinstance(peer, Entry) else None,
        report,
        note=" ".join(remark for remark in remarks if remark) or None,
        bootstrap=unclaimed,
        held=is_held,
        obligation_durable=delegation.durable if delegation.asked else None,
        deadline=delegation.deadline,
        repeated=is_repeated,
        host=host,
    )


def send(
    ctx: Context,
    target: str,
    body: str,
    *,
    wake: str | None = None,
    reply_to: str | None = None,
    source_message_id: str | None = None,
    action_required: bool = False,
    deadline: int | None = None,
    idempotency_key: str | None = None,
) -> SendResult:
    """Send *body* to the one peer that *target* names.

    When this returns the message is in the receiver's box and ledger, synced; it is not known to
    be read.  A peer that is not running but known to return gets it when it does.

    Args:
        ctx: The caller's context.
        target: A session id, a chosen name or a tmux session name.
        body: 1 to 8192 UTF-8 bytes, delivered verbatim.
        wake: ``auto`` wakes an idle receiver, ``off`` never does; None leaves it to the rules.
        reply_to: The request id that this answers.
        source_message_id: The message that this is about.
        action_required: Delegate: the receiver owes this until it is closed.  A receiver that
            cannot owe gets ordinary mail, and the result says so.
        deadline: When the work is due, in unix seconds, at most 30 days ahead.
        idempotency_key: Names the message in each try to send it, 1 to 200 characters; however
            often it is sent, there is one.

    Raises:
        TargetError: the target cannot be used, or refuses mail from here; nothing was sent.
        Damped: too much passes between the two; nothing was sent.
        BadArgument: an argument is malformed; nothing was sent.
        NoSessionId: a key was given, and this session has not said who it is.
        IdempotencyConflict: another message was sent under this key; nothing was sent.
        StoreError: the message could not be committed; nothing was sent.
    """
    check_body(body)
    _check_options(wake, reply_to=reply_to, source_message_id=source_message_id)
    check_deadline(ctx, action_required, deadline, idempotency_key)
    message_id = None
    if idempotency_key is not None:
        from oxtail.app.repeat import message_id_for

        message_id = message_id_for(ctx, idempotency_key)
    try:
        peer = find(ctx, target)
    except TargetError as error:
        _explain(error, wake, reply_to is not None)
        raise
    delegation = NOTHING
    if action_required:
        delegation = plan(ctx, peer, wake=wake, deadline=deadline)
        wake = wake or (None if reply_to else "auto")
    envelope = compose(
        ctx,
        body,
        message_id=message_id,
        request_id=_request_id(ctx, message_id) if delegation.awaited else None,
        reply_to=reply_to,
        source_message_id=source_message_id,
        action_required=delegation.durable,
        deadline=delegation.deadline,
        silent=_is_silent(peer, wake),
        wish=_wish(peer, wake),
    )
    return _dispatch(
        ctx,
        _Outgoing(
            peer,
            envelope,
            wake,
            "send_message",
            delegation,
            repeat=message_id is not None,
            original=received(ctx, source_message_id) if source_message_id else None,
            due=deadline,
        ),
    )


def _request_id(ctx: Context, message_id: str | None) -> str:
    """Return what the one that closes the work answers; in each try of a message the same."""
    return repeatable_request_id(message_id) if message_id else ctx.ids.new_id()


def reply(ctx: Context, message_id: str, body: str, *, wake: str | None = None) -> SendResult:
    """Answer the message *message_id* that this session received.

    The answer goes to the message's sender and carries its request id, so that a question finds
    its answer.

    Raises:
        NoSessionId: this session has not said who it is.
        MessageNotFound: the message is not in this session's ledger.
        NoReplyTarget: the message names no sender.
        TargetError: the sender cannot be reached, or refuses mail from here; nothing was sent.
        Damped, BadArgument, StoreError: as for :func:`send`.
    """
    check_body(body)
    _check_options(wake, message_id=message_id)
    if ctx.session.id is None:
        raise NoSessionId
    original = received(ctx, message_id)
    if original is None:
        raise MessageNotFound(
            "No message with this id is in this session's ledger. "
            "If the sender is known, send_message reaches it without the message id."
        )
    if original.from_session_id is None:
        raise NoReplyTarget
    try:
        peer = find_sender(ctx, original)
    except TargetError as error:
        _explain(error, wake, original.request_id is not None)
        error.fields["in_reply_to_message_id"] = message_id
        error.fields["original_from_session_id"] = original.from_session_id
        raise
    envelope = compose(
        ctx,
        body,
        reply_to=original.request_id,
        source_message_id=original.id,
        silent=_is_silent(peer, wake),
        wish=_wish(peer, wake),
    )
    out = _Outgoing(peer, envelope, wake, "reply_to_message", original=original)
    return _dispatch(ctx, out)._replace(
        in_reply_to=message_id,
        correlation="correlated" if original.request_id else "uncorrelated",
    )
