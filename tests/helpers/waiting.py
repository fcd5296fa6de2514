"""Waiting for a condition, bounded; the only place in the tests that sleeps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds after which what should come is given up; an idle machine needs a hundredth of it."""


def until(condition: Callable[[], T], *, within: float = PATIENCE, every: float = 0.01) -> T:
    """Return the first true value of *condition*, or fail after *within* seconds."""
    deadline = time.monotonic() + within
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"still not true after {within} s: {condition}")
        time.sleep(every)


async def soon(condition: Callable[[], T], *, within: float = PATIENCE, every: float = 0.01) -> T:
    """Do as :func:`until`, and let the event loop go on meanwhile."""
    deadline = time.monotonic() + within
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"still not true after {within} s: {condition}")
        await asyncio.sleep(every)
