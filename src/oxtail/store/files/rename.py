"""Renaming that replaces nothing: a system call that Python has no name for."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_HERE: Final = -100
"""``AT_FDCWD``: paths are as they are everywhere else."""

_NOREPLACE: Final = 1
"""``RENAME_NOREPLACE``."""


def renamer() -> Callable[[str, str], None] | None:
    """Return a rename that fails where the new name is taken; None where the system has none.

    What is returned raises FileExistsError for a name that is taken, and OSError as ``os.rename``;
    ``EINVAL`` means that the file system cannot do it.
    """
    # Loaded by processes that stay: it takes as long as some ten locks.
    import ctypes

    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)

    def rename(source: str, target: str) -> None:
        if call(_HERE, os.fsencode(source), _HERE, os.fsencode(target), _NOREPLACE):
            number = ctypes.get_errno() or errno.EINVAL
            raise OSError(number, os.strerror(number), source, None, target)

    return rename
