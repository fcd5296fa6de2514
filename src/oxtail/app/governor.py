"""Whether a message may pass: the receiver's policy first, then the limits on what passes.

The rules are pure (:mod:`oxtail.core.policy`, :mod:`oxtail.core.governor`); this module gathers the
facts, and tells the sender and the human.  Every send pays for it, so the usual path reads the ends
of two small files and nothing else.  What a receiver waits for always passes
(:mod:`oxtail.app.owed`).

What is known of hops: a reply by id, or a message with ``source_message_id``, follows from that
message.  Any other follows from mail that its receiver sent to this session a moment ago, as far as
the traffic files tell; mail of npm peers is not in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.entry import Entry, Known
from oxtail.core.governor import (
    ACKNOWLEDGEMENTS,
    CHAIN_LENGTH,
    COURTESY_MAX_CHARS,
    HOPS,
    PAIR_RATE,
    TOO_MANY_HOPS,
    Damping,
    Limits,
    Passed,
    decide,
    following_hops,
    hops_after,
    streak,
)
from oxtail.core.policy import ACCEPT, REFUSE, RELEASED
from oxtail.core.value import Value
from oxtail.errors import Damped, Refused, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.app.context import Context
    from oxtail.core.envelope import Envelope
    from oxtail.core.remote import Peer

DAMPED: Final = "damped"
"""Kind of the notice that two sessions were stopped."""

REMEMBERED: Final = 4_096
"""Messages of a pair, or of a sender, that :class:`oxtail.ports.Traffic` remembers at least; a
limit beyond is none.  Of a pair the half, because both directions count."""

_SAID: Final = {
    ACKNOWLEDGEMENTS: (
        "{limit} messages in a row between you two only acknowledged, so this one was not sent. "
        "There is no need to answer: end your turn. A message with content passes."
    ),
    TOO_MANY_HOPS: (
        "More than {limit} messages have followed from each other between you two, so this one was "
        "not sent. Stop here, or ask your user. After a pause of {wait} s a new message passes."
    ),
    PAIR_RATE: (
        "You have sent this session {limit} messages within a minute, so this one was not sent. "
        "Put several things into one message, or wait {wait} s."
    ),
}
_SAID_OF_SESSION: Final = (
    "You have sent {limit} messages within a minute, so this one was not sent. Wait {wait} s."
)
_TOLD: Final = {
    ACKNOWLEDGEMENTS: "{sender} and {receiver} only acknowledge each other: stopped after {limit} "
    "messages in a row (OXTAIL_ACK_LOOP)",
    TOO_MANY_HOPS: "{sender} and {receiver} answer each other without end: stopped after {limit} "
    "messages that follow from each other (OXTAIL_MAX_HOPS)",
    PAIR_RATE: "{sender} floods {receiver}: stopped at {limit} messages a minute "
    "(OXTAIL_PAIR_PER_MINUTE)",
}
_TOLD_OF_SESSION: Final = (
    "{sender} floods its peers: stopped at {limit} messages a minute (OXTAIL_SESSION_PER_MINUTE)"
)


class Admission(Value):
    """A message that may pass.

    Attributes:
        envelope: It, with what receivers need to know of its way.
        is_held: Whether a person has to let it through first.
        passed: What is remembered of it once it is stored.
    """

    envelope: Envelope
    is_held: bool
    passed: Passed


def admit(
    ctx: Context, peer: Peer, envelope: Envelope, original: Envelope | None = None
) -> Admission:
    """Return how *envelope* may go to *peer*; stores nothing.

    Args:
        ctx: The sender's context.
        peer: The receiver.
        envelope: The message.
        original: What it answers or is about, where that is known.

    Raises:
        Refused: the receiver's policy refuses it.
        Damped: a limit stops it; ``reason``, ``limit`` and ``retry_after_s`` say which, and how
            long.
        MailboxFull: it would be held, and there is no room for more held mail.
        StoreError: a policy cannot be read.
    """
    settings = ctx.settings
    limits = Limits(
        settings.max_hops,
        settings.pair_per_minute,
        settings.session_per_minute,
        settings.ack_loop,
    )
    sender, receiver = _names(ctx, peer)
    now_ms = int(ctx.clock.now() * 1000)
    most = max(_reachable(2 * limits.pair_per_minute), limits.acknowledgements, CHAIN_LENGTH)
    pair = ctx.traffic.between(sender, receiver, most)
    hops = hops_after(original) if original else following_hops(pair, now_ms)
    only_thanks = is_empty(envelope)
    damping = decide(
        limits,
        hops=hops,
        is_empty=only_thanks,
        pair=pair,
        sent=ctx.traffic.of(sender, _reachable(limits.session_per_minute)),
        now_ms=now_ms,
    )
    envelope, is_held = _judged(ctx, peer, envelope)
    if damping and not _goes_all_the_same(ctx, peer, envelope, damping, pair, now_ms):
        _tell(ctx, peer, damping)
        raise Damped(
            _SAID.get(damping.reason, _SAID_OF_SESSION).format(
                limit=damping.limit, wait=damping.retry_after_s
            ),
            **damping._asdict(),
        )
    if hops:
        envelope = envelope._replace(extra=(*envelope.extra, (HOPS, hops)))
    passed = Passed(now_ms, only_thanks, hops=hops, is_answer=envelope.reply_to is not None)
    return Admission(envelope, is_held, passed)


def _reachable(count: int) -> int:
    """Return *count*, or 0 where so many messages are not remembered, so none need be looked at."""
    return count if count <= REMEMBERED else 0


def note(ctx: Context, peer: Peer, admission: Admission) -> None:
    """Remember that the message of *admission* is stored.  Never raises."""
    ctx.traffic.note(*_names(ctx, peer), admission.passed)
    if admission.is_held and peer.session_id:
        from oxtail.app.policy import tell_of_held

        tell_of_held(ctx, ctx.session.id, peer.session_id)


def _names(ctx: Context, peer: Peer) -> tuple[str, str]:
    """Return under which names traffic is counted; all who have not said who they are share one."""
    receiver = peer.session_id
    if receiver is None and isinstance(peer, Entry):
        receiver = f"pid:{peer.server_pid}"
    return ctx.session.id or "", receiver or ""


def is_empty(envelope: Envelope) -> bool:
    """Tell whether a message only acknowledges; one that somebody waits for never does."""
    if envelope.reply_to or envelope.request_id or envelope.action_required:
        return False
    if len(envelope.body) > COURTESY_MAX_CHARS:
        return False
    from oxtail.core.courtesy import is_content_free

    return is_content_free(envelope.body)


def _judged(ctx: Context, peer: Peer, envelope: Envelope) -> tuple[Envelope, bool]:
    """Return the message as the receiver's policy lets it pass, and whether it is held."""
    if not ctx.policies.are_set() or not isinstance(peer, (Entry, Known)):
        return envelope, False  # the policies of another host are judged there
    from oxtail.app.policy import rule_about_me

    rule = rule_about_me(ctx, peer)
    if rule is None or rule.action == ACCEPT:
        return envelope, False
    if _is_owed(ctx, peer, envelope):
        return envelope._replace(extra=(*envelope.extra, (RELEASED, True))), False
    if rule.action == REFUSE:
        ctx.trace("refused", target_session_id=peer.session_id, rule=rule.who)
        raise Refused(target_session_id=peer.session_id)
    if peer.session_id is None:
        raise Refused(
            "The receiver holds your mail, and has not said who it is; nothing is stored."
        )
    from oxtail.app.policy import check_held_room

    check_held_room(ctx, peer.session_id)
    return envelope, True


