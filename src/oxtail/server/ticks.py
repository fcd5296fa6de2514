"""What a server does once in a while, beside its client's calls: its watchdog's ticks.

A tick may read ledgers and wake a peer, so it has a thread of its own, for as long as it takes.
The timer and the thread keep no process alive.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from oxtail.server.worker import SLICE, traced

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.app.watchdog import Watchdog
    from oxtail.server.timers import Timers


class Ticks:
    """The watchdog of the session of *ctx*, driven by *timers*."""

    def __init__(self, ctx: Context, timers: Timers) -> None:
        self._ctx = ctx
        self._timers = timers
        self._interval = ctx.settings.waiter_heal_interval_ms / 1000
        self._watchdog: Watchdog | None = None
        self._thread: threading.Thread | None = None
        self._is_ending = False

    def start(self) -> None:
        """Tick for the first time after one interval; a session that has begun owes nothing yet."""
        self._timers.after(self._interval, self._due)

    def _due(self) -> None:
        self._timers.after(self._interval, self._due)
        if self._is_ending or (self._thread and self._thread.is_alive()):
            return
        self._thread = threading.Thread(
            target=traced, args=(self._ctx.trace, "job_failed", self._tick), daemon=True
        )
        self._thread.start()

    def _tick(self) -> None:
        # Should the worker never rest.
        traced(self._ctx.trace, "job_failed", self._ctx.store.settle, SLICE)
        if self._watchdog is None:
            # Most sessions end before the first tick, and all want to start fast.
            from oxtail.app.watchdog import Watchdog

            self._watchdog = Watchdog(self._ctx, self._ctx.doors)
        self._watchdog.tick()

    def finish(self, within: float) -> None:
        """Begin no tick any more, and give one that runs up to *within* seconds."""
        self._is_ending = True
        if self._thread:
            self._thread.join(within)
