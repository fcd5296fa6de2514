"""Points in time as people write them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from oxtail.errors import BadArgument

_SPAN: Final = re.compile(r"([0-9]{1,6})([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def span_of(text: str) -> int | None:
    """Return the seconds of a span such as ``90s``, ``30m``, ``2h``, ``1d`` or ``1w``, or None."""
    match = _SPAN.fullmatch(text)
    return int(match[1]) * _SECONDS[match[2]] if match else None


def parse_past(text: str, now: float, field: str) -> float:
    """Return the point in time that *text* names, in unix seconds.

    *text* is a span before *now*, or a date or time in the form of ISO 8601; one without a time
    zone is local time.

    Raises:
        BadArgument: it is neither.
    """
    span = span_of(text)
    return _point(text, field) if span is None else now - span


def parse_future(text: str, now: float, field: str) -> float:
    """Return the point in time that *text* names; a span is one after *now*.

    The forms are those of :func:`parse_past`.

    Raises:
        BadArgument: it is neither a span nor a time.
    """
    span = span_of(text)
    return _point(text, field) if span is None else now + span


def _point(text: str, field: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise BadArgument(
            field, "must be a span such as 30m, 2h or 1d, or a time such as 2026-01-31T12:00"
        ) from error
