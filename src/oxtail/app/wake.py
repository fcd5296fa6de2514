"""Make a receiver look at its mail, where that is wanted and allowed.

The rules are in :mod:`oxtail.core.wake`; this module gathers the facts and carries the verdict
out.  It runs after the message is committed, so nothing here may fail the call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.app.results import WakeReport
from oxtail.core.entry import Entry, Known
from oxtail.core.presence import Presence, classify, is_fresh_idle
from oxtail.core.wake import (
    LEFT_TO_RECEIVER,
    OFF,
    THROTTLED,
    Facts,
    Verdict,
    decide,
    decide_ask,
    intent_survives,
)

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.core.remote import Peer

TYPED: Final = ("fired", "fired_unconfirmed")
"""Wake statuses after which keys are in the receiver's pane."""

KEYS: Final = "tmux"
"""The door of an offer that a sender typed."""


def _stack() -> str:
    import traceback  # costs milliseconds, and is needed almost never

    return traceback.format_exc()


def _presence(ctx: Context, session_id: str | None) -> tuple[Presence, bool]:
    marker = ctx.presence.read(session_id) if session_id else None
    now = ctx.clock.now()
    return (
        classify(marker, now, ctx.settings.busy_ttl_ms),
        is_fresh_idle(marker, now, ctx.settings.fresh_idle_ms),
    )


def _carry_out(ctx: Context, peer: Entry, verdict: Verdict, reply_to: str | None) -> WakeReport:
    report = WakeReport(verdict.status, verdict.reason, verdict.outlook, verdict.hint)
    if not verdict.fire:
        return report
    if peer.session_id and reply_to:
        if verdict.claim_slot:
            refused = ctx.wake_records.claim_reply_wake(peer.session_id, reply_to)
            if refused:
                return report._replace(status=refused)
        elif verdict.stamp_slot:
            ctx.wake_records.stamp(peer.session_id, reply_to)
    return report._replace(status=ctx.waker.wake(peer))


def _pulls_back(ctx: Context, session_id: str, reply_to: str) -> bool:
    """Take the pending ask for a late answer, which may have been opened under an earlier id."""
    ids = (session_id, *ctx.lineage.former(session_id))
    return any(ctx.store.consume_pending_ask(each, reply_to) for each in ids)


def _report(ctx: Context, peer: Peer, wake: str | None, reply_to: str | None) -> WakeReport:
    session_id = peer.session_id
    if not isinstance(peer, (Entry, Known)):
        return WakeReport()  # its own host does that, once the message is there
    pending = bool(session_id and reply_to and _pulls_back(ctx, session_id, reply_to))
    if isinstance(peer, Known):
        return WakeReport("skipped_no_target") if wake == "auto" else WakeReport()
    presence, fresh_idle = _presence(ctx, session_id)
    verdict = decide(
        Facts(
            wake=wake,
            is_reply=reply_to is not None,
            pending=pending,
            claimed=session_id is not None,
            presence=presence,
            fresh_idle=fresh_idle,
            autowake=ctx.settings.autowake,
            strategy=ctx.settings.wake_strategy,
            own_door=bool(peer.doors),
        )
    )
    return _carry_out(ctx, peer, verdict, reply_to)


def _trace_outcome(ctx: Context, peer: Peer, status: str | None, via: str) -> None:
    if status and isinstance(peer, (Entry, Known)):
        ctx.trace(
            "wake_outcome",
            via=via,
            wake_status=status,
            target_session_id=peer.session_id,
            client_type=peer.client.type if isinstance(peer, Entry) else peer.client_type,
        )


def _leave_wish(
    ctx: Context, peer: Peer, message_id: str | None, status: str | None, sender: str | None
) -> None:
    """Leave the rest to the receiver's own server, where that one looks at such wishes.

    A Python peer's server watches its box and needs none; only such a peer tells its start token.
    """
    if not (isinstance(peer, Entry) and peer.session_id and message_id):
        return
    if peer.start_token is None and intent_survives(status):
        ctx.wake_records.wish(peer.session_id, message_id, sender)


