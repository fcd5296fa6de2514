"""The life of a server: take the pipes, appear to peers, serve, withdraw.

A server ends when its client closes standard input, dies, or sends SIGTERM, SIGINT or SIGHUP; its
exit status is then 0.  Whatever it was doing is safe to interrupt at any step.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
from typing import TYPE_CHECKING, Final

from oxtail.app.watch import Watcher
from oxtail.errors import StoreError
from oxtail.server import stdio
from oxtail.server.endpoint import Endpoint
from oxtail.server.orphan import TICK_SECONDS, Parent
from oxtail.server.ticks import Ticks
from oxtail.server.timers import Timers
from oxtail.server.wire import Output, Stdio, Stop, take_over
from oxtail.server.worker import SLICE, Worker, traced
from oxtail.wiring import carriage, open_context

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.config import Settings
    from oxtail.store.files.carriage import Carriage

FINISH_SECONDS: Final = 1.0
"""How long accepted calls may still run when the client has left."""

CLOSE_SECONDS: Final = 2.0
"""How long withdrawing the entry may take; a peer that finds it later sees a dead process."""

FIRST_LOOK_SECONDS: Final = 0.3
"""When a server first looks whether mail between hosts is carried; its client comes first."""

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(settings: Settings) -> int:
    """Serve the client on standard input and output; return the exit status.

    Standard input and output belong to the protocol from here on.
    """
    # Nothing made during the start is garbage, so looking for it is wasted time.
    gc.disable()
    pipes = take_over()
    stop = Stop()
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda n, _: stop.request(signal.Signals(n).name.lower()))
    signal.set_wakeup_fd(stop.signal_fd, warn_on_full_buffer=False)
    ctx = open_context(settings, role="server")
    gc.freeze()
    gc.enable()
    if not serve(ctx, pipes, stop):
        os._exit(0)  # a call that hangs must not keep the process
    return 0


def serve(ctx: Context, pipes: Stdio, stop: Stop, tick_seconds: float = TICK_SECONDS) -> bool:
    """Serve until there is a reason to end; return whether everything has come to its end."""
    parent = Parent()
    timers = Timers(ctx.clock.monotonic)
    worker = Worker(ctx.trace, lambda: ctx.store.settle(SLICE))
    output = Output(pipes.sink, stop, parent.is_gone, tick_seconds)
    endpoint = Endpoint(ctx, output, worker, timers)
    try:
        ctx.session.open()
    except StoreError as error:
        # Calls will say what is wrong; a missing server would not.
        ctx.trace("publish_failed", error=error.message)
    worker.start()
    watcher = Watcher(ctx, ctx.doors)
    threading.Thread(target=watcher.run, daemon=True).start()
    ticks = Ticks(ctx, timers)
    ticks.start()
    carrying = carriage(ctx.settings, ctx.trace, ctx.clock)
    if carrying:
        _keep_carried(carrying, timers)
    why = "stdin_already_closed"
    if not pipes.was_closed:
        why = stdio.run(pipes.source, stop, endpoint.handle, timers, parent.is_gone, tick_seconds)
    if not why.startswith("sig"):
        ctx.trace("orphan_reap", why=why)
    watcher.stop()
    ended = endpoint.finish(FINISH_SECONDS)
    ticks.finish(FINISH_SECONDS)
    if carrying:
        carrying.stop(FINISH_SECONDS)
    stop.request(why)

    def close() -> None:
        ctx.session.close()
        ctx.store.close()

    closing = threading.Thread(target=traced, args=(ctx.trace, "job_failed", close), daemon=True)
    closing.start()
    closing.join(CLOSE_SECONDS)
    return ended and not closing.is_alive()


def _keep_carried(carrying: Carriage, timers: Timers) -> None:
    """See to it, for as long as this server lives, that some server of this host carries."""
    from oxtail.store.files.carriage import LOOK_SECONDS

    def look() -> None:
        carrying.look()
        timers.after(LOOK_SECONDS, look)

    timers.after(FIRST_LOOK_SECONDS, look)
