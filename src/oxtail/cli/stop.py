"""Signals as a question: a run that changes things ends between two steps, never within one."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ENDINGS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Give what tells whether somebody asked to stop; from the second time on, that ends us."""
    before = {number: signal.getsignal(number) for number in _ENDINGS}
    asked: list[int] = []

    def ask(number: int, _: Any) -> None:
        asked.append(number)
        _restore(before)

    for number in _ENDINGS:
        signal.signal(number, ask)
    try:
        yield lambda: bool(asked)
    finally:
        _restore(before)


def _restore(handlers: dict[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        # None: it was set by other means than Python, which cannot set it again.
        signal.signal(number, signal.SIG_DFL if handler is None else handler)
