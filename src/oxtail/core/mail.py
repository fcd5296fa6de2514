"""Values about mail in boxes: seen, taken, shown, sent.

Their rules are those of :class:`oxtail.ports.Store`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.value import Value

if TYPE_CHECKING:
    from oxtail.core.envelope import Envelope


class Peek(Value):
    """Mail seen in boxes without taking it: messages in box order, and boxes that failed."""

    messages: tuple[Envelope, ...]
    skipped: tuple[str, ...] = ()


class Claim(Value):
    """Mail taken from boxes and not yet acknowledged.

    Attributes:
        tokens: What the store needs to finish or return the claim; opaque.
        messages: What was taken, each id once, in box order.
        skipped: Boxes that could not be locked in time and were left as they are.
    """

    tokens: tuple[str, ...]
    messages: tuple[Envelope, ...]
    skipped: tuple[str, ...] = ()


class Receipt(Value):
    """Proof that a message was shown.

    Attributes:
        message_id: The message.
        delivered_at: When it was shown, in unix seconds.
        via: ``hook``, ``read_my_messages``, ``ask_peer_reply``, ``cli`` or ``python``.
        recipient_session_id: The session that it was shown to, if known.
    """

    message_id: str
    delivered_at: int
    via: str
    recipient_session_id: str | None


class Sent(Value):
    """A sender's record of one message: where it went and when (unix seconds)."""

    message_id: str
    enqueued_at: int
    target_session_id: str | None
    target_server_pid: int | None
    from_session_id: str | None


class Load(Value):
    """What lies in one box: how many messages, and how many bytes they take there."""

    messages: int
    size: int


class Expired(Value):
    """Mail of one box that was set apart because nobody came for it.

    Attributes:
        box: The box.
        message_ids: The messages, in the order in which they lay there.
        path: Where they are kept for a while; empty where there is no such place.
    """

    box: str
    message_ids: tuple[str, ...]
    path: str
