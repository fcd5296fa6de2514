"""Doing what calls ask: one after another, and questions that wait beside them.

Runs on the worker and on one thread per waiting question, never on the thread that reads requests.
A call is ended here whatever its tool does: answered, or known to have nobody who wants an answer.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from oxtail.errors import AskCancelled, NotEmitted, OxtailError, TooManyQuestions
from oxtail.server.calls import Call, Calls, CallState
from oxtail.server.results import failure, internal_error
from oxtail.server.worker import Worker, stack, traced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oxtail.app.context import Context

QUESTIONS_MAX: Final = 32
"""Questions that wait at the same time; each holds a thread."""


class Runner:
    """Runs accepted calls.

    Args:
        ctx: What the tools work with.
        calls: Where a call is kept until it has ended.
        worker: The thread for everything that does not wait.
    """

    def __init__(self, ctx: Context, calls: Calls, worker: Worker) -> None:
        self._ctx = ctx
        self._calls = calls
        self._worker = worker
        self._questions: set[threading.Thread] = set()
        self._is_ending = False

    def submit(self, call: Call) -> None:
        """Run *call* after all earlier ones have run, or have begun to wait."""
        self._worker.put(self._start, call)

    def take_back(self, call: Call) -> None:
        """Put back what the answer to *call* showed, before any later call runs."""
        self._worker.put(call.take_back)

    def finish(self, within: float) -> bool:
        """End: cancel questions, and give other calls up to *within* seconds.

        Returns:
            Whether every call has ended.
        """
        self._is_ending = True
        for call in self._calls.open():
            if call.request.waits:
                call.cancel()
        now = self._ctx.clock.monotonic
        deadline = now() + within
        ended = self._worker.finish(within)
        for thread in tuple(self._questions):
            thread.join(max(deadline - now(), 0.0))
            ended = ended and not thread.is_alive()
        return ended

    def _start(self, call: Call) -> None:
        if call.request.caller is not None:
            adopt = self._ctx.session.caller_named
            traced(self._ctx.trace, "caller_not_adopted", adopt, call.request.caller)
        if not call.request.waits or call.state is not CallState.OPEN:
            self._perform(call)
            return
        self._questions = {thread for thread in self._questions if thread.is_alive()}
        if len(self._questions) >= QUESTIONS_MAX:
            self._end(call, failure(TooManyQuestions()))
            return
        thread = threading.Thread(
            target=traced, args=(self._ctx.trace, "job_failed", self._perform, call), daemon=True
        )
        self._questions.add(thread)
        thread.start()

    def _perform(self, call: Call) -> None:
        from oxtail.server.tools.table import RUN

        tool = call.request.tool.name
        try:
            if call.state is CallState.OPEN:
                RUN[tool](self._ctx, call, dict(call.request.arguments))
        except (NotEmitted, AskCancelled):
            self._ctx.trace("call_not_answered", tool=tool, state=call.state.value)
        except OxtailError as error:
            self._end(call, failure(error))
        except Exception as error:  # noqa: BLE001 - one failing tool must not end the server
            self._ctx.trace("internal_error", tool=tool, error=stack(error))
            self._end(call, internal_error(error))
        finally:
            self._calls.done(call)

    def _end(self, call: Call, result: Mapping[str, Any]) -> None:
        try:
            call.finish(result)
        except NotEmitted:
            tool = call.request.tool.name
            self._ctx.trace("call_not_answered", tool=tool, state=call.state.value)
        finally:
            self._calls.done(call)
