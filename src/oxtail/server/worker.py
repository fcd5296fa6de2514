"""The thread that does the work, so that the reading thread can always answer and cancel."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oxtail.trace import Trace

Job = Callable[..., object]


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
    """Runs jobs one after another, in the order in which they came."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._jobs: deque[tuple[Job, tuple[Any, ...]] | None] = deque()
        self._waiting = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name="oxtail-worker", daemon=True)
        self._is_started = False

    def start(self) -> None:
        """Start working."""
        self._is_started = True
        self._thread.start()

    def put(self, job: Job, *arguments: Any) -> None:
        """Run ``job(*arguments)`` after everything that was put before."""
        self._add((job, arguments))

    def finish(self, within: float) -> bool:
        """Wait up to *within* seconds for all jobs to end; return whether they have."""
        self._add(None)
        if self._is_started:
            self._thread.join(within)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (item := self._next()) is not None:
            job, arguments = item
            traced(self._trace, "job_failed", job, *arguments)

    def _add(self, item: tuple[Job, tuple[Any, ...]] | None) -> None:
        self._jobs.append(item)
        self._waiting.release()

    def _next(self) -> tuple[Job, tuple[Any, ...]] | None:
        self._waiting.acquire()
        return self._jobs.popleft()
