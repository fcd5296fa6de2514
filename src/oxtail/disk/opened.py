"""A file that stays open from one use to the next, because opening it each time costs more."""

from __future__ import annotations

import os


class Opened:
    """The owner of a descriptor, which is closed with it.

    Attributes:
        descriptor: Of the file; -1 once it is closed.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def look(self) -> os.stat_result | None:
        """Return what the file is now, or None if it has no name any more, so nobody else sees it.

        Raises:
            OSError: as from the system.
        """
        found = os.fstat(self.descriptor)
        return found if found.st_nlink else None

    def close(self) -> None:
        """Close it; more than once is once."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()
