"""What is kept of a cockpit that ended by a fault of its own, and what its terminal is told.

The rule: the values of variables are written nowhere, since they may be mail.  The text of the
error may quote some, too, so it goes into a file that nobody else reads, and not to the screen.
"""

from __future__ import annotations

import platform
import sys
import termios
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from textual.app import App, ReturnType

from oxtail import __version__
from oxtail.core.fleet_errors import CockpitCrashed
from oxtail.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

FRAMES_MAX: Final = 200
"""Most frames of one stack that are kept; a recursion without end has more."""

_RESTORE: Final = (
    "\x1b[<u\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l"  # keys and mouse
    "\x1b[?1004l\x1b[?2004l\x1b[?1049l\x1b[?25h\x1b[0m"  # focus, paste, screen, cursor, color
)


class QuietApp(App[ReturnType]):
    """An application whose faults are told to whoever runs it, and to nobody else.

    Args:
        trace: Told of faults, with the stack.

    Attributes:
        crash: The fault that ended it, or None.
        is_wanted: Tells whether anybody is still at the other end, or None where that is not asked.
    """

    is_wanted: Callable[[], bool] | None = None

    def __init__(self, trace: Callable[..., None]) -> None:
        super().__init__()
        self._trace = trace
        self.crash: Exception | None = None

    def _handle_exception(self, error: Exception) -> None:
        if self.crash is None:
            self.crash = error
            stack = "".join(traceback.format_exception(error))
            self._trace("internal_error", front_end="cockpit", stack=stack)
        super()._handle_exception(error)
        self._exit_renderables.clear()

    def _fatal_error(self) -> None:
        # Textual would print the values of all variables.
        self._close_messages_no_wait()


def details(error: BaseException) -> str:
    """Return all that may be told of *error*: where it happened, and with which versions."""
    # It brings ten MB along, for what nearly never happens.
    from importlib.metadata import PackageNotFoundError, version

    stack = "".join(traceback.format_exception(error, limit=-FRAMES_MAX))
    try:
        textual = version("textual")
    except PackageNotFoundError:
        textual = "?"
    python, system = platform.python_version(), platform.system()
    return f"oxtail {__version__}, textual {textual}, Python {python}, {system}\n\n{stack}"


def crashed(error: BaseException, keep: Callable[[str], str]) -> CockpitCrashed:
    """Keep the details of *error*, and return what is to be raised instead of it.

    Args:
        error: What ended the cockpit.
        keep: Keeps a text and returns where; may raise StoreError or OSError.
    """
    kind = type(error).__name__
    try:
        path = keep(details(error))
    except (StoreError, OSError):
        return CockpitCrashed(f"the cockpit has ended by a fault of its own: {kind}", error=kind)
    return CockpitCrashed(
        f"the cockpit has ended by a fault of its own: {kind}; details are in {path}",
        error=kind,
        details=path,
    )


def modes() -> list[Any] | None:
    """Return how the terminal at standard input is set, or None where there is none."""
    try:
        return termios.tcgetattr(0)
    except termios.error:
        return None


def restore(before: list[Any] | None, *, whole: bool) -> None:
    """Set the terminal as it was *before*; *whole*, where Textual may not have left its screen."""
    if before is None:
        return
    with suppress(termios.error):
        termios.tcsetattr(0, termios.TCSADRAIN, before)
    if whole and sys.__stderr__ is not None:
        with suppress(OSError, ValueError):
            sys.__stderr__.write(_RESTORE)
            sys.__stderr__.flush()
