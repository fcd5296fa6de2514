"""The one way in which mail leaves a box: claim, show, acknowledge.

Every front end that shows mail does so inside this block: the read tool, a waiting question, the
command line, the Python interface and the hooks.  Mail that was claimed and not shown goes back;
mail that was shown and not acknowledged, because the process died in between, is shown again with
the same id.  See ``docs/states.md``.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from oxtail.core.mail import Claim
from oxtail.core.names import session_box
from oxtail.core.value import Value
from oxtail.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from oxtail.app.context import Context
    from oxtail.core.envelope import Envelope
    from oxtail.core.mail import Peek
    from oxtail.core.selection import Selection
    from oxtail.ports import Store
    from oxtail.trace import Trace

_NOTHING = Claim((), ())


class Drained(Value):
    """What one drain took.

    Attributes:
        messages: What was taken, in the order that was chosen.
        deferred: How many messages stay queued because of the budgets.
        skipped: How many boxes could not be read.
    """

    messages: tuple[Envelope, ...]
    deferred: int
    skipped: int
    claim: Claim
    store: Store
    trace: Trace

    def retract(self) -> None:
        """Put the mail back after all, because nobody saw what was shown.

        For a front end that learns too late that its answer was thrown away.  A failure is traced:
        then the messages stay acknowledged, and the ledger still knows them.
        """
        if not self.claim.tokens:
            return
        try:
            self.store.retract(self.claim)
        except StoreError as error:
            self.trace("retract_failed", error=error.message)


def nothing(ctx: Context) -> Drained:
    """Return a drain that took no mail."""
    return Drained((), 0, 0, _NOTHING, ctx.store, ctx.trace)


def waiting_mail(ctx: Context, boxes: Sequence[str]) -> Peek:
    """Return the mail in *boxes* of this session that may be shown, taking none of it.

    Raises:
        StoreError: the boxes, or a policy about them, cannot be read.
    """
    seen = ctx.store.peek(boxes)
    if not seen.messages or not ctx.policies.are_set():
        return seen
    from oxtail.app.policy import visible

    return seen._replace(messages=visible(ctx, boxes, seen.messages))


@contextmanager
def draining(
    ctx: Context,
    *,
    via: str,
    choose: Callable[[Sequence[Envelope]], Selection],
    boxes: Sequence[str] | None = None,
) -> Iterator[Drained]:
    """Take the messages that *choose* picks; acknowledge them when the block ends.

    If the block raises, the mail goes back unshown and the exception goes on.

    Args:
        ctx: The caller's context.
        via: How the mail is shown, for the receipt.
        choose: Picks from the waiting messages.
        boxes: Where to look; the whole inbox of the session unless given.

    Raises:
        StoreError: the boxes could not be read; nothing was taken.
    """
    places = tuple(boxes) if boxes is not None else ctx.session.boxes()
    seen = waiting_mail(ctx, places)
    selection = choose(seen.messages)
    claim = ctx.store.claim(places, selection.taken) if selection.taken else _NOTHING
    taken = {message.id: message for message in claim.messages}
    drained = Drained(
        messages=tuple(taken[i] for i in selection.taken if i in taken),
        deferred=selection.deferred,
        skipped=len({*seen.skipped, *claim.skipped}),
        claim=claim,
        store=ctx.store,
        trace=ctx.trace,
    )
    try:
        yield drained
    except BaseException:
        ctx.store.release(claim)
        raise
    try:
        ctx.store.ack(claim, via, ctx.session.id)
    except StoreError as error:
        # The mail is out.  At worst it comes again, with the ids that the reader has seen.
        ctx.trace("ack_failed", error=error.message, messages=[m.id for m in drained.messages])
        return
    _announce(ctx, drained.messages)


def _announce(ctx: Context, messages: Sequence[Envelope]) -> None:
    """Ring for the senders, which may wait for the receipts, and for this session's own server."""
    senders = [message.from_session_id for message in messages]
    for session_id in dict.fromkeys((*senders, ctx.session.id if messages else None)):
        if session_id:
            ctx.store.ring(session_box(session_id))
