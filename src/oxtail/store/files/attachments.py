"""Private copies of files, named after their bytes; implements :class:`oxtail.ports.Attachments`.

``docs/formats/attachments.md`` is the format.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from typing import TYPE_CHECKING, Final

from oxtail.core.attachment import (
    ATTACHMENTS_MAX,
    KEPT_SECONDS,
    Attached,
    copy_name,
    shown,
    tries,
)
from oxtail.core.digest import sha256_hex
from oxtail.core.plain import plain
from oxtail.errors import AttachmentRefused, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.disk.atomic import Disk
    from oxtail.ports import Clock

_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY
"""A pipe is not waited for, and a link that takes the place of the file is not followed."""

_OURS: Final = re.compile(r"[0-9a-f]{64}-[A-Za-z0-9._-]{1,100}")
"""A copy, or what a process that died has left of one: the file's own name may look like that."""

_NAME_SHOWN_CHARS: Final = 120


def _refused(path: str, reason: str, why: str) -> AttachmentRefused:
    return AttachmentRefused(f"{shown(path)}: {why}", path=shown(path), reason=reason)


class FileAttachments:
    """See :class:`oxtail.ports.Attachments`; on the folder ``attachments/``."""

    def __init__(self, disk: Disk, clock: Clock) -> None:
        self._disk = disk
        self._clock = clock

    def stage(self, paths: Sequence[str], max_bytes: int) -> tuple[Attached, ...]:
        """Copy files; see :meth:`oxtail.ports.Attachments.stage`.

        Commit point: the last copy has its name.  What an earlier one of the same call has made is
        removed when a later one fails; after a crash the next call finds it old some day.
        """
        if len(paths) > ATTACHMENTS_MAX:
            why = f"{len(paths)} files; at most {ATTACHMENTS_MAX} go along with a message"
            raise AttachmentRefused(why, reason="too-many")
        self._sweep()
        opened: list[tuple[int, str]] = []
        made: list[str] = []
        try:
            opened.extend(_open(path, max_bytes) for path in paths)
            return tuple(self._copy(*one, max_bytes, made) for one in opened)
        except BaseException:
            for path in made:
                self._disk.remove(path)
            raise
        finally:
            for descriptor, _ in opened:
                os.close(descriptor)

    def _copy(self, descriptor: int, source: str, max_bytes: int, made: list[str]) -> Attached:
        data = _read(descriptor, source, max_bytes)
        name = os.path.basename(source)
        path = self._disk.layout.attachment(copy_name(sha256_hex(data), name))
        is_new = self._disk.stamp(path) is None
        try:
            self._disk.folder(self._disk.layout.attachments)
            # Published again, a copy that is there already counts as new for another week.
            self._disk.publish(path, data, mtime=self._clock.now())
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error
        if is_new:
            made.append(path)
        return Attached(path, plain(name, _NAME_SHOWN_CHARS), len(data))

    def _sweep(self) -> None:
        folder = self._disk.layout.attachments
        for name in self._disk.names(folder):
            path = os.path.join(folder, name)
            stamp = self._disk.stamp(path) if _OURS.fullmatch(name) else None
            if stamp and self._clock.now() - stamp.mtime_ns / 1e9 > KEPT_SECONDS:
                try:
                    self._disk.remove_unchanged(path, stamp)
                except OSError as error:
                    self._disk.trace("sweep_failed", job="attachments", error=str(error))


def _open(text: str, max_bytes: int) -> tuple[int, str]:
    """Open the regular file that *text* means; return its descriptor and its real path.

    Raises:
        AttachmentRefused: there is none, or it is too large.
    """
    for path in tries(text):
        try:
            real = os.path.realpath(path, strict=True)
            descriptor = os.open(real, _FLAGS)
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            if getattr(error, "errno", None) == errno.ENXIO:
                raise _refused(path, "not-a-file", "is no regular file") from error
            why = getattr(error, "strerror", None) or str(error)
            raise _refused(path, "unreadable", f"cannot be read: {why}") from error
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and found.st_size <= max_bytes:
            return descriptor, real
        os.close(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _refused(path, "not-a-file", "is no regular file")
        raise _too_large(path, max_bytes)
    raise _refused(text, "not-found", "there is no such file")


def _too_large(path: str, max_bytes: int) -> AttachmentRefused:
    return _refused(path, "too-large", f"has more than {max_bytes} bytes")


def _read(descriptor: int, path: str, max_bytes: int) -> bytes:
    """Return all that is in a file; it may have grown since it was opened."""
    pieces, left = [], max_bytes + 1
    try:
        while left and (piece := os.read(descriptor, min(left, 1 << 20))):
            pieces.append(piece)
            left -= len(piece)
    except OSError as error:
        raise _refused(path, "unreadable", f"cannot be read: {error.strerror}") from error
    if not left:
        raise _too_large(path, max_bytes)
    return b"".join(pieces)
