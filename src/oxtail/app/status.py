"""What is known of one message, from evidence on disk, and waiting until more is known.

The stages and their order are in :mod:`oxtail.core.evidence`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.app.answered import all_ids
from oxtail.app.results import StatusResult
from oxtail.core.evidence import (
    AWAITABLE,
    STAGES,
    UNKNOWN,
    Proof,
    Stage,
    furthest,
    has_reached,
    is_over,
)
from oxtail.core.names import held_box, is_message_id, pid_box, relay_box, session_box
from oxtail.errors import BadArgument, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oxtail.app.ask import Cancel
    from oxtail.app.context import Context
    from oxtail.app.results import SendResult
    from oxtail.core.mail import Sent

LOOK_SECONDS: Final = 1.0
"""Longest time between two looks of whoever waits; readers of other kinds do not ring."""

_NO_RECORD: Final = "no record of this message: not sent from here, or older than seven days"
_GONE: Final = "it has left the box without a receipt: a reader that writes none took it"


def message_status(ctx: Context, message_id: str) -> StatusResult:
    """Tell how far the message *message_id* has come, and what proves it.

    The status is the furthest stage with a proof, and ``unknown`` without any.

    Raises:
        BadArgument: *message_id* is not sixteen lower-case hex digits.
        StoreError: the records could not be read.
    """
    if not is_message_id(message_id):
        raise BadArgument("message_id", "must be 16 lower-case hex digits")
    sent = ctx.store.sent(message_id)
    proofs = tuple(sorted(_proofs(ctx, message_id, sent), key=lambda p: STAGES[p.stage].rank))
    stage = furthest(proofs)
    if stage is None:
        return StatusResult(message_id, UNKNOWN, note=_NO_RECORD)
    waiting = None
    is_carried = any(proof.stage is Stage.CARRIED for proof in proofs)
    if sent is not None and stage in (Stage.STORED, Stage.OFFERED) and not is_carried:
        waiting = ctx.store.is_waiting(_boxes(ctx, sent), message_id)
    return StatusResult(
        message_id,
        stage.value,
        proofs,
        waiting=waiting,
        note=_GONE if waiting is False else None,
    )


def _boxes(ctx: Context, sent: Sent) -> list[str]:
    boxes = []
    if sent.target_session_id:
        boxes += [session_box(each) for each in all_ids(ctx, sent.target_session_id)]
        if sent.target_server_pid is None and ctx.hosts.are_known():
            host = ctx.hosts.host_of(sent.target_session_id)
            boxes += [relay_box(host)] if host else []
    if sent.target_server_pid:
        boxes.append(pid_box(sent.target_server_pid))
    return boxes


def _proofs(ctx: Context, message_id: str, sent: Sent | None) -> Iterator[Proof]:
    if sent is not None:
        where = (
            ("target_session_id", sent.target_session_id),
            ("target_server_pid", sent.target_server_pid),
        )
        yield Proof(Stage.STORED, sent.enqueued_at, where)
    if offer := ctx.evidence.offer_of(message_id):
        facts = (("door", offer.door), ("attempt", offer.attempt))
        yield Proof(Stage.OFFERED, offer.at, facts)
    if receipt := ctx.store.receipt(message_id):
        who = ("recipient_session_id", receipt.recipient_session_id)
        yield Proof(Stage.SHOWN, receipt.delivered_at, (("via", receipt.via), who))
    if away := ctx.evidence.elsewhere(message_id):
        facts = (("host", away.host), *((("reason", away.reason),) if away.reason else ()))
        yield Proof(Stage(away.stage), away.at, facts)
    if place := ctx.evidence.context_of(message_id):
        facts = (("transcript", place.transcript), ("line", place.line))
        yield Proof(Stage.IN_CONTEXT, place.at, facts)
    if (expired := ctx.shelf.expired_at(message_id)) is not None:
        yield Proof(Stage.EXPIRED, expired)
    if sent is not None and sent.target_session_id:
        yield from _ends(ctx, message_id, sent.target_session_id)
        if sent.from_session_id:
            yield from _answer(ctx, message_id, sent.from_session_id, sent.target_session_id)


def _ends(ctx: Context, message_id: str, receiver: str) -> Iterator[Proof]:
    """Yield the proof that the message is kept back."""
    held = [held_box(each) for each in all_ids(ctx, receiver)]
    if ctx.store.is_waiting(held, message_id):
        yield Proof(Stage.HELD, None)


def _answer(ctx: Context, message_id: str, sender: str, receiver: str) -> Iterator[Proof]:
    """Yield the proof that the receiver, under any of its ids, has answered its sender."""
    receivers = all_ids(ctx, receiver)
    request_id = next(
        (m.request_id for m in (ctx.store.lookup(each, message_id) for each in receivers) if m),
        None,
    )
    for each in all_ids(ctx, sender):
        for reply in ctx.store.replies(each, message_id, request_id):
            if reply.from_session_id in receivers:
                yield Proof(Stage.ANSWERED, reply.enqueued_at, (("message_id", reply.id),))
                return


def stage_named(word: str, field: str = "wait") -> Stage:
    """Return the stage that *word* names, if one can wait for it.

    Raises:
        BadArgument: it names none.
    """
    for stage in AWAITABLE:
        if stage.value == word:
            return stage
    raise BadArgument(field, f"must be one of {', '.join(stage.value for stage in AWAITABLE)}")


def wait_for(
    ctx: Context,
    message_id: str,
    stage: Stage,
    seconds: float,
    *,
    cancelled: Cancel | None = None,
) -> StatusResult:
    """Wait up to *seconds* until *message_id* has reached *stage*; return what is known then.

    Whoever shows or answers the message rings; peers that do not ring are found by looking once a
    second.  Ends early where nothing more is to come, and on cancellation.

    Raises:
        BadArgument, StoreError: as for :func:`message_status`.
    """
    deadline = ctx.clock.monotonic() + seconds
    with ctx.store.bell(ctx.session.boxes()) as bell:
        if cancelled is not None:
            cancelled.add_callback(bell.interrupt)
        while True:
            status = message_status(ctx, message_id)
            if has_reached(stage, status.proofs) or is_over(status.proofs):
                return status._replace(timed_out=False)
            left = deadline - ctx.clock.monotonic()
            if left <= 0 or (cancelled is not None and cancelled.is_set()):
                return status._replace(timed_out=True)
            bell.wait(min(left, LOOK_SECONDS))


def with_receipt(
    ctx: Context,
    result: SendResult,
    stage: Stage,
    seconds: float,
    *,
    cancelled: Cancel | None = None,
) -> SendResult:
    """Return *result* with what is known of its message once it has reached *stage*.

    The message is committed whatever happens here: records that cannot be read are traced, and the
    receipt is left out.  Waits as :func:`wait_for`.
    """
    try:
        status = wait_for(ctx, result.message_id, stage, seconds, cancelled=cancelled)
    except StoreError as error:
        ctx.trace("receipt_not_read", message_id=result.message_id, error=error.message)
        return result
    return result._replace(receipt=status)
