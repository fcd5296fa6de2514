"""Read the inbox, within the budgets, leaving alone what a question is waiting for."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from oxtail.app.drain import Drained, draining
from oxtail.core.selection import Selection, choose, nothing_reserved, shortened
from oxtail.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from oxtail.app.context import Context
    from oxtail.app.results import ReadResult
    from oxtail.core.envelope import Envelope


def reserved_for_asks(ctx: Context) -> Callable[[Envelope], bool]:
    """Return the test for mail that a waiting question of this session will take itself."""
    asks = [ask for each in ctx.session.ids() for ask in ctx.store.waiting_asks(each)]
    if not asks:
        return nothing_reserved
    from functools import partial

    from oxtail.app.ids import heir_of
    from oxtail.core.correlation import answers

    heir = partial(heir_of, ctx)
    return lambda message: any(answers(message, ask, strict=True, heir=heir) for ask in asks)


@contextmanager
def reading(
    ctx: Context,
    *,
    via: str,
    limit: int | None = None,
    fits: Callable[[Sequence[Envelope], int], bool] | None = None,
) -> Iterator[Drained]:
    """Take the oldest waiting messages; acknowledge them when the block ends.

    At most ``read_max_messages`` messages and ``read_max_body_bytes`` body bytes, always at least
    one message, never a cut body; the rest stays queued in order.  If the block raises, everything
    stays queued.

    Args:
        ctx: The caller's context.
        via: How the mail is shown, for the receipts.
        limit: A smaller number of messages.
        fits: Tells whether the reader can show these messages, with so many left queued, at once;
            asked for two messages or more.

    Raises:
        StoreError: the inbox could not be read; nothing was taken.
    """
    most = min(limit, ctx.settings.read_max_messages) if limit else ctx.settings.read_max_messages
    reserved = reserved_for_asks(ctx)

    def pick(messages: Sequence[Envelope]) -> Selection:
        chosen = choose(
            messages,
            max_messages=most,
            max_body_bytes=ctx.settings.read_max_body_bytes,
            reserved=reserved,
        )
        return shortened(chosen, messages, fits) if fits else chosen

    with draining(ctx, via=via, choose=pick) as drained:
        yield drained


def read(
    ctx: Context,
    emit: Callable[[ReadResult], None],
    *,
    via: str = "read_my_messages",
    limit: int | None = None,
    fits: Callable[[ReadResult], bool] | None = None,
) -> Drained:
    """Show the oldest waiting messages through *emit*, which returns only when they are out.

    Of several messages only as many are taken as make a result that *fits*.
    The rules and errors are those of :func:`reading`.
    """
    from oxtail.app.results import ReadResult

    open_work, overdue = _owed(ctx)

    def fitting(messages: Sequence[Envelope], left: int) -> bool:
        # Unread boxes are counted only later, so room is kept for the largest number of them.
        skipped = len(ctx.session.boxes())
        result = ReadResult(tuple(messages), left, skipped, open_work, overdue)
        return fits is None or fits(result)

    with reading(ctx, via=via, limit=limit, fits=fitting if fits else None) as drained:
        emit(ReadResult(drained.messages, drained.deferred, drained.skipped, open_work, overdue))
    return drained


def _owed(ctx: Context) -> tuple[int, int]:
    """Return how much open work the session owes, and how much of it is overdue."""
    if ctx.session.id is None:
        return 0, 0
    try:
        owed = ctx.work.open_of(ctx.session.ids())
    except StoreError as error:
        # The mail is what was asked for; a ledger that cannot be read must not keep it.
        ctx.trace("open_work_not_counted", error=error.message)
        return 0, 0
    now = ctx.clock.now()
    return len(owed), sum(each.is_overdue(now) for each in owed)
