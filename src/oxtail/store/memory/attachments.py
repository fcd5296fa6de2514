"""Files that go along with messages, in memory; twin of :mod:`oxtail.store.files.attachments`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.attachment import ATTACHMENTS_MAX, Attached, copy_name, shown, tries
from oxtail.core.digest import sha256_hex
from oxtail.core.plain import plain
from oxtail.errors import AttachmentRefused

if TYPE_CHECKING:
    from collections.abc import Sequence


class MemoryAttachments:
    """See :class:`oxtail.ports.Attachments`; it knows the files that it is given.

    Attributes:
        files: The content of each file by its path.
        copies: The content of each copy by its path.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.copies: dict[str, bytes] = {}

    def stage(self, paths: Sequence[str], max_bytes: int) -> tuple[Attached, ...]:
        """Copy files; see :meth:`oxtail.ports.Attachments.stage`."""
        if len(paths) > ATTACHMENTS_MAX:
            raise AttachmentRefused("too many files", reason="too-many")
        staged: dict[str, bytes] = {}
        attached = []
        for text in paths:
            path = next((each for each in tries(text) if each in self.files), None)
            if path is None:
                why = f"{shown(text)}: there is no such file"
                raise AttachmentRefused(why, path=shown(text), reason="not-found")
            data, name = self.files[path], path.rsplit("/", 1)[-1]
            if len(data) > max_bytes:
                why = f"{shown(path)}: has more than {max_bytes} bytes"
                raise AttachmentRefused(why, path=shown(path), reason="too-large")
            copy = "/attachments/" + copy_name(sha256_hex(data), name)
            staged[copy] = data
            attached.append(Attached(copy, plain(name, 120), len(data)))
        self.copies.update(staged)
        return tuple(attached)
