"""Time and names for new things."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Time, so that tests can turn it by hand."""

    def now(self) -> float:
        """Return the wall clock in unix seconds."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""


class Ids(Protocol):
    """New names for new things."""

    def new_id(self) -> str:
        """Return sixteen random hex digits, never the same twice."""
