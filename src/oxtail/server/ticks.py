"""What a server does once in a while, beside its client's calls.

Its watchdog looks who waits in vain, and what sends have left for later is done.  Either may take
long, so each has a thread of its own, for as long as it takes.  The timers and the threads keep no
process alive.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from oxtail.server.worker import traced

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.app.context import Context
    from oxtail.app.watchdog import Watchdog
    from oxtail.server.timers import Timers

SETTLE_SECONDS: Final = 5.0
"""Time between two looks whether it is quiet enough for what sends have left for later."""


class _Tick:
    """A job that is done again and again, and never twice at once."""

    def __init__(self, ctx: Context, seconds: float, job: Callable[[], None]) -> None:
        self.seconds = seconds
        self._trace = ctx.trace
        self._job = job
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Do the job in a thread, unless it still runs."""
        if self._thread and self._thread.is_alive():
            return
        self._thread = threading.Thread(
            target=traced, args=(self._trace, "job_failed", self._job), daemon=True
        )
        self._thread.start()

    def join(self, within: float) -> None:
        """Give a job that runs up to *within* seconds."""
        if self._thread:
            self._thread.join(within)


class Ticks:
    """What the server of *ctx* does once in a while, driven by *timers*."""

    def __init__(self, ctx: Context, timers: Timers) -> None:
        self._ctx = ctx
        self._timers = timers
        self._ticks = (
            _Tick(ctx, ctx.settings.waiter_heal_interval_ms / 1000, self._watch),
            _Tick(ctx, SETTLE_SECONDS, ctx.store.settle),
        )
        self._watchdog: Watchdog | None = None
        self._is_ending = False

    def start(self) -> None:
        """Tick for the first time after one interval; a session that has begun owes nothing yet."""
        for tick in self._ticks:
            self._later(tick)

    def _later(self, tick: _Tick) -> None:
        self._timers.after(tick.seconds, lambda: self._due(tick))

    def _due(self, tick: _Tick) -> None:
        self._later(tick)
        if not self._is_ending:
            tick.begin()

    def _watch(self) -> None:
        if self._watchdog is None:
            # Most sessions end before the first tick, and all want to start fast.
            from oxtail.app.watchdog import Watchdog

            self._watchdog = Watchdog(self._ctx, self._ctx.doors)
        self._watchdog.tick()

    def finish(self, within: float) -> None:
        """Begin no tick any more, and give those that run up to *within* seconds."""
        self._is_ending = True
        for tick in self._ticks:
            tick.join(within)
