from __future__ import annotations

import pytest

from oxtail.core.moment import parse_past, span_of
from oxtail.errors import BadArgument

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("2h", 7200), ("1d", 86_400), ("1w", 604_800), ("0s", 0)],
)
def test_a_span_lies_before_now(text: str, seconds: int) -> None:
    assert span_of(text) == seconds
    assert parse_past(text, NOW, "since") == NOW - seconds


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-31T12:00:00Z", 1_769_860_800),
        ("2026-01-31T13:00+01:00", 1_769_860_800),
        ("2026-01-31T12:00", 1_769_860_800),
        ("2026-01-31", 1_769_817_600),
    ],
)
def test_a_time_is_that_time(text: str, at: float) -> None:
    assert parse_past(text, NOW, "since") == at


@pytest.mark.parametrize(
    "text", ["", "2", "h", "-2h", "2 h", "1x", "٣h", "9999999h", "yesterday", "2026-13-01", "1e3s"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadArgument) as caught:
        parse_past(text, NOW, "since")

    assert caught.value.field == "since"
