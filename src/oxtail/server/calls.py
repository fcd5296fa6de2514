"""The life of a tool call: answered exactly once, or cancelled and never answered.

Belongs here: the states of a call and who may change them.  Never here: what a tool does.
Three threads meet here: the one that reads requests adds and cancels calls, the worker and the
threads of waiting calls answer them.
"""

from __future__ import annotations

import enum
import threading
from typing import TYPE_CHECKING, Any, Final, Protocol

from oxtail.core.value import Value
from oxtail.errors import NotEmitted
from oxtail.server.catalog import WAIT
from oxtail.server.protocol import RequestId, encode_notification, encode_result
from oxtail.server.results import answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from oxtail.server.catalog import Tool
    from oxtail.server.wire import Output

KEPT_CALLS: Final = 64
"""How many answered calls that showed mail can still be cancelled."""

KEPT_SECONDS: Final = 60.0
"""How long; a client that threw an answer away says so within moments."""


class Retractable(Protocol):
    """Mail that was shown and can be put back."""

    def retract(self) -> None:
        """Put it back, because nobody saw it."""
        ...


class Cancellation:
    """Says that nobody wants an answer any more; what a waiting question listens to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_set = False
        self._callbacks: list[Callable[[], None]] = []

    def is_set(self) -> bool:
        """Return whether it was said."""
        return self._is_set

    def set(self) -> None:
        """Say it, once, and tell everyone who listens."""
        with self._lock:
            callbacks, self._callbacks = self._callbacks, []
            self._is_set = True
        for callback in callbacks:
            callback()

    def add_callback(self, callback: Callable[[], None]) -> None:
        """Call *callback* when it is said, or at once if it was."""
        with self._lock:
            if not self._is_set:
                self._callbacks.append(callback)
                return
        callback()


class CallState(enum.Enum):
    """Where a call stands.

    ``OPEN`` → ``WRITING`` → ``ANSWERED``; ``OPEN`` → ``CANCELLED``; ``WRITING`` → ``CANCELLED``
    where the answer could not be written.
    """

    OPEN = "open"
    WRITING = "writing"
    ANSWERED = "answered"
    CANCELLED = "cancelled"


class CallRequest(Value):
    """What a client asked for, checked.

    Attributes:
        id: The request to answer.
        tool: The tool.
        arguments: Its arguments.
        caller: The session that the client says is calling, or None.
        progress_token: What progress notifications carry, or None where none are wanted.
    """

    id: RequestId
    tool: Tool
    arguments: Mapping[str, Any]
    caller: str | None = None
    progress_token: RequestId | None = None

    @property
    def waits(self) -> bool:
        """Whether the call may take long."""
        return self.tool.waits or WAIT in self.arguments


class Call:
    """One tool call, from its arrival to its answer."""

    def __init__(self, request: CallRequest, output: Output) -> None:
        self.request = request
        self.cancellation = Cancellation()
        self._output = output
        self._lock = threading.Lock()
        self._state = CallState.OPEN
        self._is_unwanted = False
        self._shown: Retractable | None = None

    @property
    def state(self) -> CallState:
        """Where the call stands."""
        return self._state

    def answer(self, members: Mapping[str, Any]) -> None:
        """Answer with *members*; when this returns the client's pipe has the answer.

        Raises:
            NotEmitted: the call was cancelled, or the client is gone; nothing was shown.
        """
        self.finish(answer(members))

    def finish(self, result: Mapping[str, Any]) -> None:
        """Answer with a complete tool *result*.

        Raises:
            NotEmitted: as for :meth:`answer`.
        """
        line = encode_result(self.request.id, result)
        with self._lock:
            if self._state is not CallState.OPEN:
                raise NotEmitted
            self._state = CallState.WRITING
        try:
            self._output.write(line)
        except NotEmitted:
            self._state = CallState.CANCELLED
            raise
        self._state = CallState.ANSWERED

    def progress(self, seconds: int) -> None:
        """Tell a client that wants to know that the call has been at work for *seconds*.

        Raises:
            NotEmitted: the client is gone.
        """
        token = self.request.progress_token
        if token is None:
            return
        line = encode_notification(
            "notifications/progress", {"progressToken": token, "progress": seconds}
        )
        with self._lock:  # no progress may follow the answer
            if self._state is CallState.OPEN:
                self._output.write(line)

    def cancel(self) -> bool:
        """Cancel the call if it has no answer yet; return whether it was in time."""
        with self._lock:
            in_time = self._state is CallState.OPEN
            if in_time:
                self._state = CallState.CANCELLED
        if in_time:
            self.cancellation.set()
        return in_time

    def showed(self, mail: Retractable) -> None:
        """Keep *mail*, which the answer showed, for a cancellation that comes too late."""
        with self._lock:
            if not self._is_unwanted:
                self._shown = mail
                return
        mail.retract()

    def take_back(self) -> None:
        """Put back what the answer showed: the client threw the answer away."""
        with self._lock:
            mail, self._shown = self._shown, None
            self._is_unwanted = True
        if mail is not None:
            mail.retract()

    @property
    def has_shown(self) -> bool:
        """Whether there is mail to put back."""
        return self._shown is not None


class Calls:
    """The calls that may still be cancelled.

    Args:
        now: Seconds that never run backwards.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._open: dict[RequestId, Call] = {}
        self._answered: dict[RequestId, tuple[float, Call]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def add(self, call: Call) -> bool:
        """Keep *call*; False if a call with its id still waits for an answer."""
        with self._lock:
            existing = self._open.get(call.request.id)
            if existing and existing.state in (CallState.OPEN, CallState.WRITING):
                return False
            self._open[call.request.id] = call
            self._answered.pop(call.request.id, None)
            return True

    def find(self, identifier: RequestId) -> Call | None:
        """Return the call, open or lately answered, that *identifier* names."""
        with self._lock:
            self._forget_old()
            if call := self._open.get(identifier):
                return call
            _, answered = self._answered.get(identifier, (0.0, None))
            return answered

    def done(self, call: Call) -> None:
        """Stop keeping *call*, unless its answer showed mail that may have to go back."""
        with self._lock:
            if self._open.get(call.request.id) is call:
                del self._open[call.request.id]
            if call.has_shown:
                self._answered[call.request.id] = (self._now(), call)
                self._forget_old()

    def open(self) -> tuple[Call, ...]:
        """Return the calls that have not ended."""
        with self._lock:
            return tuple(self._open.values())

    def _forget_old(self) -> None:
        oldest = self._now() - KEPT_SECONDS
        for identifier, (at, _) in list(self._answered.items()):
            if at >= oldest and len(self._answered) <= KEPT_CALLS:
                return
            del self._answered[identifier]
