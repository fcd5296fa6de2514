"""A strip in a pane of its own: where that is, whose window it shares, and how high it is.

The rule: tmux is asked once, at the start and beside the loop; that somebody has left the window is
seen from the agents in it, and told by terminals that report their focus.  A strip becomes smaller
and never larger, since whoever pulled its border meant it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from oxtail.cockpit.messages import HomeFound
from oxtail.cockpit.shapes.strip import height_of
from oxtail.cockpit.shapes.view import Home, View, at_home, is_left
from oxtail.core.value import Value
from oxtail.errors import OxtailError

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.message import Message

    from oxtail.core.fleet import Fleet


class StripDoor(Value):
    """What a strip asks of tmux; both may take their time, and raise errors of oxtail.

    Attributes:
        find: Returns where the strip is, or None where it is in no tmux.
        fit: Gives its pane so many rows.
    """

    find: Callable[[], Home | None]
    fit: Callable[[int], None]


class StripHome:
    """The place of one strip.

    Attributes:
        is_armed: Whether the cursor goes to the agent of its window at the next look.
    """

    def __init__(self, door: StripDoor, post: Callable[[Message], object]) -> None:
        self._door = door
        self._post = post
        self._home: Home | None = None
        self.is_armed = True

    def look(self) -> None:
        """Find out where the strip is; tells it with :class:`HomeFound`."""

        def find() -> None:
            try:
                home = self._door.find()
            except OxtailError:
                return  # without a place there is nothing to choose and nothing to fit
            if home:
                self._post(HomeFound(home))

        threading.Thread(target=find, name="oxtail-strip", daemon=True).start()

    def found(self, home: Home, fleet: Fleet | None, view: View, rows: int) -> None:
        """Take where the strip is, and make its pane smaller where it has *rows* to spare."""
        self._home = home
        if fleet is not None and home.is_strip:
            self._shrink(height_of(fleet, view), rows)

    def chosen(self, view: View, fleet: Fleet) -> View:
        """Return *view* with the cursor on the agent of the window, if that is due."""
        if self._home is None:
            return view
        self.is_armed = self.is_armed or is_left(fleet, self._home)
        if not self.is_armed:
            return view
        after = at_home(view, fleet, self._home)
        self.is_armed = after is view
        return after

    def _shrink(self, wanted: int, rows: int) -> None:
        if wanted >= rows:
            return

        def fit() -> None:
            try:
                self._door.fit(wanted)
            except OxtailError:
                return  # the strip is as it was

        threading.Thread(target=fit, name="oxtail-strip", daemon=True).start()
