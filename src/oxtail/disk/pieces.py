"""A file outside the state folder, written in pieces; it appears whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from oxtail.disk.atomic import FILE_MODE, TEMPORARY_MARK
from oxtail.errors import FileExists

if TYPE_CHECKING:
    from collections.abc import Iterable

_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
_NO_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


def check_free(path: str, *, replace: bool) -> None:
    """Refuse *path* if something there is in the way.

    Raises:
        FileExists: something has the name, and *replace* is False or it is no file.
    """
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if stat.S_ISDIR(found.st_mode):
        raise FileExists(f"{path} is a folder.", path=path)
    if _is_device(path, found.st_mode):
        # Whoever may would put a file in the place of what all programs use.
        raise FileExists(f"{path} is a device or the like; - is standard output.", path=path)
    if not replace:
        raise FileExists(f"{path} is there already; --force replaces it.", path=path)


def _is_device(path: str, mode: int) -> bool:
    """Tell whether *path*, whose mode is *mode*, is neither file nor folder, nor a link to one."""
    if stat.S_ISLNK(mode):
        try:
            mode = os.stat(path).st_mode
            # /dev/stdout leads to a file where a shell sends output there.
            return os.readlink(path).startswith("/proc/") or not (
                stat.S_ISREG(mode) or stat.S_ISDIR(mode)
            )
        except OSError:
            return False  # it leads nowhere
    return not stat.S_ISREG(mode)


def write_pieces(path: str, pieces: Iterable[bytes], *, replace: bool) -> int:
    """Write *pieces* to the file *path*, private and synced; return how many bytes it has.

    Commit point: the link, or with *replace* the rename.  A crash before it leaves a temporary file
    beside *path*.

    Raises:
        FileExists: the name is taken, and *replace* is False.
        OSError: the disk refused; *path* is what it was.
    """
    check_free(path, replace=replace)
    temporary = f"{path}{TEMPORARY_MARK}{os.getpid()}.{os.urandom(6).hex()}"
    descriptor = os.open(temporary, _FLAGS, FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            size = sum(file.write(piece) for piece in pieces)
            file.flush()
            os.fsync(file.fileno())
        _publish(temporary, path, replace=replace)
    finally:
        with suppress(FileNotFoundError):  # the rename took it
            os.unlink(temporary)
    return size


def _publish(temporary: str, path: str, *, replace: bool) -> None:
    if replace:
        os.rename(temporary, path)
        return
    try:
        os.link(temporary, path)
    except FileExistsError as error:
        raise FileExists(f"{path} is there already; --force replaces it.", path=path) from error
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A file system without links: the name is taken first, and then replaced.
        try:
            os.close(os.open(path, _FLAGS, FILE_MODE))
        except FileExistsError as taken:
            raise FileExists(f"{path} is there already; --force replaces it.", path=path) from taken
        os.rename(temporary, path)
