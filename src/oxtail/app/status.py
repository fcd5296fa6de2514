"""What is known of one message, from evidence on disk, and waiting until more is known.

The stages and their order are in :mod:`oxtail.core.evidence`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.app.ids import all_ids
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
from oxtail.core.names import (
    held_box,
    is_message_id,
    pid_box,
    reassigned_id,
    reassignment_note_id,
    relay_box,
    session_box,
)
from oxtail.errors import BadArgument, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oxtail.app.ask import Cancel
    from oxtail.app.context import Context
    from oxtail.app.results import SendResult
    from oxtail.core.mail import Sent
    from oxtail.core.work import Owed

LOOK_SECONDS: Final = 1.0
"""Longest time between two looks of whoever waits; readers of other kinds do not ring."""

HANDS_MAX: Final = 64
"""How often work may be handed on and still be followed."""

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
    owed = _received(ctx, sent)
    proofs, waiting = _known(ctx, message_id, sent, owed)
    if waiting is False:
        # A reader may have taken and acknowledged it between the two looks.
        proofs, waiting = _known(ctx, message_id, sent, owed)
    stage = furthest(proofs)
    if stage is None:
        return StatusResult(message_id, UNKNOWN, note=_NO_RECORD)
    work = owed if owed is not None and owed.is_work else None
    return StatusResult(
        message_id,
        stage.value,
        proofs,
        waiting=waiting,
        note=_GONE if waiting is False else None,
        work=work,
        overdue=work is not None and work.is_overdue(ctx.clock.now()),
    )


def _received(ctx: Context, sent: Sent | None) -> Owed | None:
    """Return the message as it stands in its receiver's ledger, or of whoever owes the work now."""
    if sent is None or not sent.target_session_id:
        return None
    owed = ctx.work.find(all_ids(ctx, sent.target_session_id), sent.message_id)
    for _ in range(HANDS_MAX):
        if owed is None or not owed.to:
            break
        following = ctx.work.find(all_ids(ctx, owed.to), reassigned_id(owed.message.id))
        if following is None:
            break
        owed = following
    return owed


def _known(
    ctx: Context, message_id: str, sent: Sent | None, owed: Owed | None
) -> tuple[tuple[Proof, ...], bool | None]:
    """Return all proofs in the order of the stages, and whether the message still waits.

    That is None where it is of no interest any more: something later is proved, or another host
    has it.
    """
    found = _proofs(ctx, message_id, sent, owed)
    proofs = tuple(sorted(found, key=lambda proof: STAGES[proof.stage].rank))
    is_carried = any(proof.stage is Stage.CARRIED for proof in proofs)
    if sent is None or furthest(proofs) not in (Stage.STORED, Stage.OFFERED) or is_carried:
        return proofs, None
    return proofs, ctx.store.is_waiting(_boxes(ctx, sent), message_id)


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


def _proofs(ctx: Context, message_id: str, sent: Sent | None, owed: Owed | None) -> Iterator[Proof]:
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
            yield from _answer(ctx, sent, sent.from_session_id, owed)


def _ends(ctx: Context, message_id: str, receiver: str) -> Iterator[Proof]:
    """Yield the proof that the message is kept back."""
    held = [held_box(each) for each in all_ids(ctx, receiver)]
    if ctx.store.is_waiting(held, message_id):
        yield Proof(Stage.HELD, None)


def _answer(ctx: Context, sent: Sent, sender: str, owed: Owed | None) -> Iterator[Proof]:
    """Yield the proof that the receiver, or who owes the work now, has answered its sender.

    All of them count under any of their ids.  The note that work was handed on answers nothing.
    """
    assert sent.target_session_id
    writers = set(all_ids(ctx, sent.target_session_id))
    names = {sent.message_id: reassignment_note_id(sent.message_id)}
    if owed is not None:
        writers.update(all_ids(ctx, owed.session_id))
        names[owed.message.id] = reassignment_note_id(owed.message.id)
    request_id = owed.message.request_id if owed is not None else None
    for each in all_ids(ctx, sender):
        for name in names:
            for reply in ctx.store.replies(each, name, request_id):
                if reply.from_session_id in writers and reply.id not in names.values():
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
