"""Which boxes belong to what a client calls its session, for those who cannot work it out.

``by-session/<session id>.<box>`` is a link to a box.  A shell hook tells from these links whether
there is mail without deriving a box's name, and a hook finds the boxes of an earlier id of the same
session.  Rules of this file:

* A link is a hint.  A missing one costs a look by Python, a wrong one too.
* Only an id that is a safe file name as it stands gets links, so that two ids never share one.
* A box is named by the link's name, never by where it leads.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from oxtail.core.names import SESSION_ID_MAX_CHARS, check_box, is_box, safe_name
from oxtail.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Collection

    from oxtail.disk.atomic import Disk

KEEP_SECONDS: Final = 7 * 86_400
"""A link older than this to an empty box goes: the shell hook looks through all links."""


class FileDoorstep:
    """The folder ``by-session/``; implements :class:`oxtail.ports.Doorstep`."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._has_swept = False

    def place(self, session_id: str, boxes: Collection[str]) -> None:
        """Make the links of *session_id* lead to *boxes* and nowhere else.

        Never raises; a failure is traced, and costs hooks the short way only.
        """
        if not _has_links(session_id):
            return
        folder = self._disk.layout.by_session
        try:
            self._disk.folder(folder)
            wanted = {f"{session_id}.{check_box(box)}": box for box in boxes}
            present = self._disk.names(folder)
            for name in present:
                if name.startswith(f"{session_id}.") and name not in wanted:
                    self._disk.remove(os.path.join(folder, name))
            for name, box in wanted.items():
                with suppress(FileExistsError):
                    os.symlink(f"../mailboxes/{box}.jsonl", os.path.join(folder, name))
            if not self._has_swept:
                self._has_swept = True
                self._sweep(folder, present)
        except (OSError, StoreError) as error:
            self._disk.trace("doorstep_failed", session_id=session_id, error=str(error))

    def boxes(self, session_id: str) -> tuple[str, ...]:
        """Return the boxes that the links of *session_id* name; none where there are no links."""
        if not _has_links(session_id):
            return ()
        start = f"{session_id}."
        try:
            names = self._disk.names(self._disk.layout.by_session)
        except StoreError as error:
            self._disk.trace("doorstep_failed", session_id=session_id, error=error.message)
            return ()
        found = (name[len(start) :] for name in names if name.startswith(start))
        return tuple(box for box in found if is_box(box))

    def _sweep(self, folder: str, names: Collection[str]) -> None:
        oldest = time.time() - KEEP_SECONDS
        for name in names:
            path = os.path.join(folder, name)
            with suppress(FileNotFoundError):
                if os.lstat(path).st_mtime < oldest and not _has_mail(path):
                    self._disk.remove(path)


def _has_links(session_id: str) -> bool:
    return safe_name(session_id) == session_id and 0 < len(session_id) <= SESSION_ID_MAX_CHARS


def _has_mail(path: str) -> bool:
    try:
        return os.stat(path).st_size > 0
    except OSError:
        return False
