"""What a marker and its age amount to."""

from __future__ import annotations

import pytest

from oxtail.core.presence import Marker, Presence, classify, is_fresh_idle

NOW = 1_800_000_000.0
TTL = 600_000
FRESH = 300_000


def marker(state: str, age: float) -> Marker:
    return Marker(state, NOW - age)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, Presence.UNKNOWN),
        (marker("busy", 0), Presence.BUSY),
        (marker("busy", 599.5), Presence.BUSY),
        (marker("busy", 600), Presence.STALE),
        (marker("busy", -1), Presence.STALE),
        (marker("idle", 0), Presence.IDLE),
        (marker("idle", 1e9), Presence.IDLE),
        (marker("idle", -1), Presence.STALE),
        (marker("", 0), Presence.STALE),
        (marker("BUSY", 0), Presence.STALE),
        (Marker("busy", float("nan")), Presence.STALE),
        (Marker("idle", float("nan")), Presence.STALE),
    ],
)
def test_a_marker_is_believed_for_a_while(given: Marker | None, expected: Presence):
    assert classify(given, NOW, TTL) is expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, False),
        (marker("idle", 0), True),
        (marker("idle", 299.5), True),
        (marker("idle", 300), False),
        (marker("idle", -1), False),
        (marker("busy", 1), False),
        (Marker("idle", float("nan")), False),
    ],
)
def test_only_a_young_idle_marker_is_fresh(given: Marker | None, expected: bool):
    assert is_fresh_idle(given, NOW, FRESH) is expected


def test_presence_has_the_words_of_the_glossary():
    assert [presence.value for presence in Presence] == ["busy", "idle", "stale", "unknown"]
