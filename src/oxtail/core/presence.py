"""Busy, idle or unknown, from a marker and its age."""

from __future__ import annotations

from typing import NamedTuple


class Marker(NamedTuple):
    """A session's own word about itself: ``busy`` or ``idle``, and when it was said (unix seconds)."""

    state: str
    at: float
