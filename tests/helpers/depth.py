"""How far histories and inputs are searched; ``make deep`` goes further than each push."""

from __future__ import annotations

import os

DEPTH = int(os.environ.get("TEST_DEPTH", "1"))


def examples(count: int) -> int:
    """Return how many examples to try where *count* are enough for a push."""
    return count * DEPTH
