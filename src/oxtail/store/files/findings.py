"""What a check answers with, and what it is given; see :mod:`.checks`."""

from __future__ import annotations

import os
import re
import stat
from shlex import quote
from typing import TYPE_CHECKING, Final

from oxtail.core.value import Value
from oxtail.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.core.entry import Entry, Known
    from oxtail.core.mail import Load
    from oxtail.core.owner import Owner
    from oxtail.disk.atomic import Disk

WRONG: Final = "wrong"
"""Mail may be lost, stuck, or seen by others."""

NOTE: Final = "note"
"""Good to know."""

TEMPORARY_NAME: Final = re.compile(r"\.tmp\.([0-9]+)\.[0-9a-f]+$|\.([0-9]+)\.tmp$")
"""The name of a temporary file of any peer, with its writer's process."""


LOCK_FOLDERS: Final = (".lock", ".lock.steal", ".lock.spare")
"""How the names of the folders of a lock end, beside the file that it protects."""


class Finding(Value):
    """One thing that was noticed.

    Attributes:
        check: Which check noticed it; stable.
        level: ``wrong`` or ``note``.
        problem: What is the case.
        remedy: The command or step that mends it.
        path: Where, or None.
    """

    check: str
    level: str
    problem: str
    remedy: str
    path: str | None = None


class Probes(Value):
    """What the checks must know of processes and records, handed in by whoever runs them.

    *room* is as much mail as is kept for a session that is not running.
    """

    is_alive: Callable[[int], bool]
    provably_dead: Callable[[Owner], bool]
    is_running: Callable[[Entry], bool]
    parse_known: Callable[[str, object], Known]
    room: Load | None = None


def names_in(disk: Disk, folder: str) -> tuple[list[str], list[Finding]]:
    """Return the names in *folder*, and what is to be said if it cannot be read."""
    try:
        return disk.names(folder), []
    except StoreError as error:
        remedy = f"make it a folder that you may read: ls -ld {quote(folder)}"
        return [], [Finding("folder", WRONG, error.message, remedy, folder)]


def is_folder(path: str) -> bool:
    """Tell whether *path* is a folder, and no link to one."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False
