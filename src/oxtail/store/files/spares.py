"""Lock folders that are put aside instead of removed, and used again.

Making and removing a folder costs ext4 ten times what renaming one does, and the more the more were
removed in the last seconds.  So a process that stays renames the folder of a lock that it gives
back to ``<lock>.spare``, and renames that one back when it takes the lock.  Rules of this file:

* Called only under the kernel lock of the lock, so there is one user of a spare folder at a time.
* Taking must fail where any peer's folder is: only a rename that replaces nothing will do.
* A spare folder that is anything but a folder of a Python peer is left alone.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final

from oxtail.store.files.rename import renamer

if TYPE_CHECKING:
    from collections.abc import Callable

_CANNOT: Final = frozenset((errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP))


class Spares:
    """The spare lock folders, as far as this system and file system allow any.

    Args:
        mode: The mode that the folders of Python peers have.
        rename: See :func:`oxtail.store.files.rename.renamer`; found at the first use.
    """

    def __init__(self, mode: int, rename: Callable[[str, str], None] | None = None) -> None:
        self._mode = mode
        self._rename = rename
        self._usable = True

    def use(self, lock: str) -> bool:
        """Make the folder *lock* out of its spare one; False if there is none to use.

        Raises:
            FileExistsError: *lock* is there.
        """
        if not self._usable:
            return False
        spare = f"{lock}.spare"
        try:
            found = os.lstat(spare)
            if not stat.S_ISDIR(found.st_mode) or stat.S_IMODE(found.st_mode) != self._mode:
                return False
            if self._rename is None:
                self._rename = renamer()
                if self._rename is None:
                    self._usable = False
                    return False
            # The age of a lock is that of its folder, and a rename does not renew it.
            os.utime(spare)
            self._rename(spare, lock)
        except FileExistsError:
            raise
        except OSError as error:
            self._usable = error.errno not in _CANNOT
            return False
        return True

    def keep(self, lock: str) -> bool:
        """Put the folder *lock* aside; False if it has to be removed instead."""
        if not self._usable:
            return False
        try:
            os.rename(lock, f"{lock}.spare")
        except OSError:
            return False
        return True
