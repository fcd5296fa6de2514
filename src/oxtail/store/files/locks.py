"""One holder at a time, among peers of all kinds.

The lock of a file is the folder ``<file>.lock``, as every peer takes it: ``docs/formats/lock.md``.
Python peers take a kernel lock on a side file around it, which the kernel frees when its holder
dies.  Rules of this file:

* Whoever holds the kernel lock and finds the folder of a Python peer knows that its maker is gone.
  A Python peer's folder is known by its mode, which it has from its first instant on, and by its
  token.
* The folder of another peer is taken over on proof of death or after 30 s, never on a guess.
* A take-over goes through the steal marker, and removes only the token that was looked at.
* The folder is a spare one, where there is one (:mod:`oxtail.store.files.spares`).
* Where the file system has no kernel locks, the folder alone decides, and nothing is taken over
  early.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from oxtail.core.value import Value
from oxtail.errors import LockBusy, StoreError
from oxtail.store.files.flock import drop_flock, take_flock
from oxtail.store.files.marks import (
    PYTHON_MODE,
    STALE_SECONDS,
    clear_marker,
    has_token,
    is_gone,
    is_python,
    link_token,
    read_token,
    write_token,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oxtail.disk.atomic import Disk
    from oxtail.store.files.spares import Spares
    from oxtail.trace import Trace

BACK_OFF_SECONDS: Final = 0.010
"""Wait between two looks at a lock that another kind of peer holds."""

DEAD_AFTER_SECONDS: Final = 0.050
"""How long the lock of a process that looks dead must stay as it is before it is taken over.

