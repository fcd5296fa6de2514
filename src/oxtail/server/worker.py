"""The thread that does the work, so that the reading thread can always answer and cancel."""

from __future__ import annotations

import threading
from _queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.trace import Trace

Job: TypeAlias = "Callable[..., object]"

REST_SECONDS: Final = 0.05
"""How long a worker must have had nothing to do until it does what can wait."""

SLICE: Final = 8
"""How much of that it does at once, so that a call that comes now waits for milliseconds."""

BACKLOG_SECONDS: Final = 1.0
"""How long it rests before it goes on with that: what a burst has left is in no hurry."""


def traced(trace: Trace, event: str, job: Job, *arguments: Any) -> None:
    """Run *job*; trace what it raises, because nobody waits for it."""
    try:
        job(*arguments)
    except Exception as error:  # noqa: BLE001 - a background job must not end the server
        trace(event, job=getattr(job, "__qualname__", repr(job)), error=stack(error))


def stack(error: Exception) -> str:
    """Return the stack of *error* as text."""
    import traceback

    return "".join(traceback.format_exception(error))


class Worker:
    """Runs jobs one after another, in the order in which they came.

    Args:
        trace: Where failures go.
        rest: Does a little of what can wait, and tells whether there is more of it; called when
            there were no jobs for a moment.
    """

    def __init__(self, trace: Trace, rest: Callable[[], bool] = lambda: False) -> None:
        self._trace = trace
        self._rest = rest
        self._jobs: SimpleQueue[tuple[Job, tuple[Any, ...]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="oxtail-worker", daemon=True)
        self._is_started = False

    def start(self) -> None:
        """Start working."""
        self._is_started = True
        self._thread.start()

    def put(self, job: Job, *arguments: Any) -> None:
        """Run ``job(*arguments)`` after everything that was put before."""
        self._jobs.put((job, arguments))

    def finish(self, within: float) -> bool:
        """Wait up to *within* seconds for all jobs to end; return whether they have."""
        self._jobs.put(None)
        if self._is_started:
            self._thread.join(within)
        return not self._thread.is_alive()

    def _run(self) -> None:
        pause: float | None = None
        while True:
            try:
                item = self._jobs.get(timeout=pause)
            except Empty:
                pause = BACKLOG_SECONDS if self._has_more() else None
                continue
            if item is None:
                return
            job, arguments = item
            traced(self._trace, "job_failed", job, *arguments)
            pause = REST_SECONDS

    def _has_more(self) -> bool:
        try:
            return self._rest()
        except Exception as error:  # noqa: BLE001 - as for a job
            self._trace("job_failed", job="rest", error=stack(error))
            return False
