"""What may be wrong with a state folder, and what mends it; reads only.

Rules of this file:

* Nothing here writes, locks, or sets aside: looking at trouble must not change it.
* A finding is ``wrong`` if mail may be lost, stuck or seen by others; else it is a ``note``.
* Each finding names a command or a step.

``oxtail doctor`` prints the findings; ``docs/how-to.md`` explains them.
"""

from __future__ import annotations

import errno
import os
import stat
from shlex import quote
from typing import TYPE_CHECKING, Final

from oxtail.disk.atomic import FILE_MODE, FOLDER_MODE, Disk
from oxtail.store.files import mail_checks
from oxtail.store.files.findings import (
    LOCK_FOLDERS,
    NOTE,
    TEMPORARY_NAME,
    WRONG,
    Finding,
    Probes,
    is_folder,
    names_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPORARY_OLD_SECONDS: Final = 3600
"""A write takes milliseconds; a temporary file of this age belongs to nobody."""

ROOM_MIN_BYTES: Final = 16 * 1024 * 1024
"""Free space below which sends are about to fail."""

_NAMED_MAX: Final = 5
"""Most names that one finding lists."""

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED_MAX} more" if len(names) > _NAMED_MAX else ""
    return ", ".join(sorted(names)[:_NAMED_MAX]) + more


def _folder(path: str) -> Iterator[Finding]:
    """Check that *path* is a private folder of this user, if it is there."""
    shown = quote(path)
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    except OSError as error:
        problem = f"cannot look at it: {error.strerror}"
        yield Finding("folder", WRONG, problem, f"check the rights above {shown}", path)
        return
    if stat.S_ISLNK(found.st_mode):
        try:
            found = os.stat(path)
        except OSError:
            yield Finding("folder", WRONG, "a link to nothing", f"rm {shown}", path)
            return
    if not stat.S_ISDIR(found.st_mode):
        yield Finding("folder", WRONG, "not a folder", f"mv {shown} {shown}.away", path)
        return
    if found.st_uid != os.geteuid():
        remedy = f"sudo chown -R $(id -u) {shown}"
        yield Finding("folder-owner", WRONG, "belongs to another user", remedy, path)
    mode = stat.S_IMODE(found.st_mode)
    if mode & _OTHERS:
        problem = f"open to other users (mode {mode:04o})"
        yield Finding("folder-mode", WRONG, problem, f"chmod 700 {shown}", path)
    elif mode & FOLDER_MODE != FOLDER_MODE or not _is_usable(path):
        problem = f"cannot be used by its owner (mode {mode:04o})"
        yield Finding("folder-mode", WRONG, problem, f"chmod 700 {shown}", path)


def _is_usable(path: str) -> bool:
    """Tell whether this user may use the folder *path*, as far as its mode goes."""
    if os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return True
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _folders(disk: Disk) -> Iterator[Finding]:
    home = disk.layout.home
    yield from _folder(home)
    private = _is_private(home)
    for name in names_in(disk, home)[0]:
        if name.endswith(LOCK_FOLDERS):
            continue  # a Python peer's has mode 0500, and nothing is ever put into one
        path = os.path.join(home, name)
        for finding in _folder(path) if is_folder(path) else ():
            # Npm peers make some folders with the user's default mode; below a private folder
            # nobody else gets to them.
            harmless = private and finding.check == "folder-mode" and "open to" in finding.problem
            yield finding._replace(level=NOTE) if harmless else finding


def _is_private(path: str) -> bool:
    try:
        return not stat.S_IMODE(os.stat(path).st_mode) & _OTHERS
    except OSError:
        return False


def _room(disk: Disk) -> Iterator[Finding]:
    try:
        system = os.statvfs(disk.layout.home)
    except OSError:
        return
    if system.f_flag & os.ST_RDONLY:
        problem = "lies on a file system that is mounted read-only: nothing can be sent or read"
        remedy = "mount it writable, or set OXTAIL_HOME to another folder"
        yield Finding("read-only", WRONG, problem, remedy, disk.layout.home)
    free = system.f_bavail * system.f_frsize
    if free < ROOM_MIN_BYTES:
        problem = f"only {free // 1024} KiB are free; sends are about to fail"
        yield Finding("disk-room", WRONG, problem, "make room on this disk", disk.layout.home)


def _damaged(disk: Disk) -> Iterator[Finding]:
    folder = disk.layout.damaged
    names, problems = names_in(disk, folder)
    yield from problems
    if names:
        yield Finding(
            "damaged",
            WRONG,
            f"{len(names)} damaged records were set aside: {_some(names)}",
            f"look at them, then remove them: rm -r {quote(folder)}",
            folder,
        )


def _files(disk: Disk, probes: Probes, now: float) -> Iterator[Finding]:
    """Look for files that others may read, and for temporary files that nobody will rename."""
    open_files: list[str] = []
    leftovers: list[str] = []
    for folder in names_in(disk, disk.layout.home)[0]:
        below = os.path.join(disk.layout.home, folder)
        if not is_folder(below):
            continue
        for name in names_in(disk, below)[0]:
            path = os.path.join(below, name)
            try:
                found = os.lstat(path)
            except OSError:
                continue
            if not stat.S_ISREG(found.st_mode):
                continue
            if stat.S_IMODE(found.st_mode) & _OTHERS:
                open_files.append(f"{folder}/{name}")
            if (match := TEMPORARY_NAME.search(name)) and (
                now - found.st_mtime > TEMPORARY_OLD_SECONDS
                or not probes.is_alive(int(match[1] or match[2]))
            ):
                leftovers.append(path)
    home = quote(disk.layout.home)
    if open_files:
        level = NOTE if _is_private(disk.layout.home) else WRONG
        problem = f"{len(open_files)} files that others could read: {_some(open_files)}"
        remedy = f"chmod -R go= {home} (files of oxtail have mode {FILE_MODE:04o})"
        yield Finding("file-mode", level, problem, remedy, disk.layout.home)
    if leftovers:
        problem = f"{len(leftovers)} temporary files of writers that are gone: {_some(leftovers)}"
        remedy = "a server removes them when it starts; or rm them"
        yield Finding("leftovers", NOTE, problem, remedy, disk.layout.home)


def examine(disk: Disk, probes: Probes, now: float) -> list[Finding]:
    """Return what is to be said about the state folder of *disk* at *now* (unix seconds).

    A folder that is not there yet has nothing wrong.  Things that change while this looks may be
    missed or seen twice.
    """
    try:
        os.lstat(disk.layout.home)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return []
        return list(_folder(disk.layout.home))
    return [
        *_folders(disk),
        *_room(disk),
        *_damaged(disk),
        *mail_checks.examine(disk, probes, now),
        *_files(disk, probes, now),
    ]
