"""How much mail goes through a storm: some in a suite, ten thousand in ``make storm``."""

from __future__ import annotations

import os


def messages(usual: int) -> int:
    """How many messages a test sends: *usual*, or what ``STORM_MESSAGES`` says."""
    return int(os.environ.get("STORM_MESSAGES", usual))
