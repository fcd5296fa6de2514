"""Looks at the fleet again and again in a thread of its own, and tells the screen what it saw.

Rules of this file:

* One thread, one collector.  The loop of the screen never waits for a look: one that hangs leaves
  the last fleet on the screen, with its age.
* It takes no mail and no lock, and changes nothing.
* Between looks it only stats files; what changes several times in a moment is looked at once.
* No look begins before the screen has taken the last one: a terminal that shows nothing more, as
  one that somebody has stopped, blocks the screen, and fleets would pile up before it.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from oxtail.cockpit.messages import FleetSeen, LookFailed
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.message import Message

    from oxtail.core.fleet import Fleet

TICK_SECONDS: Final = 1.5
"""Longest time between two looks: ages grow, and processes end without writing anything."""

UNFOCUSED_TICK_SECONDS: Final = 4.0
"""The same while the screen has no focus; it may be seen all the same."""

STIR_SECONDS: Final = 0.25
"""How often files are statted between two looks."""

REST_SHARE: Final = 4
"""A look is followed by a rest of at least so many times its own length."""


class Source(Value):
    """What a feed is made from.

    Attributes:
        look: Returns the fleet as it is now.
        stamp: Returns something that differs once the state folder has changed; costs little.
        trace: Told of a look that failed, with its stack.
    """

    look: Callable[[], Fleet]
    stamp: Callable[[], object]
    trace: Callable[..., None]


class Feed:
    """Looks at a *source* and hands what it sees to *post*, which may be called from any thread."""

    def __init__(self, source: Source, post: Callable[[Message], object]) -> None:
        self._source = source
        self._post = post
        self._ring = threading.Event()
        self._stopped = threading.Event()
        self._taken = threading.Event()
        self._began: float | None = None
        self.has_focus = True
        """Whether the screen has the focus; set by the screen."""

    @property
    def looking_s(self) -> float | None:
        """For how many seconds a look has been under way, or None."""
        began = self._began
        return None if began is None else time.monotonic() - began

    def start(self) -> None:
        """Begin to look; the thread ends with the process, whatever it is doing."""
        threading.Thread(target=self._run, name="oxtail-feed", daemon=True).start()

    def stop(self) -> None:
        """Begin no further look."""
        self._stopped.set()
        self._ring.set()

    def hurry(self) -> None:
        """Look again as soon as possible."""
        self._ring.set()

    def taken(self) -> None:
        """Note that the screen has taken what was handed to it last."""
        self._taken.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._ring.clear()
            # Taken before the look: what changes during it is looked at again.
            stamp = self._stamp()
            began = self._began = time.monotonic()
            try:
                seen: Message = FleetSeen(self._source.look())
            except Exception as error:  # noqa: BLE001 - a background tick; the next one may succeed
                seen = LookFailed(f"{type(error).__name__}: {error}")
                self._failed()
            self._began = None
            if self._stopped.is_set():
                return
            took = time.monotonic() - began
            self._taken.clear()
            self._post(seen)
            while not (self._taken.wait(TICK_SECONDS) or self._stopped.is_set()):
                pass
            self._rest(stamp, took)

    def _failed(self) -> None:
        import traceback

        self._source.trace("cockpit_look_failed", stack=traceback.format_exc())

    def _stamp(self) -> object:
        try:
            return self._source.stamp()
        except OSError:
            return None

    def _rest(self, stamp: object, took: float) -> None:
        """Wait until there may be something new to see."""
        rest = max(STIR_SECONDS, REST_SHARE * took)
        # A person who asks does not wait for the rest to end.
        if self._ring.wait(rest):
            return
        waited = rest
        while self._stamp() == stamp:
            if waited >= (TICK_SECONDS if self.has_focus else UNFOCUSED_TICK_SECONDS):
                return
            if self._ring.wait(STIR_SECONDS):
                return
            waited += STIR_SECONDS
