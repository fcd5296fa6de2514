"""The only writer of files: write, sync, then publish the name.

Rules of this file:

* Nothing is ever written under a final name except an append of whole lines.
* Files are 0600, folders 0700; a link is never followed, a fifo never waited on.
* Every name below the state folder comes from :mod:`oxtail.disk.layout`.

``docs/states.md`` names the commit point of each operation and who cleans up before it.  No crash
test sees a missing sync, for a killed process keeps the page cache: the order of calls is compared.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from typing import Final

from oxtail.core.names import safe_name
from oxtail.core.value import Value
from oxtail.disk.layout import Layout
from oxtail.errors import DamagedRecord, StoreError
from oxtail.trace import Trace, silent, timestamp

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
_OTHERS: Final = 0o077
READ_MAX_BYTES: Final = 256 * 1024 * 1024
"""Most bytes that one file of the state folder may have; a larger one is damage."""
TEMPORARY_MARK: Final = ".tmp."
"""Part of every temporary name, followed by the writer's pid and random hex digits."""

_SAFE: Final = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_READ_FLAGS: Final = os.O_RDONLY | _SAFE
_WRITE_FLAGS: Final = os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_CREAT | os.O_EXCL
_APPEND_FLAGS: Final = os.O_RDWR | _SAFE | os.O_CREAT | os.O_APPEND
_SIDE_FLAGS: Final = os.O_RDWR | _SAFE | os.O_CREAT
_EMPTY_FLAGS: Final = os.O_WRONLY | _SAFE


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


class Stamp(Value):
    """What changes when a file is replaced: modification time (ns), size in bytes, inode."""

    mtime_ns: int
    size: int
    inode: int


