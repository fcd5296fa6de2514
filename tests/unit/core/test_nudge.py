"""One nudge per batch, and another one only for who had time to look."""

from __future__ import annotations

import itertools

import pytest

from oxtail.core.nudge import Facts, decide, text_for
from oxtail.core.presence import Presence

A, B = "a" * 16, "b" * 16
IDLE = Facts((A,), {}, None, Presence.IDLE, True, grace=15, throttle=60, cap=3)


def test_mail_in_an_idle_session_is_offered_at_once() -> None:
    assert decide(IDLE) == ((A,), 0, "offer")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (IDLE._replace(waiting=()), "no_mail"),
        (IDLE._replace(enabled=False), "disabled"),
        (IDLE._replace(presence=Presence.BUSY), "busy"),
        (IDLE._replace(starting=True), "starting"),
        (IDLE._replace(offered={A: 1}, since_offer=14.9), "waiting_for_reader"),
        (IDLE._replace(offered={A: 1}, since_offer=59.9), "throttled"),
        (IDLE._replace(offered={A: 3}, since_offer=1000.0), "gave_up"),
    ],
)
def test_nothing_is_offered_for_a_reason(facts: Facts, reason: str) -> None:
    assert decide(facts) == ((), 0, reason)


@pytest.mark.parametrize("presence", [Presence.IDLE, Presence.STALE, Presence.UNKNOWN])
def test_a_session_that_does_not_say_that_it_is_busy_is_nudged(presence: Presence) -> None:
    assert decide(IDLE._replace(presence=presence)).ids == (A,)


def test_a_session_that_says_busy_is_left_to_its_hooks_for_a_while() -> None:
    busy = IDLE._replace(presence=Presence.BUSY)
    assert decide(busy._replace(waited=29.9)).reason == "busy"
    assert decide(busy._replace(waited=30.0)).ids == (A,)


def test_what_arrives_while_a_nudge_is_out_is_read_with_it() -> None:
    facts = IDLE._replace(waiting=(A, B), offered={A: 1}, since_offer=3.0)
    assert decide(facts).reason == "waiting_for_reader"
    assert decide(facts._replace(since_offer=15.0)).ids == (A, B)


def test_mail_after_a_batch_that_was_read_is_offered_at_once() -> None:
    assert decide(IDLE._replace(waiting=(B,), offered={}, since_offer=0.5)).ids == (B,)


def test_what_a_session_left_when_it_ended_its_turn_is_offered_at_once() -> None:
    left = IDLE._replace(waiting=(B,), offered={B: 1}, since_offer=3.0, looked=True)
    assert decide(left).ids == (B,)
    assert decide(left._replace(presence=Presence.BUSY)).reason == "busy"
    assert decide(left._replace(presence=Presence.UNKNOWN)).reason == "waiting_for_reader"
    assert decide(left._replace(looked=False)).reason == "waiting_for_reader"


def test_the_next_door_is_taken_after_the_grace_and_the_same_one_after_the_throttle() -> None:
    facts = IDLE._replace(offered={A: 1}, since_offer=15.0)
    assert decide(facts._replace(doors=2)) == ((A,), 1, "offer")
    assert decide(facts._replace(doors=1)).reason == "throttled"
    assert decide(facts._replace(doors=0)).reason == "throttled"
    assert decide(facts._replace(doors=2, since_offer=14.9)).reason == "waiting_for_reader"
    assert decide(facts._replace(doors=2, offered={A: 2})).reason == "throttled"
    # What has been everywhere does not keep back what has not.
    both = facts._replace(waiting=(A, B), offered={A: 2, B: 1}, doors=2)
    assert decide(both).ids == (A, B)


def test_a_second_offer_counts_its_attempt() -> None:
    assert decide(IDLE._replace(offered={A: 1}, since_offer=60.0)) == ((A,), 1, "offer")


def test_every_combination_of_facts_has_a_verdict() -> None:
    for waiting, offered, since, presence, enabled in itertools.product(
        [(), (A,), (A, B)],
        [{}, {A: 1}, {A: 3}, {A: 3, B: 3}],
        [None, 0.0, 20.0, 90.0],
        Presence,
        [True, False],
    ):
        verdict = decide(Facts(waiting, offered, since, presence, enabled, 15, 60, 3))
        assert (verdict.reason == "offer") == bool(verdict.ids)
        assert set(verdict.ids) <= set(waiting)


def test_a_notice_names_the_messages_and_fits_one_line() -> None:
    text = text_for(tuple(f"{n:016x}" for n in range(9)))
    assert "9 messages" in text
    assert "0000000000000004" in text
    assert "0000000000000005" not in text
    assert "\n" not in text
    assert len(text) < 400
