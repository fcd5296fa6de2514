"""What a client writes on a hook's standard input: JSON, with whatever spacing, and bounded."""

from __future__ import annotations

import os
from typing import Any, Final

from oxtail.core.codec import decode
from oxtail.errors import BadArgument

PAYLOAD_MAX_BYTES: Final = 10_000_000
"""Largest payload that is read; a tool's whole output is a part of it."""

_PIECE_BYTES: Final = 65_536


def read(descriptor: int, head: bytes = b"") -> bytes:
    """Return *head* and all that *descriptor* still gives.

    Raises:
        BadArgument: it is a terminal, cannot be read, or gives too much.
    """
    pieces, size = [head], len(head)
    try:
        if os.isatty(descriptor):
            raise BadArgument("payload", "is a terminal")
        while piece := os.read(descriptor, _PIECE_BYTES):
            pieces.append(piece)
            size += len(piece)
            if size > PAYLOAD_MAX_BYTES:
                raise BadArgument("payload", f"has more than {PAYLOAD_MAX_BYTES} bytes")
    except OSError as error:
        raise BadArgument("payload", f"cannot be read: {error.strerror}") from error
    return b"".join(pieces)


def parse(data: bytes) -> dict[str, Any]:
    """Return the object that *data* spells; invalid UTF-8 is replaced.

    Raises:
        BadArgument: it is empty, no JSON, or no object.
    """
    if not data.strip():
        raise BadArgument("payload", "is empty")
    try:
        value = decode(data)
    except ValueError as error:
        raise BadArgument("payload", "is not JSON") from error
    if not isinstance(value, dict):
        raise BadArgument("payload", "is not an object")
    return value
