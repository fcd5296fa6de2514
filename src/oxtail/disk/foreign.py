"""Files of others, such as those of the clients: read whole, replaced in one step, backed up once.

A link is written through to its target; mode and owner stay.  These files are not in the state
folder and belong to others, so :mod:`oxtail.disk.atomic` with its modes does not fit them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from typing import Final

from oxtail.core.value import Value
from oxtail.errors import ChangedMeanwhile, FileTrouble

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
SIZE_MAX: Final = 64 * 1024 * 1024
"""Most bytes of a file that is edited; Claude Code's own grows to a few MiB."""


class Content(Value):
    """A file as it was read.

    Attributes:
        path: Its real path, links followed.
        data: Its bytes, or None where there is none.
        mode: Its permission bits.
    """

    path: str
    data: bytes | None
    mode: int = FILE_MODE


def digest(data: bytes | None) -> str | None:
    """Return what tells *data* from other contents; None for a file that is not there."""
    return None if data is None else hashlib.sha256(data).hexdigest()


def _trouble(path: str, problem: str) -> FileTrouble:
    return FileTrouble(f"{path}: {problem}", path=path)


def read(path: str) -> Content:
    """Return the file *path*.

    Raises:
        FileTrouble: it is no regular file, too large, or cannot be read.
    """
    real = os.path.realpath(path)
    try:
        descriptor = os.open(real, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return Content(real, None)
    except OSError as error:
        raise _trouble(path, f"cannot be read: {error.strerror}") from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise _trouble(path, "not a regular file")
    with open(descriptor, "rb") as file:
        if found.st_size > SIZE_MAX:
            raise _trouble(path, f"larger than {SIZE_MAX} bytes")
        return Content(real, file.read(), stat.S_IMODE(found.st_mode))


def check_writable(content: Content) -> None:
    """Make sure that *content* may be replaced.

    Raises:
        FileTrouble: it is read-only, or its folder is.
    """
    if content.data is not None and not (
        content.mode & stat.S_IWUSR and os.access(content.path, os.W_OK)
    ):
        raise _trouble(content.path, "is read-only; chmod u+w it, or make the change by hand")
    folder = os.path.dirname(content.path)
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    if not os.path.isdir(folder):
        raise _trouble(folder, "is no folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _trouble(content.path, f"cannot be replaced: the folder {folder} is read-only")


def _write(path: str, data: bytes, mode: int, like: str | None) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        if like is not None:
            with contextlib.suppress(OSError):  # only root may give a file away
                owner = os.stat(like)
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(content: Content, data: bytes | None) -> None:
    """Put *data* in the place of *content*; None removes the file.

    The file is read again right before the step that counts, the rename; between these two a
    writer that takes no notice of others could still be overtaken.

    Raises:
        ChangedMeanwhile: it is no longer what *content* says; nothing was done.
        FileTrouble: it cannot be written; nothing was done.
    """
    path, folder = content.path, os.path.dirname(content.path)
    temporary = os.path.join(folder, f".{os.path.basename(path)}.oxtail.{os.urandom(4).hex()}")
    try:
        if data is not None:
            os.makedirs(folder, mode=FOLDER_MODE, exist_ok=True)
            _write(temporary, data, content.mode, None if content.data is None else path)
        if read(path).data != content.data:
            raise ChangedMeanwhile(f"{path} was changed by another program meanwhile", path=path)
        if data is not None:
            os.rename(temporary, path)
        elif content.data is not None:
            os.unlink(path)
        _sync_folder(folder)
    except OSError as error:
        raise _trouble(path, f"cannot be written: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def back_up(content: Content, now: float) -> str:
    """Keep a dated copy of *content* beside it and return its path.

    Raises:
        FileTrouble: it cannot be written.
    """
    assert content.data is not None
    stem = f"{content.path}.oxtail-backup.{time.strftime('%Y-%m-%d', time.localtime(now))}"
    for number in range(1, 1000):
        path = stem if number == 1 else f"{stem}.{number}"
        try:
            _write(path, content.data, content.mode & ~stat.S_IWOTH, content.path)
        except FileExistsError:
            continue
        except OSError as error:
            raise _trouble(path, f"cannot be written: {error.strerror}") from error
        return path
    raise _trouble(stem, "there are too many backups of this day")


def remove_empty_folders(path: str, below: str) -> None:
    """Remove *path* and the folders above it that are empty, none at or above *below*."""
    while path != below and path.startswith(below + os.sep):
        try:
            os.rmdir(path)
        except OSError:
            return
        path = os.path.dirname(path)
