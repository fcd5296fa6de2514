"""What a lock on disk tells about its holder: mode, token, age.  ``docs/formats/lock.md``."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from contextlib import suppress
from typing import Final

STALE_SECONDS: Final = 30.0
"""Age above which a lock is stale, whoever holds it; the same number in every peer."""

PYTHON_MODE: Final = 0o500
"""Mode of the lock folders of Python peers."""

_ANY_TOKEN: Final = re.compile(rb"([1-9][0-9]{0,9})\.[0-9a-f]+")
_NO_LINKS: Final = frozenset(
    (errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOENT)
)
_TOKEN_MAX_BYTES: Final = 256


def read_token(path: str) -> bytes | None:
    """Return the token of the lock *path*, or None if it has none that can be read."""
    try:
        descriptor = os.open(f"{path}.owner", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        return os.read(descriptor, _TOKEN_MAX_BYTES)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def is_gone(token: bytes | None) -> bool:
    """Tell whether *token* names a process that does not exist here."""
    match = _ANY_TOKEN.fullmatch(token or b"")
    if match is None:
        return False
    try:
        os.kill(int(match[1]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def write_token(token: bytes, flock: int, size: int) -> None:
    """Make *token* the content of the side file at *flock*, which has *size* bytes."""
    os.pwrite(flock, token, 0)
    if size > len(token):
        os.ftruncate(flock, len(token))


def link_token(lock: str) -> bool:
    """Link the side file, which has the token, as *owner*; False where there are no links.

    A file of its own would be made and removed by every lock, which costs the disk far more.
    Whatever *owner* is now is an orphan, because the folder was made just before.
    """
    owner = f"{lock}.owner"
    for _ in range(2):
        try:
            os.link(f"{lock}.flock", owner)
        except FileExistsError:
            os.unlink(owner)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            return False
        else:
            return True
    return False


def is_linked(lock: str, inode: int) -> bool:
    """Tell whether the token of *lock* is the content of its side file, whose inode is *inode*."""
    try:
        return os.lstat(f"{lock}.owner").st_ino == inode
    except OSError:
        return False


def has_token(lock: str, token: bytes, flock: int, inode: int) -> bool:
    """Tell whether *lock* has *token*, which was written into the side file at *flock*.

    A Node peer that takes a lock over writes into whatever *owner* is.
    """
    if is_linked(lock, inode):
        return os.pread(flock, _TOKEN_MAX_BYTES, 0) == token
    return read_token(lock) == token


def is_python(path: str) -> bool:
    """Tell whether *path* is a folder that a Python peer made."""
    try:
        return stat.S_IMODE(os.lstat(path).st_mode) == PYTHON_MODE
    except OSError:
        return False


def clear_marker(marker: str) -> None:
    """Remove a marker that is stale."""
    with suppress(OSError):
        if time.time() - os.lstat(marker).st_mtime > STALE_SECONDS:
            os.rmdir(marker)
