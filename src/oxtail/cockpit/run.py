"""The cockpit in this terminal: put together, run, and the terminal left as it was."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from oxtail.cockpit.app import Cockpit
from oxtail.cockpit.crash import QuietApp, crashed, modes, restore
from oxtail.cockpit.feed import Feed

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.cockpit.actions import Actions
    from oxtail.cockpit.feed import Source
    from oxtail.cockpit.life import Life
    from oxtail.cockpit.strip_home import StripDoor


SWITCH_SECONDS: Final = 0.0005
"""How long a look may keep the interpreter while the screen wants it: a key passes through three
threads before it is seen, and waits for each."""


WATCH_SECONDS: Final = 1.0
END_SECONDS: Final = 10.0
"""How often it is asked whether a cockpit is wanted, and how long one that is not may take to end.

Textual waits without end for a thread that writes to the terminal, and that thread has ended where
the terminal has gone in the middle of a write.
"""


def _has_terminal() -> bool:
    return os.isatty(0)


def build(
    source: Source,
    actions: Actions,
    *,
    dock: bool = False,
    light: bool = False,
    reads_only: bool = False,
    is_served: bool = False,
    life: Life | None = None,
    strip: StripDoor | None = None,
) -> Cockpit:
    """Return a cockpit that looks at *source* once it runs.

    One that *is_served* ends when the process that serves it has ended; any other one when its
    terminal has gone, also where no signal tells that.
    """
    server = os.getppid()
    app = Cockpit(
        actions,
        time.time,
        dock=dock,
        light=light,
        reads_only=reads_only,
        trace=source.trace,
        strip=strip,
        signals=(signal.SIGINT, signal.SIGTERM, signal.SIGHUP),
        is_wanted=(lambda: os.getppid() == server) if is_served else _has_terminal,
        life=life,
    )
    app.feed = Feed(source, app.post_message)
    return app


def run(app: QuietApp[Any], keep: Callable[[str], str]) -> int:
    """Run *app* until a person quits, and return its exit status.

    The terminal is restored in any case.

    Args:
        app: The application.
        keep: Keeps the details of a fault in a private place and returns where.

    Raises:
        CockpitCrashed: *app* has ended by a fault of its own.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    before, came_back = modes(), False
    ended = threading.Event()
    if app.is_wanted:
        words = (app.is_wanted, ended)
        threading.Thread(target=_end_for_sure, args=words, name="oxtail-end", daemon=True).start()
    try:
        app.run()
        came_back = True
    except Exception as error:  # noqa: BLE001 - whatever it is, the terminal comes first
        app.crash = app.crash or error
    finally:
        ended.set()
    if app.crash is None:
        return app.return_code or 0
    restore(before, whole=not came_back)
    raise crashed(app.crash, keep) from None


def _end_for_sure(is_wanted: Callable[[], bool], ended: threading.Event) -> None:
    """End this process if it is not wanted and its loop does not end: nobody is there to see it."""
    while not ended.wait(WATCH_SECONDS):
        if not is_wanted() and not ended.wait(END_SECONDS):
            os._exit(1)
