"""Remind a session, when it starts or goes on, of what is open in it; takes no mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.app.drain import waiting_mail
from oxtail.core.hook import output
from oxtail.core.reminder import Left, text_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.app.context import Context
    from oxtail.core.hook import HookEvent


def left_open(ctx: Context) -> Left:
    """Return what is open in the session of *ctx*, under any of its ids.

    Raises:
        StoreError: its records could not be read.
    """
    ids = ctx.session.ids()
    now = ctx.clock.now()
    owed = sorted(ctx.work.open_of(ids), key=lambda each: not each.is_overdue(now))
    asks = {
        (ask.at_ms, ask.request_id): ask.message_id
        for each in ids
        for ask in (*ctx.store.pending_asks(each), *ctx.store.waiting_asks(each))
    }
    return Left(
        work=tuple(each.message.id for each in owed),
        overdue=sum(each.is_overdue(now) for each in owed),
        asks=tuple(message_id for _, message_id in sorted(asks.items())),
        mail=len(waiting_mail(ctx, ctx.session.boxes()).messages),
    )


def remind(ctx: Context, event: HookEvent, emit: Callable[[dict[str, object]], None]) -> bool:
    """Call *emit* with a reminder if anything is open; return whether there was one.

    Raises:
        StoreError: what is open could not be read; nothing was emitted.
        NotEmitted: as from *emit*.
    """
    text = text_for(left_open(ctx))
    if not text:
        return False
    emit(output(event, text))
    ctx.trace("hook_reminded", hook_event=event.name, client=event.client)
    return True
