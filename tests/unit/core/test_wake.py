"""Whether a committed message wakes its receiver: the whole decision table."""

from __future__ import annotations

from itertools import product

import pytest

from oxtail.core import wake
from oxtail.core.presence import Presence
from oxtail.core.wake import Facts, Verdict, decide, decide_ask, intent_survives

BUSY, IDLE, STALE, UNKNOWN = Presence
FACTS = [
    Facts(*values)
    for values in product(
        (None, "auto", "off"),
        (True, False),
        (True, False),
        (True, False),
        Presence,
        (True, False),
        (True, False),
        ("auto", "legacy", "off"),
    )
]


def given(
    asked: str | None = None,
    *,
    reply: bool = False,
    pending: bool = False,
    claimed: bool = True,
    presence: Presence = IDLE,
    fresh: bool = True,
    autowake: bool = True,
    strategy: str = "auto",
) -> Verdict:
    return decide(Facts(asked, reply, pending, claimed, presence, fresh, autowake, strategy))


@pytest.mark.parametrize("autowake", [True, False])
@pytest.mark.parametrize("presence", Presence)
def test_row_1_a_late_answer_sent_without_wake_only_says_so(presence: Presence, autowake: bool):
    verdict = given("off", reply=True, pending=True, presence=presence, autowake=autowake)
    assert verdict == Verdict(fire=False, reason="late_reply_to_pending_suppressed")


@pytest.mark.parametrize("presence", [IDLE, STALE, UNKNOWN])
@pytest.mark.parametrize("fresh", [True, False])
def test_row_2_a_late_answer_wakes_its_asker_however_long_idle(presence: Presence, fresh: bool):
    verdict = given(reply=True, pending=True, presence=presence, fresh=fresh)
    assert verdict == Verdict(fire=True, stamp_slot=True, reason="late_reply_to_pending")


def test_row_2_a_busy_asker_is_not_woken_and_its_slot_stays_free():
    assert given(reply=True, pending=True, presence=BUSY) == Verdict(
        fire=False, status="skipped_busy", reason="late_reply_to_pending"
    )


def test_row_2_the_kill_switch_stops_the_unasked_wake_of_a_late_answer():
    assert given(reply=True, pending=True, autowake=False) == Verdict(
        fire=False, status="disabled", reason="late_reply_to_pending"
    )


def test_row_3_a_late_answer_with_wake_auto_tries_whatever_the_kill_switch_says():
    assert given("auto", reply=True, pending=True, autowake=False) == Verdict(
        fire=True, stamp_slot=True, reason="late_reply_to_pending"
    )


def test_row_4_a_reply_wakes_a_freshly_idle_receiver_once():
    assert given(reply=True) == Verdict(fire=True, claim_slot=True, reason="reply_to_default")


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"fresh": False}, "skipped_no_fresh_idle"),
        ({"claimed": False}, "skipped_no_fresh_idle"),
        ({"presence": BUSY, "fresh": False}, "skipped_no_fresh_idle"),
        ({"presence": UNKNOWN, "fresh": False}, "skipped_no_fresh_idle"),
        ({"autowake": False}, "disabled"),
        ({"autowake": False, "fresh": False}, "disabled"),
        ({"strategy": "off"}, "disabled"),
    ],
)
def test_row_4_a_reply_is_refused_a_wake(facts: dict[str, object], status: str):
    verdict = given(reply=True, **facts)  # type: ignore[arg-type]
    assert verdict == Verdict(fire=False, status=status, reason="reply_to_default")


@pytest.mark.parametrize("reply", [True, False])
@pytest.mark.parametrize("presence", Presence)
def test_row_5_wake_off_says_nothing(reply: bool, presence: Presence):
    assert given("off", reply=reply, presence=presence) == Verdict(fire=False)


@pytest.mark.parametrize("reply", [True, False])
@pytest.mark.parametrize("presence", [IDLE, STALE, UNKNOWN])
@pytest.mark.parametrize("autowake", [True, False])
@pytest.mark.parametrize("claimed", [True, False])
def test_row_6_wake_auto_tries_unless_busy(
    reply: bool, presence: Presence, autowake: bool, claimed: bool
):
    verdict = given(
        "auto", reply=reply, presence=presence, autowake=autowake, claimed=claimed, fresh=False
    )
    assert verdict == Verdict(fire=True)


def test_row_6_wake_auto_leaves_a_busy_receiver_alone():
    assert given("auto", presence=BUSY) == Verdict(fire=False, status="skipped_busy")
    assert given("auto", reply=True, presence=BUSY).status == "skipped_busy"


def test_row_7_a_plain_message_wakes_a_receiver_without_marker():
    assert given(presence=UNKNOWN) == Verdict(fire=True, reason="hookless_default")


@pytest.mark.parametrize("switch", [{"autowake": False}, {"strategy": "off"}])
def test_row_7_either_switch_stops_that_wake_too_and_says_what_follows(switch: dict[str, object]):
    verdict = given(presence=UNKNOWN, **switch)  # type: ignore[arg-type]
    assert (verdict.fire, verdict.status, verdict.reason, verdict.outlook) == (
        False,
        "disabled",
        "hookless_default",
        "stranded_until_read",
    )


@pytest.mark.parametrize("presence", [IDLE, STALE])
def test_row_7_a_plain_message_to_a_hooked_receiver_waits_for_its_next_turn(presence: Presence):
    verdict = given(presence=presence)
    assert verdict == Verdict(fire=False, outlook="stranded_until_read", hint=wake.STRANDED_HINT)


