"""How hypothesis runs here: briefly, without a wall clock, and leaving nothing on disk."""

from __future__ import annotations

from hypothesis import settings

from helpers.depth import examples

settings.register_profile(
    "oxtail", max_examples=examples(50), deadline=None, database=None, print_blob=True
)
settings.load_profile("oxtail")
