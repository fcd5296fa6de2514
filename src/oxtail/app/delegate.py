"""What it takes to delegate: whether the receiver can owe the work, and who waits for its end.

A step of :mod:`oxtail.app.send`.  Work is durable where the receiver's ledger keeps it open until
it is closed.  Its sender is expected back: a pending ask is on disk before the work is delivered,
so that the one that closes it pulls the sender back, whatever the sender does meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.entry import Entry
from oxtail.core.value import Value
from oxtail.errors import BadArgument

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.core.envelope import Envelope
    from oxtail.core.remote import Peer

_UNCLAIMED: Final = (
    "Sent as ordinary mail: the receiver has not said who it is, so it cannot owe work. "
    "Have it call claim_session, then send again."
)
_TOO_OLD: Final = (
    "Sent as ordinary mail: the receiver runs an oxtail that keeps no open work, "
    "so nothing reminds it and no tool of it closes this."
)
_NOBODY_TOLD: Final = (
    "You have not said who you are, so the result cannot be sent to you. "
    "Call claim_session before you delegate."
)


class Delegation(Value):
    """How one message delegates.

    Attributes:
        asked: Whether its sender wants work done.
        durable: Whether the receiver owes it; otherwise the message is ordinary mail.
        awaited: Whether the sender is pulled back when it ends.
        deadline: When it is due, in unix seconds.
        note: What the sender should know about it.
    """

    asked: bool = False
    durable: bool = False
    awaited: bool = False
    deadline: int | None = None
    note: str | None = None


NOTHING: Final = Delegation()
"""How ordinary mail delegates."""


def can_owe(peer: Peer) -> bool:
    """Tell whether *peer* can be given work that must be closed.

    A session that is not running is known because its server was one of this implementation, as
    all are that carry mail between hosts.
    """
    if not isinstance(peer, Entry):
        return True
    return peer.session_id is not None and peer.capabilities.obligations


def check_deadline(
    ctx: Context, action_required: bool, deadline: int | None, key: str | None
) -> None:
    """Refuse a deadline that is none; under a *key* it may be a retry, left to :func:`check_due`.

    Raises:
        BadArgument: it is past, too far away, or not about work.
    """
    if deadline is not None and not action_required:
        raise BadArgument("deadline", "needs action_required: only work is due")
    if key is None:
        check_due(ctx, deadline)


def check_due(ctx: Context, deadline: int | None) -> None:
    """Refuse a deadline that cannot be kept; that of a message that was sent before is not asked.

    Raises:
        BadArgument: it is past or too far away.
    """
    if deadline is None:
        return
    from oxtail.core.work import DUE_MAX_SECONDS

    left = deadline - ctx.clock.now()
    if left <= 0:
        raise BadArgument("deadline", "is past")
    if left > DUE_MAX_SECONDS + 1:
        raise BadArgument("deadline", f"is more than {DUE_MAX_SECONDS // 86_400} days away")


def plan(ctx: Context, peer: Peer, *, wake: str | None, deadline: int | None) -> Delegation:
    """Return how work goes to *peer*; changes nothing."""
    if not can_owe(peer):
        note = _UNCLAIMED if peer.session_id is None else _TOO_OLD
        return Delegation(asked=True, note=note)
    return Delegation(
        asked=True,
        durable=True,
        awaited=ctx.session.id is not None and wake != "off",
        deadline=deadline,
        note=None if ctx.session.id else _NOBODY_TOLD,
    )


def expect(ctx: Context, envelope: Envelope, target: str) -> None:
    """Record, before the delegation *envelope* goes to *target*, that its sender waits for its end.

    The record stays if the delivery then fails: the receiver's ledger may hold the work already.

    Raises:
        StoreError: it could not be recorded; nothing may be sent.
    """
    if not (envelope.from_session_id and envelope.request_id):
        return
    from oxtail.core.correlation import Ask

    ctx.store.suspend_ask(
        Ask(
            session_id=envelope.from_session_id,
            request_id=envelope.request_id,
            target=target,
            message_id=envelope.id,
            owner_epoch=ctx.session.entry.started_at,
            at_ms=int(ctx.clock.now() * 1000),
        )
    )