def test_row_7_a_plain_message_to_a_busy_or_unclaimed_receiver_says_nothing():
    assert given(presence=BUSY) == Verdict(fire=False)
    assert given(presence=UNKNOWN, claimed=False) == Verdict(fire=False)


@pytest.mark.parametrize(
    ("presence", "strategy", "expected"),
    [
        (BUSY, "auto", Verdict(fire=False, status="skipped_busy")),
        (BUSY, "off", Verdict(fire=False, status="skipped_busy")),
        (IDLE, "off", Verdict(fire=False, status="disabled")),
        (IDLE, "auto", Verdict(fire=True)),
        (STALE, "auto", Verdict(fire=True)),
        (UNKNOWN, "legacy", Verdict(fire=True)),
    ],
)
def test_a_question_wakes_unless_its_peer_is_busy(
    presence: Presence, strategy: str, expected: Verdict
):
    assert decide_ask(presence, strategy) == expected


def test_every_combination_of_facts_has_a_verdict_that_makes_sense():
    for facts in FACTS:
        verdict = decide(facts)
        if verdict.fire:
            assert facts.wake != "off", facts
            assert facts.strategy != "off", facts
            assert facts.presence is not BUSY or verdict.claim_slot, facts
            assert facts.autowake or facts.wake == "auto", facts
            assert verdict.status is None, facts
            assert verdict.outlook is None, facts
        slots = verdict.claim_slot + verdict.stamp_slot
        assert slots <= (verdict.fire and facts.is_reply), facts
        assert (verdict.outlook is None) is (verdict.hint is None), facts
        assert verdict.status is None or verdict.status in wake.STATUSES, facts
        assert verdict.reason is None or verdict.reason in wake.REASONS, facts
        assert verdict.outlook is None or verdict.outlook in wake.OUTLOOKS, facts


def test_nothing_unasked_is_fired_with_the_kill_switch_on():
    unasked = [facts for facts in FACTS if facts.wake != "auto" and not facts.autowake]
    assert unasked
    assert not any(decide(facts).fire for facts in unasked)


def test_a_record_of_a_late_answer_counts_only_for_a_reply():
    assert given(reply=False, pending=True) == given(reply=False, pending=False)


def test_every_verdict_is_reached():
    shapes = {
        (v.fire, v.claim_slot, v.stamp_slot, v.status, v.reason, v.outlook)
        for v in map(decide, FACTS)
    }
    late, reply, hookless = "late_reply_to_pending", "reply_to_default", "hookless_default"
    stranded = "stranded_until_read"
    assert shapes == {
        (False, False, False, None, None, None),
        (False, False, False, None, None, stranded),
        (False, False, False, None, f"{late}_suppressed", None),
        (False, False, False, "disabled", None, None),
        (False, False, False, "disabled", late, None),
        (False, False, False, "disabled", reply, None),
        (False, False, False, "disabled", hookless, stranded),
        (False, False, False, "skipped_busy", None, None),
        (False, False, False, "skipped_busy", late, None),
        (False, False, False, "skipped_no_fresh_idle", reply, None),
        (True, False, False, None, None, None),
        (True, False, False, None, hookless, None),
        (True, False, True, None, late, None),
        (True, True, False, None, reply, None),
    }


def test_a_receiver_with_a_door_of_its_own_is_woken_by_nobody_else():
    for late, asked in ((False, None), (False, "auto"), (True, None), (True, "auto")):
        facts = Facts(asked, late, late, True, Presence.IDLE, True, True, "auto", own_door=True)
        verdict = decide(facts)
        assert (verdict.fire, verdict.status) == (False, "left_to_receiver")
        assert verdict.reason == ("late_reply_to_pending" if late else None)
    assert decide(facts._replace(wake="off", pending=False)) == Verdict(fire=False)
    assert decide_ask(Presence.IDLE, "auto", own_door=True).status == "left_to_receiver"


def test_the_statuses_are_those_that_peers_know_and_two_of_ours():
    assert set(wake.STATUSES) == {
        "left_to_receiver",
        "skipped_held",
        "fired",
        "fired_unconfirmed",
        "skipped_busy",
        "skipped_no_target",
        "skipped_debounced",
        "skipped_no_fresh_idle",
        "skipped_rate_limited",
        "skipped_deduped",
        "skipped_store_error",
        "disabled",
        "skipped_unsupported",
        "skipped_throttled",
        "off",
    }
    assert set(wake.REASONS) == {
        "reply_to_default",
        "late_reply_to_pending",
        "late_reply_to_pending_suppressed",
        "hookless_default",
    }
    for meanings in (wake.STATUSES, wake.REASONS, wake.OUTLOOKS):
        assert all(text.endswith(".") and "\n" not in text for text in meanings.values())


@pytest.mark.parametrize(
    ("status", "survives"),
    [
        ("fired_unconfirmed", True),
        ("skipped_no_fresh_idle", True),
        ("skipped_no_target", True),
        ("skipped_debounced", True),
        ("skipped_rate_limited", True),
        ("skipped_store_error", True),
        ("skipped_busy", True),
        ("fired", False),
        ("skipped_deduped", False),
        ("disabled", False),
        (None, False),
    ],
)
def test_an_intent_survives_a_wake_that_proves_nothing(status: str | None, survives: bool):
    assert intent_survives(status) is survives
