"""The doorbell: how a writer tells waiting processes to look into a box.

A bell is a Unix datagram socket in ``bells/<hash of the box>/``, one per listener.  It carries no
content and may be lost; whoever waits also looks at the box itself every now and then, because
peers of other kinds do not ring.

The ``socket`` module takes several milliseconds to load, a tenth of what a send from the command
line may cost; the C module beneath it has all that is needed here.
"""

from __future__ import annotations

import _thread
import itertools
import os
import sys
import time
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Self

from oxtail.core.digest import sha256_hex
from oxtail.core.names import bell_of, check_box
from oxtail.disk.layout import join
from oxtail.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from socket import socket

    from oxtail.disk.atomic import Disk

ADDRESS_MAX_BYTES: Final = 100
"""Longest socket address that every system takes; Linux takes 107, macOS 103."""

SOON_SECONDS: Final = 0.050
"""How often a new bell looks at its boxes, for peers that do not ring."""

LATER_SECONDS: Final = 0.100
"""How often an older bell looks, since a question may be long."""

PATIENT_SECONDS: Final = 1.0
"""How often a patient bell looks, since a server waits all day."""

SOON_FOR_SECONDS: Final = 120.0

SETTLED_NANOSECONDS: Final = 1_000_000_000
"""How long ago a folder must have changed, so that a next change has another time stamp."""

_FOLDERS_MAX: Final = 256
_PROC: Final = "/proc/self/fd"
_numbers = itertools.count(1)


@lru_cache(256)
def _folder_name(box: str) -> str:
    return sha256_hex(bell_of(check_box(box)).encode())[:16]


class _Door:
    """A folder of bells, reachable by an address that is short enough; a context manager."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def address(self, name: str) -> str | None:
        """Return an address for *name*, or None where the path is too long and there is no way."""
        path = join(self._folder, name)
        if len(os.fsencode(path)) <= ADDRESS_MAX_BYTES:
            return path
        if not sys.platform.startswith("linux"):
            return None
        if self._descriptor is None:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(self._folder, flags)
        return f"{_PROC}/{self._descriptor}/{name}"


def _new_socket() -> socket:
    import _socket

    # The annotation names the public class; this is its base, with the same methods.
    new: socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM)  # type: ignore[assignment]
    new.setblocking(False)
    return new


class Bells:
    """All bells of one state folder."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._sender: socket | None = None
        self._hanging: dict[str, tuple[int, list[str]]] = {}

    def __del__(self) -> None:
        if self._sender:
            self._sender.close()

    def folder(self, box: str) -> str:
        """Return the folder of the bells of *box*."""
        return join(self._disk.layout.bells, _folder_name(box))

    def ring(self, box: str) -> None:
        """Ring every bell of *box*; the bells of the dead are removed.  Never raises."""
        folder = self.folder(box)
        try:
            names = self._names(folder)
        except OSError:
            return  # nobody has ever waited for this box
        if not names:
            return
        try:
            sender = self._sender = self._sender or _new_socket()
            with _Door(folder) as door:
                for name in names:
                    self._ring_one(sender, folder, name, door.address(name))
        except OSError as error:
            self._disk.trace("bell_failed", box=box, error=str(error))

    def _names(self, folder: str) -> list[str]:
        """Return the names of the bells in *folder*, which is listed only if it has changed."""
        changed_at = os.stat(folder).st_mtime_ns
        known = self._hanging.get(folder)
        if known and known[0] == changed_at:
            return known[1]
        names = os.listdir(folder)
        # A folder that changed just now may change again without a later time stamp.
        if time.time_ns() - changed_at > SETTLED_NANOSECONDS:
            if len(self._hanging) >= _FOLDERS_MAX:
                self._hanging.clear()
            self._hanging[folder] = changed_at, names
        return names

    def _ring_one(self, sender: socket, folder: str, name: str, address: str | None) -> None:
        if address is None:
            return
        try:
            sender.sendto(b"!", address)
        except ConnectionRefusedError:
            with suppress(OSError):
                os.unlink(os.path.join(folder, name))
        except FileNotFoundError:
            return
        except BlockingIOError:
            return  # it has rung so often that it holds no more
        except OSError as error:
            self._disk.trace("bell_failed", path=os.path.join(folder, name), error=str(error))

    def bell(self, boxes: Sequence[str], paths: Sequence[str], *, patient: bool) -> FileBell:
        """Return a bell for *boxes*, whose files are *paths*."""
        folders = tuple(dict.fromkeys(self.folder(box) for box in boxes))
        return FileBell(self._disk, folders, paths, patient=patient)

    def sweep(self) -> None:
        """Remove the bells of the dead, and folders without bells.

        Raises:
            OSError, StoreError: the folder of the bells cannot be read.
        """
        for name in self._disk.names(self._disk.layout.bells):
            folder = os.path.join(self._disk.layout.bells, name)
            for bell in self._disk.names(folder):
                pid = bell.partition("-")[0]
                if pid.isdecimal():
                    with suppress(OSError, OverflowError):
                        self._sweep_one(os.path.join(folder, bell), int(pid))
            with suppress(OSError):
                os.rmdir(folder)

    @staticmethod
    def _sweep_one(path: str, pid: int) -> None:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            os.unlink(path)


