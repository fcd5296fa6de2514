"""Dying at a chosen step: a forked child whose file-system calls are counted.

The child leaves through ``os._exit``, so no ``finally`` and no ``atexit`` of it runs, as if it had
been killed.  What the kernel already has is kept; lost page caches are out of reach, so missing
syncs are found by comparing the recorded order of calls instead (``test_order.py``).
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

DIED = 77
DIED_AT_A_WRITE = 78
FAILED = 70

_NAMES = (
    "open",
    "write",
    "pwrite",
    "fsync",
    "close",
    "rename",
    "link",
    "unlink",
    "mkdir",
    "rmdir",
    "ftruncate",
    "utime",
    "fchmod",
    "chmod",
)


class Fuse:
    """Counts calls, and ends the process at one of them."""

    def __init__(self, step: int, mode: str) -> None:
        self.step = step
        self.mode = mode
        self.count = 0

    def wrap(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            if name == "open" and not args[1] & os.O_CREAT:
                return real(*args, **options)
            self.count += 1
            if self.count != self.step:
                return real(*args, **options)
            is_write = name in ("write", "pwrite")
            if self.mode == "half" and is_write:
                data = bytes(args[1])
                real(args[0], data[: len(data) // 2], *args[2:])
            elif self.mode == "after":
                with contextlib.suppress(OSError):  # a call that fails is a step too
                    real(*args, **options)
            os._exit(DIED_AT_A_WRITE if is_write else DIED)

        return call

    def arm(self) -> None:
        for name in _NAMES:
            setattr(os, name, self.wrap(name, getattr(os, name)))
        fcntl.flock = self.wrap("flock", fcntl.flock)  # type: ignore[assignment]


def _counted_sync(descriptor: int) -> None:
    """Sync nothing: a step like every other, whose effect no killed process can show."""


def fork(work: Callable[[], None]) -> int:
    """Run *work* in a child and return its exit status."""
    with warnings.catch_warnings():
        # The child of a threaded process may only do little; this one opens files and exits.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        leave = os._exit
        os.fsync = _counted_sync  # type: ignore[assignment]
        try:
            work()
        except BaseException:  # noqa: BLE001 - nothing may leave a forked child but its status
            traceback.print_exc(file=sys.stderr)
            leave(FAILED)
        leave(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def deaths(
    prepare: Callable[[], Any], work: Callable[[Any, Callable[[], None]], None]
) -> Iterator[tuple[Any, str]]:
    """Yield ``(world, where)`` after each way in which *work* can die, and once after it is done.

    Args:
        prepare: Makes a fresh world, in this process.
        work: Gets the world and a function that starts the counting; runs in a child.
    """
    step = 0
    while True:
        step += 1
        finished = False
        has_half = False
        for mode in ("before", "half", "after"):
            if mode == "half" and not has_half:
                continue
            world = prepare()
            status = fork(functools.partial(work, world, Fuse(step, mode).arm))
            assert status != FAILED, f"the work failed by itself at step {step} {mode}"
            has_half = status == DIED_AT_A_WRITE
            yield world, f"step {step} {mode}"
            finished = finished or status == 0
        if finished:
            return
