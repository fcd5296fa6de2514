"""When a message must not pass: too many hops, too high a rate, or talk without content.

Agents that answer each other by habit never stop by themselves, and each message costs both a turn.
Rules of this file:

* Only what has passed counts; a message that was damped does not.
* A limit of 0 is no limit.
* Times may come from several processes, so they are neither sorted nor all in the past.

What is exempt is decided by the caller (:mod:`oxtail.app.governor`).  ``docs/concepts.md`` explains
the limits, ``docs/reference/settings.md`` lists them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.core.envelope import Envelope

HOPS: Final = "hops"
"""Extension member of a message: how many messages it follows from; left out when 0."""

HOPS_MAX: Final = 65_535
"""Largest number of hops that is counted; a larger one counts as this."""

MINUTE_MS: Final = 60_000
"""What a rate is counted over."""

CHAIN_MS: Final = 120_000
"""How long after mail from a peer a new message to it counts as following from that mail."""

LOOP_MS: Final = 3_600_000
"""How long an acknowledgement counts; so of a loop that never ends as many pass in an hour as the
limit says."""

CHAIN_LENGTH: Final = 4
"""Most messages that may have passed since such mail; after so many it is not what they answer."""

COURTESY_MAX_CHARS: Final = 120
"""Longest body that can be without content; see :mod:`oxtail.core.courtesy`."""

AHEAD_MS: Final = 5_000
"""How far another process's clock may be ahead; what is further in the future is not recent."""

TOO_MANY_HOPS: Final = "hops"
PAIR_RATE: Final = "pair-rate"
SESSION_RATE: Final = "session-rate"
ACKNOWLEDGEMENTS: Final = "acknowledgements"


class Passed(Value):
    """A message that passed.

    Attributes:
        at_ms: When, in unix milliseconds.
        is_empty: Whether it only acknowledged.
        is_back: Whether it went the other way than the question asks about.
        hops: How many messages it followed from.
        is_answer: Whether it answered a question or completed work; nothing follows from it.
    """

    at_ms: int
    is_empty: bool
    is_back: bool = False
    hops: int = 0
    is_answer: bool = False


class Limits(Value):
    """What may pass; 0 is no limit.

    Attributes:
        hops: Most messages that one may follow from.
        pair_per_minute: Most messages from one session to one other in a minute.
        session_per_minute: Most messages from one session in a minute.
        acknowledgements: Most acknowledgements in a row between two sessions, within an hour.
    """

    hops: int
    pair_per_minute: int
    session_per_minute: int
    acknowledgements: int


class Damping(Value):
    """Why a message does not pass now.

    Attributes:
        reason: ``hops``, ``pair-rate``, ``session-rate`` or ``acknowledgements``.
        limit: The limit that it would exceed.
        retry_after_s: After how many seconds the same message would pass, if nothing else passes
            meanwhile; with ``hops``, a new message in place of an answer to an old one.
    """

    reason: str
    limit: int
    retry_after_s: int


def hops_of(message: Envelope) -> int:
    """Return how many messages *message* says that it follows from; 0 where it says nothing."""
    value: Any = dict(message.extra).get(HOPS)
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return min(max(value, 0), HOPS_MAX)


def _is_recent(at_ms: int, now_ms: int, within_ms: int) -> bool:
    return -AHEAD_MS <= now_ms - at_ms < within_ms


def _wait(at_ms: int, now_ms: int, within_ms: int) -> int:
    """Return how many seconds it takes until *at_ms* is no longer recent, at least one."""
    return max(1, -((now_ms - at_ms - within_ms) // 1000))


def _last_back(pair: Sequence[Passed], now_ms: int) -> Passed | None:
    """Return the last message that came back, if it came a moment ago."""
    for passed in reversed(pair[-CHAIN_LENGTH:]):
        if not _is_recent(passed.at_ms, now_ms, CHAIN_MS):
            return None
        if passed.is_back:
            return passed
    return None


def following_hops(pair: Sequence[Passed], now_ms: int) -> int:
    """Return the hops of a message that names no other, by what passed between the two before.

    It follows from mail that came a moment ago, unless that mail ended a matter.
    """
    last = _last_back(pair, now_ms)
    return 0 if last is None or last.is_answer else min(last.hops + 1, HOPS_MAX)


def hops_after(original: Envelope) -> int:
    """Return the hops of a message that follows from *original*."""
    return min(hops_of(original) + 1, HOPS_MAX)


def _over_rate(passed: Sequence[Passed], limit: int, now_ms: int) -> int:
    """Return after how many seconds one more message would keep to the rate; 0 for now."""
    if not limit or len(passed) < limit:
        return 0
    # Most senders are far below: then the message so many places back is old, and the rest of
    # them need not be looked at.
    if not _is_recent(passed[-limit].at_ms, now_ms, MINUTE_MS):
        return 0
    recent = [
        each.at_ms
        for each in passed
        if not each.is_back and _is_recent(each.at_ms, now_ms, MINUTE_MS)
    ]
    return _wait(recent[-limit], now_ms, MINUTE_MS) if len(recent) >= limit else 0


def streak(pair: Sequence[Passed], most: int, now_ms: int) -> tuple[int, ...]:
    """Return when the acknowledgements passed after which nothing else did, the last one first.

    Only the last *most* of them.
    """
    times = []
    for passed in reversed(pair[-most:] if most else ()):
        if not passed.is_empty or not _is_recent(passed.at_ms, now_ms, LOOP_MS):
            break
        times.append(passed.at_ms)
    return tuple(times)


def decide(
    limits: Limits,
    *,
    hops: int,
    is_empty: bool,
    pair: Sequence[Passed],
    sent: Sequence[Passed],
    now_ms: int,
) -> Damping | None:
    """Return why a message must not pass now, or None if it may.

    Args:
        limits: The limits of the sender.
        hops: How many messages it follows from.
        is_empty: Whether it only acknowledges.
        pair: What passed between sender and receiver in both directions, oldest first: at least
            the latest ``2 * limits.pair_per_minute`` and ``limits.acknowledgements`` of it.
        sent: What the sender has sent to anybody: at least the latest
            ``limits.session_per_minute`` of it.
        now_ms: Unix milliseconds.
    """
    if is_empty and limits.acknowledgements:
        times = streak(pair, limits.acknowledgements, now_ms)
        if len(times) >= limits.acknowledgements:
            wait = _wait(times[-1], now_ms, LOOP_MS)
            return Damping(ACKNOWLEDGEMENTS, limits.acknowledgements, wait)
    if limits.hops and hops > limits.hops:
        last = _last_back(pair, now_ms)
        wait = _wait(last.at_ms, now_ms, CHAIN_MS) if last else 1
        return Damping(TOO_MANY_HOPS, limits.hops, wait)
    if wait := _over_rate(pair, limits.pair_per_minute, now_ms):
        return Damping(PAIR_RATE, limits.pair_per_minute, wait)
    if wait := _over_rate(sent, limits.session_per_minute, now_ms):
        return Damping(SESSION_RATE, limits.session_per_minute, wait)
    return None
