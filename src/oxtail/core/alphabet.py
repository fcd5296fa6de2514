"""Which characters a text is made of: what a pattern would tell, without the engine for patterns.

Every send and every hook checks a handful of names, and the engine takes longer to load than that.
"""

from __future__ import annotations

from typing import Final

DIGITS: Final = "0123456789"
HEX: Final = DIGITS + "abcdef"
ALPHANUMERIC: Final = DIGITS + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def is_made_of(characters: str, text: str, least: int, most: int) -> bool:
    """Tell whether *text* has *least* to *most* characters, and all are among *characters*."""
    return least <= len(text) <= most and not text.strip(characters)