class Disk:
    """The state folder *home*, created on first use.

    Attributes:
        layout: Its paths.
        fsync: Whether writes are synced before they count.
        trace: Where damage is reported.
    """

    def __init__(self, home: str, *, fsync: bool = True, trace: Trace = silent) -> None:
        self.layout = Layout(home)
        self.fsync = fsync
        self.trace = trace
        self._folders: set[str] = set()
        self._named: set[tuple[str, int]] = set()

    def folder(self, path: str) -> str:
        """Make the folder *path* private to its user, with the state folder above it.

        Raises:
            StoreError: it cannot be made, or something else has its name.
        """
        if path in self._folders:
            return path
        try:
            for each in (self.layout.home, path):
                os.makedirs(each, mode=FOLDER_MODE, exist_ok=True)
                if stat.S_IMODE(os.stat(each).st_mode) != FOLDER_MODE:
                    os.chmod(each, FOLDER_MODE)
        except OSError as error:
            raise StoreError(
                f"cannot use the folder {path}: {error.strerror}", path=path
            ) from error
        self._folders.add(path)
        return path

    def remake_folder(self, path: str) -> str:
        """Make the folder *path* again after somebody removed it; as :meth:`folder`."""
        self._folders.discard(path)
        return self.folder(path)

    def sync(self, descriptor: int) -> None:
        """Make what was written to *descriptor* survive a power cut."""
        if self.fsync:
            os.fsync(descriptor)

    def sync_folder(self, path: str) -> None:
        """Make the names in the folder *path* survive a power cut."""
        if not self.fsync:
            return
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def open_regular(self, path: str, flags: int = _READ_FLAGS) -> tuple[int, os.stat_result]:
        """Open the regular file *path*; return its descriptor, and what it was found to be.

        Raises:
            FileNotFoundError: there is none.
            DamagedRecord: the name is taken by a link, a folder or something else.
            OSError: as from the system.
        """
        try:
            descriptor = os.open(path, flags, FILE_MODE)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.EMLINK):
                raise DamagedRecord("not a regular file", path=path) from error
            raise
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(descriptor)
            raise DamagedRecord("not a regular file", path=path)
        return descriptor, found

    def open_append(self, path: str) -> tuple[int, os.stat_result]:
        """Open *path* for appending and reading, creating it 0600; see :meth:`open_regular`.

        A file that others may read is made private.
        """
        try:
            descriptor, found = self.open_regular(path, _APPEND_FLAGS)
        except FileNotFoundError:
            self.remake_folder(os.path.dirname(path))
            descriptor, found = self.open_regular(path, _APPEND_FLAGS)
        if found.st_mode & _OTHERS:
            with contextlib.suppress(PermissionError):  # it belongs to another user of the folder
                os.fchmod(descriptor, FILE_MODE)
        return descriptor, found

    def open_side(self, path: str) -> tuple[int, os.stat_result]:
        """Open *path*, a file beside another one, made if it is missing; as :meth:`open_regular`.

        Raises:
            OSError: as from the system.
        """
        try:
            return self.open_regular(path, _SIDE_FLAGS)
        except DamagedRecord as error:
            self.set_aside(path, error.problem)
        except FileNotFoundError:
            self.remake_folder(os.path.dirname(path))
        return self.open_regular(path, _SIDE_FLAGS)

    def read(self, path: str, limit: int = READ_MAX_BYTES) -> bytes | None:
        """Return the content of the regular file *path*, or None if there is none.

        Raises:
            DamagedRecord: it is no regular file, or has more than *limit* bytes.
            StoreError: it cannot be read.
        """
        try:
            descriptor, found = self.open_regular(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"cannot read {path}: {error.strerror}", path=path) from error
        try:
            size = found.st_size
            if size > limit:
                raise DamagedRecord(f"larger than {limit} bytes", path=path)
            data = os.read(descriptor, size + 1)
            if len(data) <= size:
                return data
            pieces = [data]  # it grew meanwhile
            while piece := os.read(descriptor, 65_536):
                pieces.append(piece)
            return b"".join(pieces)
        except OSError as error:
            raise StoreError(f"cannot read {path}: {error.strerror}", path=path) from error
        finally:
            os.close(descriptor)

    def append(self, path: str, data: bytes) -> tuple[int, os.stat_result]:
        """Append whole lines to *path*; return the descriptor, not synced, and what it was before.

        A torn last line is ended first, so that it cannot swallow the new one.
        If the disk refuses half-way, the file is cut back to what it was.
        The caller holds the file's lock; it syncs and closes the descriptor.

        Raises:
            DamagedRecord: *path* is no regular file, or too large to be read.
            OSError: the disk refused, or *path* would become too large; nothing was added.
        """
        descriptor, found = self.open_append(path)
        try:
            size = found.st_size
            if size > READ_MAX_BYTES:
                raise DamagedRecord(f"larger than {READ_MAX_BYTES} bytes", path=path)
            if size + len(data) > READ_MAX_BYTES:  # it would be set aside, with all that is in it
                raise OSError(errno.EFBIG, "it holds as much as can be read", path)
            if not size:
                self._keep_name(path, found.st_ino)
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                data = b"\n" + data
            try:
                _write_all(descriptor, data)
            except OSError:
                os.ftruncate(descriptor, size)
                raise
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor, found

    def _keep_name(self, path: str, inode: int) -> None:
        """Sync the folder of an empty file before its first line, so that its name lasts."""
        if (path, inode) not in self._named:
            self.sync_folder(os.path.dirname(path))
            self._named.add((path, inode))

    def empty(self, path: str) -> None:
        """Cut the regular file *path* to nothing, in place; a missing one is empty.

        Raises:
            DamagedRecord: *path* is no regular file.
            OSError: the disk refused.
        """
        try:
            descriptor = self.open_regular(path, _EMPTY_FLAGS)[0]
        except FileNotFoundError:
            return
        try:
            os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    def temporary(self, path: str) -> str:
        """Return a name beside *path* that nobody else uses."""
        return f"{path}{TEMPORARY_MARK}{os.getpid()}.{os.urandom(6).hex()}"

    def _write_temporary(
        self, path: str, data: bytes, durable: bool, mtime: float | None = None
    ) -> str:
        temporary = self.temporary(path)
        try:
            descriptor = os.open(temporary, _WRITE_FLAGS, FILE_MODE)
        except FileNotFoundError:
            self.remake_folder(os.path.dirname(path))
            descriptor = os.open(temporary, _WRITE_FLAGS, FILE_MODE)
        try:
            _write_all(descriptor, data)
            if mtime is not None:
                os.utime(descriptor, (mtime, mtime))
            if durable:
                self.sync(descriptor)
        except BaseException:
            os.close(descriptor)
            os.unlink(temporary)
            raise
        os.close(descriptor)
        return temporary

    def publish(
        self, path: str, data: bytes, *, durable: bool = True, mtime: float | None = None
    ) -> None:
        """Put *data* under *path* in one step, replacing what was there.

        Commit point: the rename.  A crash before it leaves a temporary file for the sweep.
        *mtime* (unix seconds) becomes the file's modification time.

        Raises:
            OSError: the disk refused; *path* is what it was.
        """
        temporary = self._write_temporary(path, data, durable, mtime)
        try:
            os.rename(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
        if durable:
            self.sync_folder(os.path.dirname(path))

    def create(
        self, path: str, data: bytes, *, durable: bool = False, mtime: float | None = None
    ) -> bool:
        """Put *data* under *path* in one step unless the name is taken; tell whether it was free.

        Commit point: the link.  Of several callers one gets True.  *mtime*: see :meth:`publish`.

        Raises:
            OSError: the disk refused; *path* is what it was.
        """
        temporary = self._write_temporary(path, data, durable, mtime)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        finally:
            os.unlink(temporary)
        if durable:
            self.sync_folder(os.path.dirname(path))
        return True

    def remove(self, path: str) -> bool:
        """Remove the file *path*; of several callers exactly one gets True.

        Raises:
            OSError: it is there and cannot be removed.
        """
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
            return True
        return False

    def stamp(self, path: str) -> Stamp | None:
        """Return what tells the file *path* from its successors, or None if there is none."""
        try:
            found = os.lstat(path)
        except OSError:
            return None
        return Stamp(found.st_mtime_ns, found.st_size, found.st_ino)

    def remove_unchanged(self, path: str, stamp: Stamp) -> bool:
        """Remove the file *path* if it still is the one of *stamp*; tell whether it was.

        It is renamed first and looked at again, so a file that was replaced in the last moment
        gets its name back.  A crash in between leaves a temporary file for the sweep.

        Raises:
            OSError: it is there and cannot be removed.
        """
        if self.stamp(path) != stamp:
            return False
        aside = self.temporary(path)
        try:
            os.rename(path, aside)
        except FileNotFoundError:
            return False
        unchanged = self.stamp(aside) == stamp
        if not unchanged:
            with contextlib.suppress(FileExistsError):  # a still newer one has the name
                os.link(aside, path)
        os.unlink(aside)
        return unchanged

    def names(self, folder: str) -> list[str]:
        """Return the names in *folder*, sorted; none if it is missing.

        Raises:
            StoreError: it cannot be read.
        """
        try:
            return sorted(os.listdir(folder))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"cannot read {folder}: {error.strerror}", path=folder) from error

    def set_aside(self, path: str, problem: str) -> str | None:
        """Move the damaged thing at *path* to ``damaged/`` and return its new path.

        Returns None where it is gone already or cannot be moved; either way a
        ``damaged_set_aside`` event says so, and ``oxtail doctor`` lists what is there.
        """
        kept = os.path.join(self.layout.damaged, self._damaged_name(os.path.basename(path)))
        try:
            self.folder(self.layout.damaged)
            os.rename(path, kept)
        except FileNotFoundError:
            return None
        except (OSError, StoreError) as error:
            self.trace("damaged_set_aside", path=path, problem=problem, kept=None, error=str(error))
            return None
        self.trace("damaged_set_aside", path=path, problem=problem, kept=kept)
        return kept

    def set_lines_aside(self, source: str, lines: list[bytes], problem: str) -> str:
        """Keep damaged *lines* of the file *source* in ``damaged/`` and return their path.

        Raises:
            OSError, StoreError: they could not be kept; the caller leaves them where they are.
        """
        self.folder(self.layout.damaged)
        kept = os.path.join(self.layout.damaged, self._damaged_name(os.path.basename(source)))
        self.publish(kept, b"".join(line + b"\n" for line in lines))
        self.trace("damaged_set_aside", path=source, problem=problem, kept=kept, lines=len(lines))
        return kept

    def _damaged_name(self, name: str) -> str:
        stamp = timestamp(time.time()).replace(":", "").replace(".", "-")
        return f"{stamp}-{os.urandom(4).hex()}-{safe_name(name)[:80]}"