class FileBell:
    """See :class:`oxtail.ports.Bell`."""

    def __init__(
        self, disk: Disk, folders: Sequence[str], paths: Sequence[str], *, patient: bool = False
    ) -> None:
        self._disk = disk
        self._patient = patient
        self._folders = folders
        self._paths = paths
        self._sockets: list[tuple[socket, str]] = []
        self._guard = _thread.allocate_lock()
        self._pipe: tuple[int, int] | None = None
        self._stamps: list[object] = []
        self._opened = 0.0

    def __enter__(self) -> Self:
        import select

        self._opened = time.monotonic()
        pipe = os.pipe()
        for descriptor in pipe:
            os.set_blocking(descriptor, False)
        self._pipe = pipe
        self._poll = select.poll()
        self._readable = select.POLLIN
        self._poll.register(pipe[0], self._readable)
        for folder in self._folders:
            self._listen(folder)
        # Only after the bells hang: what comes between a first look and this is then not missed.
        self._stamps = self._look()
        return self

    def __exit__(self, *exc: object) -> None:
        with self._guard:
            pipe, self._pipe = self._pipe, None
            for descriptor in pipe or ():
                os.close(descriptor)
        for bell, path in self._sockets:
            bell.close()
            with suppress(OSError):
                os.unlink(path)
        self._sockets.clear()

    def _listen(self, folder: str) -> None:
        """Hang a bell into *folder*; without one, :meth:`wait` looks at the boxes only."""
        name = f"{os.getpid()}-{next(_numbers)}"
        path = os.path.join(folder, name)
        try:
            self._disk.remake_folder(self._disk.layout.bells)
            self._disk.remake_folder(folder)
            with _Door(folder) as door:
                address = door.address(name)
                if address is None:
                    return
                bell = _new_socket()
                try:
                    with suppress(FileNotFoundError):
                        os.unlink(path)  # of an earlier process with this pid
                    bell.bind(address)
                    os.chmod(path, 0o600)
                except BaseException:
                    bell.close()
                    raise
        except (OSError, StoreError) as error:
            self._disk.trace("bell_failed", path=path, error=str(error))
            return
        self._sockets.append((bell, path))
        self._poll.register(bell.fileno(), self._readable)

    def _look(self) -> list[object]:
        return [self._disk.stamp(path) for path in self._paths]

    def _has_changed(self) -> bool:
        stamps = self._look()
        if stamps == self._stamps:
            return False
        self._stamps = stamps
        return True

    def wait(self, timeout: float) -> bool:
        """Wait for a ring or a change of a box; see :meth:`oxtail.ports.Bell.wait`."""
        deadline = time.monotonic() + timeout
        while True:
            rung = self._has_changed()
            now = time.monotonic()
            pause = self._pause(now)
            left = 0.0 if rung else min(max(deadline - now, 0.0), pause)
            interrupted = False
            for descriptor, _ in self._poll.poll(left * 1000):
                if self._pipe and descriptor == self._pipe[0]:
                    interrupted = True
                else:
                    rung = True
            self._forget(interrupted)
            if rung or interrupted:
                return rung
            if time.monotonic() >= deadline:
                return False

    def _pause(self, now: float) -> float:
        if self._patient:
            return PATIENT_SECONDS
        return SOON_SECONDS if now - self._opened < SOON_FOR_SECONDS else LATER_SECONDS

    def _forget(self, interrupted: bool) -> None:
        for bell, _ in self._sockets:
            with suppress(BlockingIOError):
                while True:
                    bell.recv(16)
        if interrupted and self._pipe:
            with suppress(BlockingIOError):
                while os.read(self._pipe[0], 256):
                    pass

    def interrupt(self) -> None:
        """End a wait; see :meth:`oxtail.ports.Bell.interrupt`."""
        with self._guard:  # a late caller must not write into somebody else's descriptor
            if self._pipe:
                with suppress(BlockingIOError):
                    os.write(self._pipe[1], b"!")
