"""Which observation decides whether an agent works, idles or is gone."""

from __future__ import annotations

import pytest

from oxtail.core.liveness import Life, Limits, Liveness, Observed, Reason, age_of, decide

LIMITS = Limits()
GONE = (Liveness.DEAD, Reason.EXITED)
OTHER = (Liveness.DEAD, Reason.PID_REUSED)
IDLE = (Liveness.IDLE, Reason.IDLE)


def seen(**facts: object) -> Observed:
    return Observed(**{"life": Life.RUNNING, **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"life": Life.EXITED, "transcript_age": 1, "tool_running": True}, GONE),
        ({"life": Life.REUSED, "transcript_age": 1, "pane_busy": True}, OTHER),
        ({"transcript_age": 5}, (Liveness.ACTIVE, Reason.TRANSCRIPT_FRESH)),
        ({"transcript_age": 20}, (Liveness.ACTIVE, Reason.TRANSCRIPT_FRESH)),
        ({"transcript_age": 21}, IDLE),
        ({"transcript_age": 300, "pane_busy": True}, (Liveness.ACTIVE, Reason.PANE_FRESH)),
        ({"transcript_age": 600, "pane_busy": True}, (Liveness.ACTIVE, Reason.PANE_FRESH)),
        ({"transcript_age": 601, "pane_busy": True}, IDLE),
        ({"transcript_age": 300, "tool_running": True}, (Liveness.ACTIVE, Reason.TOOL_RUNNING)),
        ({"transcript_age": 601, "tool_running": True}, IDLE),
        (
            {"transcript_age": 300, "pane_busy": True, "tool_running": True},
            (Liveness.ACTIVE, Reason.PANE_FRESH),
        ),
        ({"transcript_age": 300, "busy_age": 299.0}, (Liveness.ACTIVE, Reason.MARKED_BUSY)),
        ({"busy_age": 10.0}, (Liveness.ACTIVE, Reason.MARKED_BUSY)),
        ({"transcript_age": 700, "busy_age": 600.0}, IDLE),
        ({"busy_age": -1.0}, (Liveness.IDLE, Reason.NO_TRANSCRIPT)),
        ({"pane_busy": True, "tool_running": True}, (Liveness.IDLE, Reason.NO_TRANSCRIPT)),
    ],
)
def test_the_first_rule_that_matches_decides(facts, expected):
    verdict = decide(seen(**facts), LIMITS)

    assert (verdict.liveness, verdict.reason) == expected
    assert verdict.why


def test_the_evidence_names_the_age_that_decided():
    assert "5 s ago" in decide(seen(transcript_age=5), LIMITS).why
    assert "300 s old" in decide(seen(transcript_age=300, tool_running=True), LIMITS).why
    assert "12 s ago" in decide(seen(busy_age=12.5), LIMITS).why


def test_an_age_from_the_future_is_unknown_and_a_small_skew_is_none():
    assert age_of(None, 100.0) is None
    assert age_of(100.0, 105.9) == 5
    assert age_of(102.0, 100.0) == 0
    assert age_of(103.0, 100.0) is None
    assert age_of(float("nan"), 100.0) is None
    assert age_of(float("-inf"), 100.0) is None
