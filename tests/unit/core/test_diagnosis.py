"""Counting wakes in a trace."""

from __future__ import annotations

import json

from oxtail.core.diagnosis import diagnose


def line(status: object, via: object = "send_message", event: str = "wake_outcome") -> bytes:
    return json.dumps({"event": event, "wake_status": status, "via": via}).encode()


def test_outcomes_are_counted_by_status_and_by_way_the_most_frequent_first() -> None:
    found = diagnose(
        [line("fired"), line("fired"), line("disabled"), line("fired", "ask_peer"), line("a")]
    )

    assert (found.counted, found.total) == (5, 5)
    assert found.by_status == (("fired", 3), ("a", 1), ("disabled", 1))
    assert found.by_via == (
        ("send_message", (("fired", 2), ("a", 1), ("disabled", 1))),
        ("ask_peer", (("fired", 1),)),
    )


def test_what_is_no_outcome_is_passed_over() -> None:
    others = [
        b"",
        b"\n",
        b"wake_outcome",
        b'{"event":"wake_outcome"}',
        b"[1]",
        b"\xff wake_outcome",
    ]
    found = diagnose([*others, line(7), line("fired", event="nudge"), line("fired")])

    assert found.by_status == (("fired", 1),)


def test_only_the_newest_are_counted() -> None:
    found = diagnose([*[line("old")] * 5, *[line("new")] * 3], newest=3)

    assert (found.counted, found.total, found.by_status) == (3, 8, (("new", 3),))


def test_an_empty_trace_has_nothing_to_count() -> None:
    assert diagnose([]).as_dict() == {"counted": 0, "total": 0, "by_status": {}, "by_via": {}}
