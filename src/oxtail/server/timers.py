"""What is to be done later, by the thread that reads requests; no thread of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Timers:
    """Jobs and when they are due.

    Args:
        now: Seconds that never run backwards.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._jobs: list[tuple[float, Callable[[], None]]] = []

    def after(self, seconds: float, job: Callable[[], None]) -> None:
        """Run *job* once, *seconds* from now."""
        self._jobs.append((self._now() + seconds, job))
        self._jobs.sort(key=lambda item: item[0])

    def wait(self, longest: float) -> float:
        """Return the seconds until the next job is due, at most *longest*."""
        return min(longest, max(self._jobs[0][0] - self._now(), 0.0)) if self._jobs else longest

    def run_due(self) -> None:
        """Run what is due."""
        while self._jobs and self._jobs[0][0] <= self._now():
            _, job = self._jobs.pop(0)
            job()
