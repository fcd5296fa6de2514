"""Busy, idle or unknown, from a marker and its age.

A marker is a session's own word, written by its hooks.  It is believed for a while only: an agent
that was interrupted never says that it is idle again.
"""

from __future__ import annotations

import enum

from oxtail.core.value import Value


class Marker(Value):
    """A session's own word on itself: ``busy`` or ``idle``, and when it said so (unix seconds)."""

    state: str
    at: float


class Presence(enum.Enum):
    """What a marker and its age amount to."""

    BUSY = "busy"
    """It said so, recently enough to be believed."""

    IDLE = "idle"
    """It said so, and nothing newer is known; however long ago."""

    STALE = "stale"
    """It has a marker that cannot be believed: busy for too long, from the future, or illegible."""

    UNKNOWN = "unknown"
    """It has no marker: nothing in its client writes one."""


def _age_ms(marker: Marker, now: float) -> float:
    return (now - marker.at) * 1000


def classify(marker: Marker | None, now: float, busy_ttl_ms: int) -> Presence:
    """Return what *marker* amounts to at *now* (unix seconds).

    A busy marker is believed while it is younger than *busy_ttl_ms*.
    """
    if marker is None:
        return Presence.UNKNOWN
    age = _age_ms(marker, now)
    if marker.state == "busy" and 0 <= age < busy_ttl_ms:
        return Presence.BUSY
    if marker.state == "idle" and age >= 0:
        return Presence.IDLE
    return Presence.STALE


def is_fresh_idle(marker: Marker | None, now: float, fresh_idle_ms: int) -> bool:
    """Tell whether *marker* says idle, is younger than *fresh_idle_ms* and not from the future."""
    return (
        marker is not None and marker.state == "idle" and 0 <= _age_ms(marker, now) < fresh_idle_ms
    )
