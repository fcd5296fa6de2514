"""Passing a taken lock folder from one Python peer to the next.

Making and removing a folder is most of what a short lock costs the disk.  So a holder that had to
wait itself, and sees that another one waits, leaves the folder where it is, and whoever gets the
kernel lock next goes on with it.  Rules of this file:

* One who waits is seen by a shared kernel lock on the file ``<lock>.queue``.  It is seen for no
  longer than it waits, and dies with its process.
* A folder is passed on for a tenth of a second at most.  Peers of other kinds see nothing but the
  folder, and they get their turn then.
* Nobody promises to take what is passed on: a folder that is left over is a dead holder's.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_CHAIN_SECONDS: Final = 0.1
"""Age from which a folder is not passed on; far below that at which peers take a lock over."""

_TRIES: Final = 100
"""How often one says that it waits; it waits unseen if that is not enough."""

_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


def is_young(made_at: float) -> bool:
    """Tell whether a folder that was made at *made_at* (unix seconds) may still be passed on."""
    return 0 <= time.time() - made_at < LONGEST_CHAIN_SECONDS


@contextmanager
def waiting(lock: str) -> Iterator[None]:
    """Be seen as one who waits for *lock*, for the length of the block.

    One that cannot be seen, because the file cannot be used, waits as well.
    """
    try:
        descriptor = os.open(f"{lock}.queue", _FLAGS, 0o600)
    except OSError:
        yield
        return
    try:
        for _ in range(_TRIES):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # somebody looks whether anybody waits, for some microseconds
            except OSError:
                pass
            break
        yield
    finally:
        os.close(descriptor)


def is_awaited(lock: str) -> bool:
    """Tell whether somebody waits for *lock* who has said so."""
    try:
        descriptor = os.open(f"{lock}.queue", _FLAGS, 0o600)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    else:
        return False
    finally:
        os.close(descriptor)
