"""Texts that are made of certain characters."""

from __future__ import annotations

import re

import pytest

from oxtail.core.alphabet import ALPHANUMERIC, DIGITS, HEX, is_made_of

TEXTS = ["", "7", "07", "a7", "7a", "A7", "7-7", " 7", "7\n", "7" * 4, "7" * 5, "\u0667", "7\x007"]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    ("characters", "pattern"),
    [(DIGITS, "[0-9]"), (HEX, "[0-9a-f]"), (ALPHANUMERIC, "[0-9A-Za-z]")],
)
def test_it_tells_what_a_pattern_tells(text: str, characters: str, pattern: str) -> None:
    matches = re.fullmatch(f"{pattern}{{1,4}}", text) is not None

    assert is_made_of(characters, text, 1, 4) == matches
