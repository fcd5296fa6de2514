"""Processes that are asked about again and again, each held by a descriptor of the kernel.

``/proc`` has to be read and taken apart for each look; a pidfd names one process for ever and says
in one call whether it has ended.  Rules of this file:

* A process is watched only if its start was read after the descriptor was opened, so it is no other
  one.
* Whatever cannot be watched is looked at in the ordinary way.
"""

from __future__ import annotations

import _thread
import os
import select
from typing import TYPE_CHECKING, Final

from oxtail.disk.opened import Opened

if TYPE_CHECKING:
    from collections.abc import Callable

MOST: Final = 64
"""Most processes that are watched; each holds a descriptor."""

_held: dict[tuple[int, str], Opened] = {}
_lock = _thread.allocate_lock()


def runs(pid: int, token: str) -> bool:
    """Tell whether the process *pid* with this start token is watched, and has not ended.

    False is no proof of anything.
    """
    with _lock:
        opened = _held.get((pid, token))
        if opened is None:
            return False
        if not _has_ended(opened.descriptor):
            return True
        del _held[pid, token]
    return False


def watch(pid: int, token: str, start_token: Callable[[int], str | None]) -> None:
    """Watch the process from now on, if the system can."""
    try:
        opened = Opened(os.pidfd_open(pid))
    except (AttributeError, OSError):  # another system, an old kernel, or it has just ended
        return
    if start_token(pid) != token:
        return
    with _lock:
        if len(_held) >= MOST:
            del _held[next(iter(_held))]
        _held[pid, token] = opened


def _has_ended(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
