"""The body of a message, from the command line or from standard input."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from oxtail.core.envelope import BODY_MAX_BYTES
from oxtail.errors import BadArgument

if TYPE_CHECKING:
    from collections.abc import Sequence

FROM_INPUT = "-"


def body_of(words: Sequence[str]) -> str:
    """Return the body that *words* spell: joined by spaces, or read where they are ``-`` alone.

    What is read is taken as it is, a last line end included; at most one byte more than a body
    may have is read.

    Raises:
        BadArgument: standard input is closed, too long, or not UTF-8.
    """
    if list(words) != [FROM_INPUT]:
        return " ".join(words)
    if sys.stdin is None:
        raise BadArgument("body", "standard input is closed")
    try:
        data = sys.stdin.buffer.read(BODY_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise BadArgument("body", f"standard input cannot be read: {error}") from error
    if len(data) > BODY_MAX_BYTES:
        raise BadArgument("body", f"exceeds {BODY_MAX_BYTES} UTF-8 bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadArgument("body", f"is not valid UTF-8 at byte {error.start}") from error
