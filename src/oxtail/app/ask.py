"""Ask a peer and wait for its answer.

The life of a question is the table in :mod:`oxtail.core.correlation`.  A waiting record is on disk
before the question goes out, and becomes a pending ask whenever this process stops waiting without
an answer: on timeout, on cancellation and, by the next reader of the record, on its death.  So a
late answer always finds its asker.  See ``docs/concepts.md``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from oxtail.app.drain import Drained, draining, nothing
from oxtail.app.governor import admit, note
from oxtail.app.ids import heir_of
from oxtail.app.locate import find
from oxtail.app.question import Life
from oxtail.app.results import AskResult
from oxtail.app.send import compose, deliver
from oxtail.app.shelf import check_room
from oxtail.app.wake import wake_for_ask
from oxtail.core.correlation import Ask, Event, State, answers
from oxtail.core.entry import Entry, Known
from oxtail.core.envelope import Envelope, check_body
from oxtail.core.names import pid_box
from oxtail.core.selection import Selection
from oxtail.core.value import Value
from oxtail.core.wake import SKIPPED_HELD
from oxtail.errors import (
    AskCancelled,
    BadArgument,
    PeerHasNoSessionId,
    Refused,
    TargetNotFound,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oxtail.app.context import Context
    from oxtail.core.remote import Neighbor
    from oxtail.ports import Bell

GRACE_SECONDS: Final = 0.5
"""How long a peer may answer by itself before it is woken."""

LOOK_SECONDS: Final = 1.0
"""Longest time between two looks into the inbox, should a ring be missed."""

REQUEST_MAX_MS: Final = 300_000
"""Longest wait that may be asked for; the settings clamp it further."""


class Cancel(Protocol):
    """Tells a waiting question that nobody wants its answer any more."""

    def is_set(self) -> bool:
        """Return whether the question is cancelled."""
        ...

    def add_callback(self, callback: Callable[[], None]) -> None:
        """Call *callback* when the question is cancelled, or at once if it is."""
        ...


class NeverCancelled:
    """The :class:`Cancel` of a caller that cannot change its mind."""

    def is_set(self) -> bool:
        """Return False."""
        return False

    def add_callback(self, callback: Callable[[], None]) -> None:
        """Forget *callback*."""


class _Question(Value):
    """One question on its way."""

    ask: Ask
    life: Life
    peer: Entry | Neighbor
    strict: bool
    timeout_ms: int
    clamped_from_ms: int | None
    held: bool

    def result(self, wake_status: str, reply: Envelope | None) -> AskResult:
        correlation = "none"
        if reply:
            correlation = "correlated" if self.strict else "uncorrelated"
        return AskResult(
            message_id=self.ask.message_id,
            request_id=self.ask.request_id,
            reply=reply,
            correlation=correlation,
            wake_status=wake_status,
            timeout_ms=self.timeout_ms,
            clamped_from_ms=self.clamped_from_ms,
            timed_out=reply is None,
            held=self.held,
        )


def _timeout(ctx: Context, requested: int | None) -> tuple[int, int | None]:
    if requested is not None and not 0 < requested <= REQUEST_MAX_MS:
        raise BadArgument("timeout_ms", f"must be from 1 to {REQUEST_MAX_MS}")
    wanted = requested or ctx.settings.ask_timeout_ms
    longest = ctx.settings.ask_max_timeout_ms
    return (longest, wanted) if wanted > longest else (wanted, None)


def _running_peer(ctx: Context, target: str) -> Entry | Neighbor:
    try:
        peer = find(ctx, target)
    except TargetNotFound as error:
        error.fields["wake_status"] = "skipped_no_target"
        raise
    if isinstance(peer, Known) or not (isinstance(peer, Entry) or peer.is_live):
        raise TargetNotFound(
            "The session is not running, so no answer can be waited for. "
            "send_message keeps a message for it until it returns.",
            wake_status="skipped_no_target",
        )
    if peer.session_id is None:
        raise PeerHasNoSessionId(
            "The peer has not said who it is yet. Send it a message first that asks it to call "
            "claim_session with its session id."
        )
    return peer


def ask(
    ctx: Context,
    target: str,
    body: str,
    emit: Callable[[AskResult], None],
    *,
    timeout_ms: int | None = None,
    cancelled: Cancel | None = None,
    via: str = "ask_peer_reply",
) -> Drained:
    """Send *body* to *target* as a question, wait for the answer and hand it to *emit*.

    *emit* is called exactly once unless an error is raised.  If it raises, an answer that was in
    hand goes back into the inbox and the question becomes a pending ask.  So does a question that
    the receiver's policy holds, at once: its answer, if ever, comes late.

    Args:
        ctx: The caller's context.
        target: A session id, a chosen name or a tmux session name of a running peer.
        body: 1 to 8192 UTF-8 bytes.
        emit: Shows the result; returns only when it is out.
        timeout_ms: How long to wait, at most 300000 and at most the configured ceiling.
        cancelled: Ends the wait early.
        via: How the answer is shown, for its receipt.

    Raises:
        TargetError: the peer cannot be asked, or refuses mail from here; nothing was sent.  The
            host of a peer on another one may say so later, which ends the wait.
        Damped: too much passes between the two; nothing was sent.
        BadArgument: an argument is malformed; nothing was sent.
        StoreError: the question could not be recorded or committed; nothing was sent.
        AskCancelled: it was cancelled; a late answer arrives as ordinary mail.
    """
    check_body(body)
    effective_ms, clamped_from = _timeout(ctx, timeout_ms)
    peer = _running_peer(ctx, target)
    if not isinstance(peer, Entry):
        check_room(ctx, peer)
    admission = admit(ctx, peer, compose(ctx, body, request_id=ctx.ids.new_id()))
    envelope = admission.envelope
    asked = Ask(
        session_id=ctx.session.id or "",
        request_id=envelope.request_id or "",
        target=peer.session_id or "",
        message_id=envelope.id,
        owner_epoch=ctx.session.entry.started_at,
        at_ms=int(ctx.clock.now() * 1000),
    )
    strict = peer.capabilities.reply_to if isinstance(peer, Entry) else True
    question = _Question(
        ask=asked,
        life=Life(ctx.store, asked, is_recorded=ctx.session.id is not None, is_strict=strict),
        peer=peer,
        strict=strict,
        timeout_ms=effective_ms,
        clamped_from_ms=clamped_from,
        held=admission.is_held,
    )
    cancel = cancelled or NeverCancelled()
    with ctx.store.bell(ctx.session.boxes()) as bell:
        cancel.add_callback(bell.interrupt)
        question.life.begin()
        if ctx.session.id is None:
            ctx.trace("ask_peer_pending_skipped_unclaimed", request_id=question.ask.request_id)
        try:
            deliver(ctx, peer, envelope, held=question.held)
        except BaseException:
            question.life.on(Event.SEND_FAILED)
            raise
        question.life.on(Event.COMMITTED)
        note(ctx, peer, admission)
        try:
            return _wait(ctx, question, bell, cancel, emit, via)
        except Refused:
            question.life.on(Event.SEND_FAILED)
            raise
        except BaseException:
            question.life.stop_waiting(Event.CANCELLED)
            raise


def _wait(
    ctx: Context,
    question: _Question,
    bell: Bell,
    cancel: Cancel,
    emit: Callable[[AskResult], None],
    via: str,
) -> Drained:
    names = {
        "target_session_id": question.ask.target,
        "message_id": question.ask.message_id,
        "request_id": question.ask.request_id,
    }
    ctx.trace("ask_peer_start", **names, require_reply_to=question.strict)
    started = ctx.clock.monotonic()
    # Nobody answers before a person lets a held question through.
    deadline = started if question.held else started + question.timeout_ms / 1000
    wake_status: str | None = SKIPPED_HELD if question.held else None
    outcome: list[AskResult] = []

    def show(drained: Drained) -> None:
        if cancel.is_set():
            raise AskCancelled
        reply = drained.messages[0] if drained.messages else None
        # An answer that comes before anybody was woken means that the peer was at work.
        result = question.result(wake_status or "skipped_busy", reply)
        emit(result)
        outcome.append(result)

    def finish(drained: Drained) -> Drained:
        ctx.trace(
            "ask_peer_end",
            **names,
            duration_ms=int((ctx.clock.monotonic() - started) * 1000),
            wake_status=outcome[0].wake_status,
            timed_out=outcome[0].timed_out,
            correlation=outcome[0].correlation,
        )
        return drained

    while (now := ctx.clock.monotonic()) < deadline:
        if cancel.is_set():
            raise AskCancelled
        if drained := _take(ctx, question, show, via):
            question.life.on(Event.ANSWERED)
            return finish(drained)
        if not isinstance(question.peer, Entry) and _is_held_there(ctx, question):
            question, wake_status = question._replace(held=True), SKIPPED_HELD
            break
        if wake_status is None and now - started >= GRACE_SECONDS:
            wake_status = wake_for_ask(ctx, question.peer)
            continue
        until = deadline if wake_status else min(deadline, started + GRACE_SECONDS)
        bell.wait(min(max(until - ctx.clock.monotonic(), 0.0), LOOK_SECONDS))
    # From here a late answer pulls this session back; whatever came before is found by one last
    # look, so that no answer falls between the two.
    question.life.stop_waiting(Event.TIMED_OUT)
    if drained := _take(ctx, question, show, via):
        ctx.trace("ask_peer_late_catch", **names)
        if question.life.state is State.PENDING:
            question.life.on(Event.ANSWERED)
        return finish(drained)
    if cancel.is_set():
        raise AskCancelled
    unanswered = nothing(ctx)
    show(unanswered)
    return finish(unanswered)


def _is_held_there(ctx: Context, question: _Question) -> bool:
    """Tell whether the host of the receiver says that a person has to let the question through.

    Raises:
        Refused: it says that it did not take the question.
    """
    from oxtail.core.evidence import Stage

    there = ctx.evidence.elsewhere(question.ask.message_id)
    if there is None:
        return False
    if there.stage == Stage.REFUSED.value:
        raise Refused(
            "The host of the session did not take the question, so no answer will come.",
            target_session_id=question.ask.target,
            reason=there.reason or "unknown",
        )
    return there.stage == Stage.HELD.value


def _take(
    ctx: Context, question: _Question, show: Callable[[Drained], None], via: str
) -> Drained | None:
    """Claim and show the answer if it is there; otherwise touch nothing."""
    heir = partial(heir_of, ctx)

    def pick(messages: Sequence[Envelope]) -> Selection:
        for message in messages:
            if answers(message, question.ask, strict=question.strict, heir=heir):
                return Selection((message.id,), 0, 0)
        return Selection((), 0, 0)

    # A peer that cannot correlate answers into the process box, as it always did.
    boxes = ctx.session.boxes() if question.strict else (pid_box(ctx.session.entry.server_pid),)
    with draining(ctx, via=via, choose=pick, boxes=boxes) as drained:
        if drained.messages:
            show(drained)
    return drained if drained.messages else None
