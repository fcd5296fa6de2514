"""One event of a client: set the marker, and put waiting mail before the model.

Both ways in which a client reports an event come here, the call of the running server and the
command, and a client may use both at once: the claim makes sure that one of them shows the mail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from oxtail.app.drain import draining, nothing
from oxtail.app.read import reserved_for_asks
from oxtail.core.hook import BUSY, GONE, STOP_NOTE, output, rule_for
from oxtail.core.render import UNCUT_BYTES, render
from oxtail.core.selection import Selection
from oxtail.errors import OxtailError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oxtail.app.context import Context
    from oxtail.app.drain import Drained
    from oxtail.core.envelope import Envelope
    from oxtail.core.hook import HookEvent

LOCK_BUDGET_MS: Final = 500
"""Longest wait for the lock of a box, in milliseconds: the agent waits as long."""

VIA: Final = "hook"
"""What receipts say of mail that came this way."""

_NO_LIMIT: Final = 1 << 62


def handle(
    ctx: Context,
    event: HookEvent,
    emit: Callable[[dict[str, object]], None],
    *,
    was_seen: bool = False,
) -> Drained:
    """Do what *event* asks for; call *emit* with the hook's output if it says anything.

    A message is shown whole or stays queued; a reply that a waiting question will take is left to
    it.  A message that the client would cut stays queued too, with what waits behind it, and a
    notice names it with a prompt and at the end of a turn.  If *emit* raises, the mail goes back
    unshown and the exception goes on.  A marker that cannot be written is traced.

    Args:
        ctx: The context; its store waits for no lock longer than :data:`LOCK_BUDGET_MS`.
        event: What happened.
        emit: Returns only when the output is out.
        was_seen: Whether the script that comes before this saw mail a moment ago, after it had said
            that the session is busy.

    Raises:
        StoreError: the inbox could not be read; nothing was taken.
        NotEmitted: as from *emit*.
    """
    rule = rule_for(event)
    if rule.marker and not rule.ends and not (was_seen and rule.marker == BUSY):
        _mark(ctx, event, rule.marker)
    if not rule.delivers:
        if rule.marker and rule.ends:
            _mark(ctx, event, rule.marker)
        return nothing(ctx)
    if not rule.ends:
        return _deliver(ctx, event, emit)[0]
    assert rule.marker is not None
    try:
        drained, found, said = _deliver(ctx, event, emit)
        if not said and was_seen and not found and not drained.skipped:
            # The other hook of this event has taken the mail, so the turn goes on.
            return drained
        if not said:
            _mark(ctx, event, rule.marker)
            # A sender who saw the session busy has left it to this very moment.
            drained, _, said = _deliver(ctx, event, emit)
    except OxtailError:
        _mark(ctx, event, rule.marker)
        raise
    if said:
        _mark(ctx, event, BUSY)
    return drained


def _deliver(
    ctx: Context, event: HookEvent, emit: Callable[[dict[str, object]], None]
) -> tuple[Drained, int, bool]:
    """Show what fits; return it, how many messages were there, and whether anything was put out."""
    nonce = ctx.ids.new_id()
    note = STOP_NOTE if event.name == "Stop" else ""
    reserved = reserved_for_asks(ctx)
    found, notice = 0, ""

    def text(
        messages: Sequence[Envelope], budget: int, queued: int, uncut: int | None = None
    ) -> Any:
        return render(messages, budget=budget, nonce=nonce, uncut=uncut, note=note, queued=queued)

    def pick(messages: Sequence[Envelope]) -> Selection:
        nonlocal found, notice
        found = len(messages)
        free = [message for message in messages if not reserved(message)]
        free.sort(key=lambda message: message.enqueued_at)
        fitting = text(free, ctx.settings.hook_max_body_chars, 0, UNCUT_BYTES)
        # Tool calls may be many in a turn, and each would say it anew.
        notice = "" if fitting.shown or rule_for(event).is_tool else fitting.text
        return Selection(fitting.shown, fitting.left, found - len(free))

    with draining(ctx, via=VIA, choose=pick) as drained:
        if drained.messages:
            # What was claimed has been found to fit; all of it is shown, whatever the count says.
            shown = text(drained.messages, _NO_LIMIT, drained.deferred)
            emit(output(event, shown.text))
            ids = [message.id for message in drained.messages]
            ctx.trace("hook_delivered", hook_event=event.name, client=event.client, messages=ids)
    said = bool(drained.messages)
    if notice:
        emit(output(event, notice))
        ctx.trace("hook_withheld", hook_event=event.name, client=event.client)
        said = True
    return drained, found, said


def _mark(ctx: Context, event: HookEvent, state: str) -> None:
    for session_id in dict.fromkeys((event.session_id, ctx.session.id)):
        if session_id is None:
            continue
        try:
            if state == GONE:
                ctx.presence.clear(session_id)
            else:
                ctx.presence.write(session_id, state)
        except StoreError as error:
            ctx.trace("marker_failed", session_id=session_id, state=state, error=error.message)
