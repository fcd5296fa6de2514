"""The loop that reads the client's requests, and notices that it is time to end."""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

from oxtail.server.orphan import TICK_SECONDS
from oxtail.server.wire import READ_BYTES, Lines, Stop

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.server.timers import Timers


def run(
    source: int,
    stop: Stop,
    handle: Callable[[bytes | None], None],
    timers: Timers,
    is_orphan: Callable[[], bool],
    tick_seconds: float = TICK_SECONDS,
) -> str:
    """Hand every line of *source* to *handle*, until there is a reason to end; return it.

    Returns:
        ``stdin_end``, ``stdin_close``, ``reparented``, or the reason that *stop* was given.
    """
    poll = select.poll()
    poll.register(source, select.POLLIN)
    poll.register(stop.fd, select.POLLIN)
    lines = Lines()
    while True:
        ready = dict(poll.poll(int(timers.wait(tick_seconds) * 1000) + 1))
        if stop.fd in ready:
            return stop.reason or "stopped"
        if source in ready:
            try:
                data = os.read(source, READ_BYTES)
            except BlockingIOError:
                continue
            except OSError:
                return "stdin_close"
            # A client may leave out the last line end.
            for line in lines.feed(data or b"\n"):
                handle(line)
            if not data:
                return "stdin_end"
        elif is_orphan():
            return "reparented"
        timers.run_due()
