"""How far a file that grows was read, and what was found on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.value import Value

if TYPE_CHECKING:
    from oxtail.core.sighting import Sighting


class Mark(Value):
    """A place in a file that grows.

    Attributes:
        device: The file: its device and inode number.
        inode: As above.
        offset: How many bytes were read.
        lines: How many lines ended before that.
        edge: The last of these bytes; a file that has others there was written anew.
        skips: Whether the line at the place is too long to be looked at.
    """

    device: int
    inode: int
    offset: int = 0
    lines: int = 0
    edge: bytes = b""
    skips: bool = False


class Growth(Value):
    """What a look into a transcript found.

    Attributes:
        seen: Line number, from 1, and message, in the order of the file.
        mark: Where the next look goes on.
        more: Whether this one ended before the end of the file.
    """

    seen: tuple[tuple[int, Sighting], ...]
    mark: Mark
    more: bool
