"""Which process carries mail between hosts: the one that holds a kernel lock.

The holder starts the carrier as a process of its own, which ends with it; so the server of a
session stays as light as it is.  When the holder ends, however it ends, the lock is free, and the
next server that looks takes over.  Nothing of the carrier is loaded here.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Final

from oxtail.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from subprocess import Popen

    from oxtail.disk.atomic import Disk

LOOK_SECONDS: Final = 2.0
"""How often a server looks whether it is to take over."""

LONGEST_PAUSE_SECONDS: Final = 60.0
"""Longest pause before a carrier that keeps ending is started again.

One that has run as long begins with short pauses again."""


def take_lock(disk: Disk) -> int | None:
    """Return the descriptor of the carrier's lock if this process gets it, else None.

    The lock is held until the descriptor is closed, here and in every child that has it.

    Raises:
        StoreError: the file cannot be used.
    """
    path = disk.layout.carrier_lock
    try:
        descriptor, _ = disk.open_side(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError:
            os.close(descriptor)
            raise
    except OSError as error:
        raise StoreError(f"cannot lock {path}: {error.strerror}", path=path) from error
    return descriptor


def is_carried(disk: Disk) -> bool:
    """Tell whether some process carries now.

    Raises:
        StoreError: the file cannot be used.
    """
    if not os.path.exists(disk.layout.carrier_lock):
        return False
    descriptor = take_lock(disk)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


class Carriage:
    """The wish of one server to carry, and its carrier where the wish came true.

    Args:
        disk: The state folder.
        command: What starts a carrier; its standard input is a pipe, and it ends when that ends.
        monotonic: Seconds that never run backwards.
    """

    def __init__(self, disk: Disk, command: Sequence[str], monotonic: Callable[[], float]) -> None:
        self._disk = disk
        self._command = tuple(command)
        self._monotonic = monotonic
        self._lock: int | None = None
        self._process: Popen[bytes] | None = None
        self._not_before = 0.0
        self._starts = 0
        self._started = 0.0

    def look(self) -> None:
        """Take over if nobody carries, and start the carrier anew if it has ended.  Never raises.

        To be called every :data:`LOOK_SECONDS`.
        """
        try:
            if self._lock is None:
                self._lock = take_lock(self._disk)
                if self._lock is not None:
                    self._disk.trace("carrier_elected", pid=os.getpid())
            if self._lock is not None and not self._runs():
                self._start()
        except (OSError, StoreError) as error:
            self._disk.trace("carrier_failed", error=str(error))

    def _runs(self) -> bool:
        process = self._process
        if process is None:
            return self._monotonic() < self._not_before
        status = process.poll()
        if status is None:
            return True
        self._close_pipe(process)
        self._process = None
        if self._monotonic() - self._started > LONGEST_PAUSE_SECONDS:
            self._starts = 0
        pause = min(LONGEST_PAUSE_SECONDS, 2.0**self._starts)
        self._not_before = self._monotonic() + pause
        self._disk.trace("carrier_ended", status=status, again_in_seconds=pause)
        return True

    def _start(self) -> None:
        import subprocess

        assert self._lock is not None
        self._starts = min(self._starts + 1, 10)
        self._started = self._monotonic()
        # The child shares the lock: as long as it lives, nobody else starts a second one.
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._lock,),
            start_new_session=True,
        )

    @staticmethod
    def _close_pipe(process: Popen[bytes]) -> None:
        if process.stdin:
            process.stdin.close()

    def stop(self, within: float) -> None:
        """End the carrier, and let another server take over; wait at most *within* seconds."""
        import subprocess

        process, self._process = self._process, None
        if process:
            self._close_pipe(process)
            try:
                process.wait(within)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
