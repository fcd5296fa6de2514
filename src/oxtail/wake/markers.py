"""Busy and idle markers; implements :class:`oxtail.ports.Presence`.

A marker is a file whose content is one word and whose time of change is when it was said.
Shell hooks and other implementations read and write the same files
(``docs/formats/README.md``).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from oxtail.errors import DamagedRecord, StoreError

if TYPE_CHECKING:
    from oxtail.core.presence import Marker
    from oxtail.disk.atomic import Disk

STATES: Final = ("busy", "idle")

_READ_BYTES: Final = 64
"""More than any marker has; the rest of a larger file would not make it one."""


class FileMarkers:
    """The markers in the state folder of *disk*."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def read(self, session_id: str) -> Marker | None:
        """Return the marker of *session_id*, or None if there is none that can be understood."""
        from oxtail.core.presence import Marker  # hooks only write

        try:
            descriptor, _ = self._disk.open_regular(self._disk.layout.marker(session_id))
        except (OSError, ValueError, DamagedRecord):
            return None
        try:
            content = os.read(descriptor, _READ_BYTES)
            said_at = os.fstat(descriptor).st_mtime
        except OSError:
            return None
        finally:
            os.close(descriptor)
        state = content.decode("ascii", "replace").strip()
        return Marker(state, said_at) if state in STATES else None

    def write(self, session_id: str, state: str) -> None:
        """Say that *session_id* is ``busy`` or ``idle`` from now on.

        The file holds exactly that word, without a line end.  It is not synced: after a power cut
        no session is busy.

        Raises:
            ValueError: *state* is another word, or *session_id* is empty.
            StoreError: the disk refused; the old marker stands.
        """
        if state not in STATES:
            raise ValueError(f"not a state of a marker: {state!r}")
        path = self._disk.layout.marker(session_id)
        self._disk.folder(self._disk.layout.activity)
        try:
            self._disk.publish(path, state.encode(), durable=False)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error

    def clear(self, session_id: str) -> None:
        """Remove the marker of *session_id*, if there is one.

        Raises:
            ValueError: *session_id* is empty.
            StoreError: it is there and cannot be removed.
        """
        path = self._disk.layout.marker(session_id)
        try:
            self._disk.remove(path)
        except OSError as error:
            raise StoreError(f"cannot remove {path}: {error.strerror}", path=path) from error
