"""How a line gets into the input line of each client; data, and nothing else.

The rule: a recipe says what is sent; :mod:`oxtail.wake.tmux_door` sends it and looks what came of
it.  Codex takes an Enter that follows fast typing for a line of a paste, and stops doing so some
time after the last character.  A bracketed paste has an end that it sees, so no time has to pass.
Whether that still holds is tested against the real client.
"""

from __future__ import annotations

from typing import Final

from oxtail.core.value import Value

WAKE_TEXT: Final = (
    "oxtail: mail is waiting. Call read_my_messages; answer with reply_to_message, "
    "and close work that was asked for with complete_work or block_work."
)
"""What a peer is told that may see nothing else of oxtail: the whole protocol in one line."""

WAKE_TEXT_MAX_BYTES: Final = 200
"""A longer line would be folded away as pasted text, and could not be found again."""


class Recipe(Value):
    """How to type.

    Attributes:
        paste: Whether the text goes in as one paste, in brackets where the program asked for them;
            otherwise character by character.
        enter_again_seconds: How long after an Enter that did nothing another one may be pressed:
            longer than the client takes fast typing for a paste.
    """

    paste: bool
    enter_again_seconds: float


_PASTE: Final = Recipe(paste=True, enter_again_seconds=0.5)
_LITERAL: Final = Recipe(paste=False, enter_again_seconds=0.5)

RECIPES: Final = {
    "auto": {"claude-code": _PASTE, "codex": _PASTE, "unknown": _PASTE},
    "legacy": {"claude-code": _LITERAL, "codex": _LITERAL, "unknown": _LITERAL},
}
"""The recipe by strategy (``OXTAIL_ASK_PEER_WAKE_STRATEGY``) and type of client."""


def recipe_for(strategy: str, client_type: str) -> Recipe | None:
    """Return how to type for a client, or None where nothing may be typed."""
    by_client = RECIPES.get(strategy)
    return by_client.get(client_type, by_client["unknown"]) if by_client else None
