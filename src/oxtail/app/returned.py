"""What a sender of this host is told when another host did not take its message.

A step of :mod:`oxtail.app.arrive`.  On one machine a send that is refused is an error at once; over
a distance the word comes later, so it comes as mail: it says that it is no answer of the receiver,
and pulls back whoever waits for work that nobody will do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.app.send import deliver
from oxtail.app.wake import wake_after_send
from oxtail.core.envelope import Envelope
from oxtail.core.governor import PAIR_RATE, SESSION_RATE, TOO_MANY_HOPS
from oxtail.core.names import returned_id
from oxtail.core.remote import FROM_HOST

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.core.entry import Entry, Known
    from oxtail.core.mail import Sent

RETURNED: Final = "returned"
"""Extension member of the word that a message was not taken: why."""

UNKNOWN: Final = "unknown_receiver"
NOT_ITS_SESSION: Final = "unknown_sender"
OTHER_PROJECT: Final = "cross_project"
FULL: Final = "mailbox_full"
POLICY: Final = "policy"

_WORDS: Final = {
    UNKNOWN: "no session of that id is known there",
    NOT_ITS_SESSION: "it knows your session as one of another host, or not at all",
    OTHER_PROJECT: "its receiver works in another project",
    FULL: "as much mail as is kept waits for its receiver already",
    POLICY: "the policy of its receiver refuses it",
    PAIR_RATE: "too many messages of yours came for its receiver within a minute",
    SESSION_RATE: "too many messages of yours came within a minute",
    TOO_MANY_HOPS: "too many messages follow from each other between you two",
}


_LIMITS: Final = (PAIR_RATE, SESSION_RATE, TOO_MANY_HOPS)


def words_for(reason: str | None) -> str:
    """Return *reason*, a word of another host or of this one, as it is said to an agent."""
    return _WORDS.get(reason or "", reason or "it does not say why")


def _is_news(ctx: Context, sent: Sent, reason: str) -> bool:
    matter = f"returned {reason} {sent.from_session_id} {sent.target_session_id}"
    return ctx.traffic.is_news(matter, ctx.clock.now())


def tell_sender(
    ctx: Context, sent: Sent, host: str, reason: str | None, sender: Entry | Known | None
) -> None:
    """Tell the sender of a message that *host* did not take it.

    A question that a process waits on is not answered here: its wait ends by itself.

    Args:
        ctx: A context of this host.
        sent: The sender's record of the message.
        host: The host that refused it.
        reason: Why, in a word of that host.
        sender: Who the sender is now, or None if nobody knows it any more.

    Raises:
        StoreError: it could not be committed; the report is to come again.
    """
    if sender is None or sender.session_id is None:
        return
    ids = dict.fromkeys((sent.from_session_id or "", sender.session_id))
    ids.update(dict.fromkeys(ctx.lineage.former(sender.session_id)))
    for each in ids:
        if any(ask.message_id == sent.message_id for ask in ctx.store.waiting_asks(each)):
            return
    pending = (ask for each in ids for ask in ctx.store.pending_asks(each))
    ask = next((ask for ask in pending if ask.message_id == sent.message_id), None)
    if ask is None and reason in _LIMITS and not _is_news(ctx, sent, reason):
        return  # a word for each message of a flood would be a flood
    word = Envelope(
        id=returned_id(sent.message_id),
        body=f"[refused] The other host did not take your message {sent.message_id}: "
        f"{words_for(reason)}. This is no answer of its receiver.",
        enqueued_at=int(ctx.clock.now()),
        # No sender: as a message of the receiver it would count as its answer.
        reply_to=ask.request_id if ask else None,
        source_message_id=sent.message_id,
        extra=((FROM_HOST, host), (RETURNED, reason or "unknown")),
    )
    deliver(ctx, sender, word, repeat=True)
    wake_after_send(
        ctx,
        sender,
        wake=None,
        reply_to=word.reply_to,
        via="arrival",
        message_id=word.id,
    )
