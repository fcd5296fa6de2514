"""What may pass between two sessions, as a pure decision."""

from __future__ import annotations

import pytest

from oxtail.core.envelope import Envelope
from oxtail.core.governor import (
    ACKNOWLEDGEMENTS,
    CHAIN_MS,
    HOPS_MAX,
    LOOP_MS,
    MINUTE_MS,
    PAIR_RATE,
    SESSION_RATE,
    TOO_MANY_HOPS,
    Damping,
    Limits,
    Passed,
    decide,
    following_hops,
    hops_after,
    hops_of,
)

NOW = 1_800_000_000_000
LIMITS = Limits(hops=5, pair_per_minute=4, session_per_minute=8, acknowledgements=3)
NONE = Limits(0, 0, 0, 0)


def sent(ago_ms: int, *, empty: bool = False, back: bool = False, **members: object) -> Passed:
    return Passed(NOW - ago_ms, empty, is_back=back, **members)  # type: ignore[arg-type]


def verdict(
    pair: list[Passed] | None = None,
    *,
    limits: Limits = LIMITS,
    hops: int = 0,
    empty: bool = False,
    by_sender: list[Passed] | None = None,
) -> Damping | None:
    return decide(
        limits, hops=hops, is_empty=empty, pair=pair or [], sent=by_sender or [], now_ms=NOW
    )


def test_what_follows_nothing_passes() -> None:
    assert verdict() is None
    assert verdict(empty=True, hops=5) is None


def test_an_acknowledgement_too_many_in_a_row_is_damped_in_either_direction() -> None:
    streak = [
        sent(3_000, empty=True),
        sent(2_000, empty=True, back=True),
        sent(1_000, empty=True),
    ]

    assert verdict(streak[1:], empty=True) is None
    damped = verdict(streak, empty=True)

    assert damped == Damping(ACKNOWLEDGEMENTS, 3, (LOOP_MS - 3_000) // 1000)


def test_content_passes_and_ends_a_row_of_acknowledgements() -> None:
    streak = [sent(ago, empty=True) for ago in (5_000, 4_000, 3_000)]

    assert verdict(streak, empty=False) is None
    ended = [*streak[1:], sent(2_000, back=True), sent(1_000, empty=True)]
    assert verdict(ended, empty=True) is None


def test_an_acknowledgement_counts_for_an_hour() -> None:
    old = [sent(LOOP_MS, empty=True), sent(2_000, empty=True), sent(1_000, empty=True)]

    assert verdict(old, empty=True) is None
    assert verdict([old[0]._replace(at_ms=NOW - LOOP_MS + 1), *old[1:]], empty=True) is not None


def test_too_many_hops_are_damped_until_the_chain_is_cold() -> None:
    assert verdict([sent(1_000, back=True)], hops=5) is None
    damped = verdict([sent(1_000, back=True)], hops=6)

    assert damped == Damping(TOO_MANY_HOPS, 5, (CHAIN_MS - 1_000) // 1000)
    assert verdict([sent(CHAIN_MS, back=True)], hops=6) == Damping(TOO_MANY_HOPS, 5, 1)


def test_a_rate_counts_only_what_the_sender_sent_within_a_minute() -> None:
    full = [sent(ago) for ago in (59_000, 30_000, 20_000, 10_000)]

    assert verdict(full) == Damping(PAIR_RATE, 4, 1)
    assert verdict([full[0]._replace(at_ms=NOW - MINUTE_MS), *full[1:]]) is None
    assert verdict([*full[:3], sent(5_000, back=True), sent(4_000, back=True)]) is None


def test_a_wait_is_as_long_as_the_rate_needs() -> None:
    for ago in (59_999, 30_000, 1):
        pair = [sent(ago), *[sent(0)] * 3]
        damped = verdict(pair)
        assert damped is not None
        later = NOW + damped.retry_after_s * 1000
        again = decide(LIMITS, hops=0, is_empty=False, pair=pair, sent=[], now_ms=later)
        assert again is None


def test_a_session_has_a_rate_of_its_own() -> None:
    assert verdict(by_sender=[sent(1_000)] * 7) is None
    assert verdict(by_sender=[sent(1_000)] * 8) == Damping(SESSION_RATE, 8, 59)


def test_zero_is_no_limit() -> None:
    crowd = [sent(0, empty=True)] * 100

    assert verdict(crowd, limits=NONE, hops=HOPS_MAX, empty=True, by_sender=crowd) is None


@pytest.mark.parametrize("ahead_ms", [3_600_000, 1 << 60])
def test_times_far_in_the_future_count_for_nothing(ahead_ms: int) -> None:
    strange = [sent(-ahead_ms, empty=True, back=True, hops=9)] * 10

    assert verdict(strange, empty=True, by_sender=strange) is None
    assert following_hops(strange, NOW) == 0


def test_a_new_message_follows_from_mail_that_came_a_moment_ago() -> None:
    assert following_hops([], NOW) == 0
    assert following_hops([sent(1_000, back=True, hops=3), sent(500)], NOW) == 4
    assert following_hops([sent(1_000, hops=3)], NOW) == 0
    assert following_hops([sent(CHAIN_MS, back=True, hops=3)], NOW) == 0
    assert following_hops([sent(1_000, back=True, hops=HOPS_MAX)], NOW) == HOPS_MAX


def test_nothing_follows_from_an_answer() -> None:
    assert following_hops([sent(1_000, back=True, hops=3, is_answer=True)], NOW) == 0


@pytest.mark.parametrize(
    ("value", "hops"),
    [(0, 0), (7, 7), (-3, 0), (True, 0), ("7", 0), (7.0, 0), (None, 0), (10**30, HOPS_MAX)],
)
def test_hops_of_a_message_are_a_number_in_bounds(value: object, hops: int) -> None:
    message = Envelope("0" * 16, "x", 0, extra=(("hops", value),))

    assert hops_of(message) == hops
    assert hops_after(message) == min(hops + 1, HOPS_MAX)
    assert hops_of(message._replace(extra=())) == 0