A peer in another process namespace looks dead too; its critical sections are far shorter."""

_NODE_MODE: Final = 0o700
_PYTHON_TOKEN: Final = re.compile(rb"[1-9][0-9]*\.[0-9a-f]{24}")
_REFUSED: Final = frozenset((errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL))
_OWNER_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW


class _Seen(Value):
    """A taken lock as it was found."""

    token: bytes | None
    inode: int
    mtime: float
    mode: int


class Held:
    """A lock that this thread holds.

    Attributes:
        flock: Descriptor of the side file; None where the file system has no kernel locks.
        side: What the side file was found to be when its lock was taken.
    """

    def __init__(
        self, path: str, token: bytes, flock: int | None, side: os.stat_result | None = None
    ) -> None:
        self.path = path
        self.token = token
        self.flock = flock
        self.side = side

    def check(self) -> None:
        """Make sure, before something is destroyed, that the lock was not taken over.

        A process that was suspended for longer than a lock may be held finds it in other hands.

        Raises:
            LockBusy: it was taken over.
        """
        if not self.is_own:
            raise LockBusy("The lock was taken over while this process slept.", path=self.path)

    @property
    def is_own(self) -> bool:
        """Whether nobody has taken it over."""
        if self.flock is not None and self.side is not None:
            return has_token(self.path, self.token, self.flock, self.side.st_ino)
        return read_token(self.path) == self.token


class Locks:
    """Locks on files of one state folder.

    Attributes:
        budget: Longest wait for one lock, in seconds.
        spares: Lock folders to use again, or None to make and remove each.
        ending: What the name of a lock folder has behind that of what it is about.
        stale: Age in seconds above which the folder of another peer is taken over.
    """

    def __init__(
        self,
        disk: Disk,
        budget: float,
        trace: Trace,
        spares: Spares | None = None,
        *,
        ending: str = ".lock",
        stale: float = STALE_SECONDS,
    ) -> None:
        self.budget = budget
        self.spares = spares
        self.ending = ending
        self.stale = stale
        self._disk = disk
        self._trace = trace

    @contextmanager
    def holding(self, path: str, event: str, **members: object) -> Iterator[Held]:
        """Hold the lock of the file *path* for the length of the block.

        Args:
            path: The file that the lock is about; its folder is made.
            event: Traced with *members* when a stale lock is cleared.
            members: See *event*.

        Raises:
            LockBusy: somebody kept it for the whole budget.
            StoreError: the disk refused.
        """
        held = self.take(path, event, **members)
        try:
            yield held
        finally:
            self.give(held)

    def take(self, path: str, event: str, **members: object) -> Held:
        """Take the lock of *path*; as :meth:`holding`, to be ended with :meth:`give`."""
        lock = path + self.ending
        deadline = time.monotonic() + self.budget
        try:
            self._disk.folder(path.rpartition("/")[0])
            flock, side = self._take_flock(lock, deadline)
            try:
                kind = 8 if flock is None else 12
                token = b"%d.%s" % (os.getpid(), os.urandom(kind).hex().encode())
                held = Held(lock, token, flock, side)
                self._take_folder(held, deadline, event, members)
            except BaseException:
                drop_flock(flock)
                raise
        except OSError as error:
            raise StoreError(f"cannot lock {path}: {error.strerror}", path=path) from error
        return held

    def give(self, held: Held) -> None:
        """Release *held*, and leave a lock that was taken over to its new owner.  Never raises."""
        try:
            if held.is_own:
                os.unlink(f"{held.path}.owner")
                if not (held.flock is not None and self.spares and self.spares.keep(held.path)):
                    os.rmdir(held.path)
            else:
                self._trace("lock_release_skipped_not_owner", lock=held.path)
        except OSError as error:
            self._trace("lock_release_failed", lock=held.path, error=str(error))
        finally:
            drop_flock(held.flock)

    def _take_flock(self, lock: str, deadline: float) -> tuple[int | None, os.stat_result | None]:
        """Take the kernel lock; return its descriptor, and what its file was found to be.

        Both are None where there are no such locks.
        """
        side = f"{lock}.flock"
        while True:
            descriptor, opened = self._disk.open_side(side)
            try:
                if not take_flock(descriptor, deadline):
                    raise LockBusy(path=lock)
            except OSError as error:
                os.close(descriptor)
                if error.errno in _REFUSED:
                    return None, None
                raise
            except BaseException:
                os.close(descriptor)
                raise
            try:
                found = os.stat(side)
            except FileNotFoundError:
                found = None
            if found and opened.st_ino == found.st_ino:
                return descriptor, found
            drop_flock(descriptor)  # the side file was swept while this process waited

    def _take_folder(
        self, held: Held, deadline: float, event: str, members: dict[str, object]
    ) -> None:
        mode = _NODE_MODE if held.flock is None else PYTHON_MODE
        suspect: tuple[_Seen, float] | None = None
        while True:
            try:
                if not (held.flock is not None and self.spares and self.spares.use(held.path)):
                    os.mkdir(held.path, mode)
            except FileExistsError:
                seen = self._look(held.path)
            except FileNotFoundError:
                self._disk.remake_folder(os.path.dirname(held.path))
                continue
            else:
                self._write_token(held)
                return
            if seen is None:
                continue
            now = time.monotonic()
            # A peer that died while it cleared this lock has left its marker and taken the token.
            if not (is_gone(seen.token) or (not seen.token and is_python(f"{held.path}.steal"))):
                suspect = None
            elif suspect is None or suspect[0] != seen:
                suspect = (seen, now)
            if self._may_clear(seen, held, suspect, now) and self._clear(held, seen):
                self._trace(event, **members)
                continue
            if now >= deadline:
                raise LockBusy(path=held.path)
            time.sleep(BACK_OFF_SECONDS * (0.5 + os.urandom(1)[0] / 255))

    def _may_clear(
        self, seen: _Seen, held: Held, suspect: tuple[_Seen, float] | None, now: float
    ) -> bool:
        if held.flock is not None:
            # The token may be missing or half written: its maker can die at any point.
            if stat.S_IMODE(seen.mode) == PYTHON_MODE:
                return True
            if seen.token and _PYTHON_TOKEN.fullmatch(seen.token):
                return True
            if suspect is not None and now - suspect[1] >= DEAD_AFTER_SECONDS:
                return True
        # Strictly greater, and wall time as in every peer: a folder from the future is not stale.
        return time.time() - seen.mtime > self.stale

    def _look(self, lock: str) -> _Seen | None:
        try:
            found = os.lstat(lock)
        except FileNotFoundError:
            return None
        return _Seen(read_token(lock), found.st_ino, found.st_mtime, found.st_mode)

    def _write_token(self, held: Held) -> None:
        owner = f"{held.path}.owner"
        try:
            if held.flock is not None and held.side is not None:
                write_token(held.token, held.flock, held.side.st_size)
            if held.flock is None or not link_token(held.path):
                descriptor = os.open(owner, _OWNER_FLAGS, 0o600)
                try:
                    os.write(descriptor, held.token)
                finally:
                    os.close(descriptor)
        except OSError:
            # Without a token the lock could not be released, and would block everybody for 30 s.
            with suppress(OSError):
                os.unlink(owner)
            with suppress(OSError):
                os.rmdir(held.path)
            raise

    def _clear(self, held: Held, seen: _Seen) -> bool:
        """Remove the lock folder if it still is as *seen*; tell whether it is worth a new try."""
        marker = f"{held.path}.steal"
        mode = _NODE_MODE if held.flock is None else PYTHON_MODE
        try:
            os.mkdir(marker, mode)
        except FileExistsError:
            # The kernel lock is held, so a Python peer's marker is left over and may be used.
            if held.flock is None or not is_python(marker):
                clear_marker(marker)
                return False
        except OSError:
            return False
        try:
            if self._look(held.path) == seen:
                self._remove(held.path)
        finally:
            with suppress(OSError):
                os.rmdir(marker)
        return True

    def _remove(self, lock: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(f"{lock}.owner")
        try:
            os.rmdir(lock)
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
            self._disk.set_aside(lock, "a lock is an empty folder")
