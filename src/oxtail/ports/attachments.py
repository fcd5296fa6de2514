"""Private copies of files that go along with messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.core.attachment import Attached


class Attachments(Protocol):
    """Where the copies lie."""

    def stage(self, paths: Sequence[str], max_bytes: int) -> tuple[Attached, ...]:
        """Copy the files that *paths* mean, each of at most *max_bytes*; all of them or none.

        A path may be quoted or have backslashes as a shell wants them; a link is followed.  Copies
        that are older than a week are removed first.

        Raises:
            AttachmentRefused: one is no regular file, too large, or cannot be read, or they are too
                many; ``path`` and ``reason`` say which and why.
            StoreError: the copies cannot be written.
        """
