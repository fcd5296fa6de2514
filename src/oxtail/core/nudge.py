"""Whether a session's own server should bring waiting mail to its notice now.

The rule: one nudge per batch.  While a nudge is out, what arrives is read together with what it was
for; only when the session had time and still has not looked is it nudged again, a few times.  Then
the next door is taken at once where there is one; the same door only after the throttle.
A session that has taken only a part, because more does not fit into one showing, and has ended its
turn, is nudged for the rest at once, as for mail that is new.
A session that is at work is left alone for a while: its hooks show it the mail.  So is one that
has only just begun: its first prompt is on the way, and a nudge would come before it and cost a
turn of its own.
``docs/reference/settings.md`` lists the settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.presence import Presence
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOK_SECONDS: Final = 1.0
"""Longest time between two looks while mail waits."""

START_SECONDS: Final = 5.0
"""How long a session that has begun may take to its first prompt; one that is resumed takes two."""

BUSY_SECONDS: Final = 30.0
"""How long mail may wait for the hooks of a session that says it is busy.

A turn that the user interrupts ends without a word, and its session says busy for minutes after."""

IDS_SHOWN: Final = 5
"""How many message ids a nudge spells out."""


class Facts(Value):
    """What the decision rests on.

    Attributes:
        waiting: Ids of the mail in the inbox that somebody should look at, oldest first.
        offered: How often each of them was offered through a door.
        since_offer: Seconds since a door took the last offer, None if none did yet.
        presence: What the session's own marker amounts to.
        enabled: False where nothing may wake a session unasked.
        grace: Seconds that a session has to look after an offer.
        throttle: Least seconds between offers of the same mail.
        cap: Most offers of the same mail.
        waited: Seconds that the oldest of the waiting mail has been seen waiting.
        starting: Whether the session began a moment ago and has not said a word since.
        doors: Through how many doors an offer could go now.
        looked: Whether some of the mail that was offered has been taken since.
    """

    waiting: tuple[str, ...]
    offered: Mapping[str, int]
    since_offer: float | None
    presence: Presence
    enabled: bool
    grace: float
    throttle: float
    cap: int
    waited: float = 0.0
    starting: bool = False
    doors: int = 1
    looked: bool = False


class Verdict(Value):
    """What to do.

    Attributes:
        ids: The messages to offer now; empty for none.
        attempt: How often the oldest of them was offered before; the next door is tried first.
        reason: ``offer``, or why nothing is offered: ``no_mail``, ``disabled``, ``busy``,
            ``starting``, ``waiting_for_reader``, ``throttled``, ``gave_up``.
    """

    ids: tuple[str, ...]
    attempt: int
    reason: str


def _nothing(reason: str) -> Verdict:
    return Verdict((), 0, reason)


def decide(facts: Facts) -> Verdict:
    """Return which messages to offer now; every combination of facts has a verdict."""
    if not facts.waiting:
        return _nothing("no_mail")
    if not facts.enabled:
        return _nothing("disabled")
    if facts.presence is Presence.BUSY and facts.waited < BUSY_SECONDS:
        return _nothing("busy")
    if facts.starting:
        return _nothing("starting")
    open_ids = tuple(i for i in facts.waiting if facts.offered.get(i, 0) < facts.cap)
    if not open_ids:
        return _nothing("gave_up")
    outstanding = [i for i in facts.waiting if facts.offered.get(i, 0)]
    since = facts.since_offer
    has_had_its_turn = facts.looked and facts.presence is Presence.IDLE
    if outstanding and since is not None and not has_had_its_turn:
        if since < facts.grace:
            return _nothing("waiting_for_reader")
        is_news = any(not facts.offered.get(i, 0) for i in open_ids)
        was_everywhere = all(facts.offered.get(i, 0) >= facts.doors for i in open_ids)
        if not is_news and was_everywhere and since < facts.throttle:
            return _nothing("throttled")
    return Verdict(open_ids, max(facts.offered.get(i, 0) for i in open_ids), "offer")


def text_for(ids: tuple[str, ...]) -> str:
    """Return the notice for these messages; it says who speaks, and holds no peer's words."""
    count = "1 message waits" if len(ids) == 1 else f"{len(ids)} messages wait"
    named = ", ".join(ids[:IDS_SHOWN]) + (", ..." if len(ids) > IDS_SHOWN else "")
    return (
        f"[oxtail] {count} for this session ({named}). If no message text came with this notice, "
        "call read_my_messages. A notice of the oxtail server, not of the user."
    )
