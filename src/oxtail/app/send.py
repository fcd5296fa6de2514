"""Send a message, or answer one by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.app.locate import locate
from oxtail.app.results import SendResult
from oxtail.app.wake import wake_after_send
from oxtail.core.address import route_to, route_to_known
from oxtail.core.entry import Entry, Known
from oxtail.core.envelope import Envelope, check_body
from oxtail.core.names import session_box
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

WAKES = (None, "off", "auto")

SILENT: Final = ("wake", "off")
"""Extension member of a message whose sender wants nobody woken for it."""

_STORED = (
    "The session is not running. The message is kept in its mailbox and shown when it returns."
)
_BOOTSTRAP = (
    "The receiver has not said who it is, so it cannot reply by message id. "
    "It gets a session id by calling claim_session."
)


def compose(
    ctx: Context,
    body: str,
    *,
    request_id: str | None = None,
    reply_to: str | None = None,
    source_message_id: str | None = None,
    silent: bool = False,
) -> Envelope:
    """Return a new message from this session; its id is final.

    *silent* asks the receiver's own server to wake nobody for it.
    """
    return Envelope(
        id=ctx.ids.new_id(),
        body=body,
        enqueued_at=int(ctx.clock.now()),
        from_session_id=ctx.session.id,
        request_id=request_id,
        reply_to=reply_to,
        source_message_id=source_message_id,
        extra=(SILENT,) if silent else (),
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


def deliver(ctx: Context, peer: Entry | Known, envelope: Envelope) -> None:
    """Commit *envelope* to the box of *peer*; see :meth:`oxtail.ports.Store.put`.

    Raises:
        StoreError: it could not be committed; nothing was sent.
    """
    if isinstance(peer, Known):
        ctx.store.put(route_to_known(peer), envelope)
        return
    ctx.store.put(route_to(peer), envelope)
    _rescue(ctx, peer, envelope)


def _is_silent(peer: Entry | Known, wake: str | None) -> bool:
    """Tell whether *peer* must be told that no wake is wanted; others wake only if asked to."""
    return wake == "off" and isinstance(peer, Entry) and bool(peer.doors)


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


def _result(
    ctx: Context, peer: Entry | Known, envelope: Envelope, wake: str | None, via: str
) -> SendResult:
    deliver(ctx, peer, envelope)
    report = wake_after_send(ctx, peer, wake=wake, reply_to=envelope.reply_to, via=via)
    if isinstance(peer, Known):
        return SendResult(envelope.id, peer.session_id, None, report, note=_STORED)
    unclaimed = peer.session_id is None
    return SendResult(
        envelope.id,
        peer.session_id,
        peer.server_pid,
        report,
        note=_BOOTSTRAP if unclaimed else None,
        bootstrap=unclaimed,
    )


def send(
    ctx: Context,
    target: str,
    body: str,
    *,
    wake: str | None = None,
    reply_to: str | None = None,
    source_message_id: str | None = None,
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

    Raises:
        TargetError: the target cannot be used; nothing was sent.
        BadArgument: an argument is malformed; nothing was sent.
        StoreError: the message could not be committed; nothing was sent.
    """
    check_body(body)
    _check_options(wake, reply_to=reply_to, source_message_id=source_message_id)
    try:
        peer = locate(ctx, target)
    except TargetError as error:
        _explain(error, wake, reply_to is not None)
        raise
    envelope = compose(
        ctx,
        body,
        reply_to=reply_to,
        source_message_id=source_message_id,
        silent=_is_silent(peer, wake),
    )
    return _result(ctx, peer, envelope, wake, "send_message")


def reply(ctx: Context, message_id: str, body: str, *, wake: str | None = None) -> SendResult:
    """Answer the message *message_id* that this session received.

    The answer goes to the message's sender and carries its request id, so that a question finds
    its answer.

    Raises:
        NoSessionId: this session has not said who it is.
        MessageNotFound: the message is not in this session's ledger.
        NoReplyTarget: the message names no sender.
        TargetError: the sender cannot be reached; nothing was sent.
        BadArgument, StoreError: as for :func:`send`.
    """
    check_body(body)
    _check_options(wake, message_id=message_id)
    if ctx.session.id is None:
        raise NoSessionId
    original = ctx.store.lookup(ctx.session.id, message_id)
    if original is None:
        raise MessageNotFound(
            "No message with this id is in this session's ledger. "
            "If the sender is known, send_message reaches it without the message id."
        )
    if original.from_session_id is None:
        raise NoReplyTarget
    try:
        peer = locate(ctx, original.from_session_id)
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
    )
    return _result(ctx, peer, envelope, wake, "reply_to_message")._replace(
        in_reply_to=message_id,
        correlation="correlated" if original.request_id else "uncorrelated",
    )
