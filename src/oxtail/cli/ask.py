"""``oxtail ask``: ask a peer, wait, and print its answer."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from oxtail.app.ask import ask
from oxtail.cli.bodies import body_of
from oxtail.cli.opening import acting
from oxtail.cli.output import Outcome, Output, neutral
from oxtail.errors import AskCancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from oxtail.app.results import AskResult
    from oxtail.cli.parser import Options

NO_ANSWER = AskCancelled.exit_status
"""Exit status where no answer came in time."""


class Interrupt:
    """Ctrl-C as the cancellation of a question: the first one cancels, a second one interrupts."""

    def __init__(self) -> None:
        self._set = False
        self._callbacks: list[Callable[[], None]] = []

    def is_set(self) -> bool:
        """Tell whether Ctrl-C was pressed."""
        return self._set

    def add_callback(self, callback: Callable[[], None]) -> None:
        """Call *callback* on Ctrl-C, or at once if it was pressed."""
        self._callbacks.append(callback)
        if self._set:
            callback()

    def _press(self, number: int, frame: object) -> None:  # noqa: ARG002 - a signal handler
        if self._set:
            raise KeyboardInterrupt
        self._set = True
        for callback in self._callbacks:
            callback()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take Ctrl-C for the length of the block."""
        before = signal.signal(signal.SIGINT, self._press)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def outcome_of(result: AskResult) -> Outcome:
    """Return the answer; people get its text alone, fit for ``$(...)``."""
    if result.reply is not None:
        return Outcome(result.as_dict(), neutral(result.reply.body).removesuffix("\n"))
    if result.held:
        remark = (
            f"question {result.message_id} is held by the receiver's policy until a person lets it "
            "through; an answer then arrives as mail: oxtail inbox"
        )
        return Outcome(result.as_dict(), "", remark=remark, exit_status=NO_ANSWER)
    remark = (
        f"no answer within {result.timeout_ms / 1000:g} s (question {result.message_id}); "
        "a late answer arrives as mail: oxtail inbox"
    )
    return Outcome(result.as_dict(), "", remark=remark, exit_status=NO_ANSWER)


def run(options: Options, output: Output) -> Outcome:
    """Ask, and acknowledge the answer only once it is out."""
    body = body_of(options.body)
    timeout_ms = max(1, round(options.timeout * 1000)) if options.timeout else None
    interrupt = Interrupt()
    shown: list[Outcome] = []

    def emit(result: AskResult) -> None:
        outcome = outcome_of(result)
        output.show(outcome)
        shown.append(outcome)

    with (
        interrupt.listening(),
        acting(options, needs_identity=True, takes_mail=True, waits=True) as ctx,
    ):
        ask(ctx, options.target, body, emit, timeout_ms=timeout_ms, cancelled=interrupt, via="cli")
    return shown[0]