def _is_owed(ctx: Context, peer: Peer, envelope: Envelope) -> bool:
    from oxtail.app.ids import all_ids
    from oxtail.app.owed import is_owed

    if peer.session_id is None:
        return False
    return is_owed(ctx, envelope, ctx.session.ids(), all_ids(ctx, peer.session_id))


def _goes_all_the_same(
    ctx: Context,
    peer: Peer,
    envelope: Envelope,
    damping: Damping,
    pair: Sequence[Passed],
    now_ms: int,
) -> bool:
    """Tell whether a message passes although a limit is reached; what cannot be read says no."""
    try:
        if damping.reason == ACKNOWLEDGEMENTS:
            return _has_heard_since(ctx, peer, streak(pair, damping.limit, now_ms)[-1] // 1000)
        return _is_owed(ctx, peer, envelope)
    except StoreError as error:
        ctx.trace("governor_failed", code=error.code, error=error.message)
        return False


def _has_heard_since(ctx: Context, peer: Peer, since: int) -> bool:
    """Tell whether *peer* has sent content after the second *since*, which no traffic file knows.

    npm peers write none, and whoever acknowledges each of their messages is no loop.
    """
    if peer.session_id is None:
        return False
    return any(
        not is_empty(message)
        for session_id in ctx.session.ids()
        for message in ctx.store.latest_from(session_id, peer.session_id, since)
    )


def _tell(ctx: Context, peer: Peer, damping: Damping) -> None:
    """Tell the human, once for as long as it goes on."""
    sender, receiver = _names(ctx, peer)
    ctx.trace("damped", target_session_id=peer.session_id, **damping._asdict())
    told = _TOLD.get(damping.reason)
    about = sorted((sender, receiver)) if told else [sender]
    now = ctx.clock.now()
    if not ctx.traffic.is_news(" ".join((DAMPED, damping.reason, *about)), now):
        return
    from oxtail.core.notice import Notice

    text = (told or _TOLD_OF_SESSION).format(
        sender=ctx.session.entry.name or sender or "a sender without session id",
        receiver=peer.name or receiver,
        limit=damping.limit,
    )
    ctx.notices.say(Notice(int(now), DAMPED, text, ctx.session.id))