def _note_offer(ctx: Context, message_id: str | None, status: str | None) -> None:
    """Record that keys were typed for a message; what an own door takes, its server records."""
    if message_id and status in TYPED:
        from oxtail.core.evidence import Offered

        ctx.evidence.offered(Offered(message_id, KEYS, int(ctx.clock.now()), 1))


def wake_after_send(
    ctx: Context,
    peer: Peer,
    *,
    wake: str | None,
    reply_to: str | None,
    via: str,
    message_id: str | None = None,
) -> WakeReport:
    """Wake *peer* for a message that is committed, if the rules say so; report what was done.

    Never raises: a wake is a hint, and a message that was committed is no error any more.
    """
    try:
        report = _report(ctx, peer, wake, reply_to)
        _note_offer(ctx, message_id, report.status)
        _leave_wish(ctx, peer, message_id, report.status, ctx.session.id)
    except Exception:  # noqa: BLE001 - see the docstring; the stack goes to the trace
        ctx.trace("wake_failed", target_session_id=peer.session_id, stack=_stack())
        return WakeReport()
    spoken = "reply_default" if report.reason == "reply_to_default" else via
    _trace_outcome(ctx, peer, report.status, spoken)
    return report


def wake_for_ask(ctx: Context, peer: Peer) -> str:
    """Wake *peer* for a question that is waiting, unless it is busy; return the wake status.

    One on another host is woken there.
    """
    if not isinstance(peer, Entry):
        return LEFT_TO_RECEIVER
    try:
        presence, _ = _presence(ctx, peer.session_id)
        verdict = decide_ask(presence, ctx.settings.wake_strategy, bool(peer.doors))
        status = ctx.waker.wake(peer) if verdict.fire else verdict.status
    except Exception:  # noqa: BLE001 - the question is out; its answer must still be waited for
        ctx.trace("wake_failed", target_session_id=peer.session_id, stack=_stack())
        status = None
    _trace_outcome(ctx, peer, status, "ask_peer")
    return status or "skipped_no_target"


def wake_for_operator(ctx: Context, peer: Entry, message_id: str, *, wanted: bool) -> str:
    """Wake *peer* for a message of a person, unless it is busy or was woken so a moment ago.

    What is typed is the line that every wake types, never the message: the message comes framed.

    Returns:
        The wake status; ``off`` where no wake was *wanted*.  Never raises.
    """
    if not wanted:
        return OFF
    try:
        status = _operator_status(ctx, peer)
        _note_offer(ctx, message_id, status)
        _leave_wish(ctx, peer, message_id, status, None)
    except Exception:  # noqa: BLE001 - the message is committed; see wake_after_send
        ctx.trace("wake_failed", target_session_id=peer.session_id, stack=_stack())
        return "skipped_no_target"
    _trace_outcome(ctx, peer, status, "operator")
    return status


def _operator_status(ctx: Context, peer: Entry) -> str:
    session_id = peer.session_id
    presence, _ = _presence(ctx, session_id)
    verdict = decide_ask(presence, ctx.settings.wake_strategy, bool(peer.doors))
    if not verdict.fire:
        return verdict.status or "skipped_no_target"
    if session_id and ctx.wake_records.is_operator_too_soon(session_id):
        return THROTTLED
    status = ctx.waker.wake(peer)
    if session_id and status in TYPED:
        ctx.wake_records.stamp_operator(session_id)
    return status


def wake_again(ctx: Context, peer: Entry) -> str | None:
    """Wake *peer* for a question that nobody waits on any more, unless it is busy.

    A peer with a door of its own is left to its own server, and nothing is typed.

    Returns:
        The wake status; None where another one who waits for *peer* has just woken it.
    """
    presence, _ = _presence(ctx, peer.session_id)
    verdict = decide_ask(presence, ctx.settings.wake_strategy, bool(peer.doors))
    if not verdict.fire:
        return verdict.status
    if not ctx.wake_records.claim_waiters_wake(peer.session_id or ""):
        return None
    status = ctx.waker.wake(peer)
    _trace_outcome(ctx, peer, status, "waiter_heal")
    return status
