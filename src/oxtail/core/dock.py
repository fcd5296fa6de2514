"""What a docked session is made of, and what becomes of the key that flips to its strips.

Belongs here: deciding.  Never here: tmux.  A window is docked once, by its mark; and a key that
somebody else has bound is theirs.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Final

from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable

ROWS: Final = 8
ROWS_MIN: Final = 4
ROWS_MAX: Final = 100
"""Height of a strip: unless told otherwise, at least, and at most."""

FLIP_KEY: Final = "C-]"

COCKPIT: Final = "@oxpit_cockpit"
"""Option of a window in which the key flips."""

DOCK: Final = "@oxpit_dock"
"""Option of a pane that shows a strip."""

_KEY: Final = re.compile(r"(?:^|\s)-T\s+root\s+(\S+)\s+(.*)$")


class DockWindow(Value):
    """One window.

    Attributes:
        window_id: ``@`` and a number.
        name: What it is called; text of others.
        number: Its place in the session.
        strips: The panes in it that show a strip.
    """

    window_id: str
    name: str
    number: int
    strips: tuple[str, ...] = ()


class DockSession(Value):
    """One tmux session.

    Attributes:
        session_id: ``$`` and a number.
        name: What it is called.
        is_attached: Whether somebody looks at it.
        windows: Its windows, in their order.
    """

    session_id: str
    name: str
    is_attached: bool
    windows: tuple[DockWindow, ...]


class DockPane(Value):
    """One pane as tmux tells of it: session, window, and whether it shows a strip."""

    session_id: str
    session: str
    is_attached: bool
    window_id: str
    window: str
    window_index: int
    pane_id: str
    has_strip: bool


def session_named(panes: Iterable[DockPane], name: str) -> DockSession | None:
    """Return the session of exactly this *name*, or None; a longer name is another one."""
    own = [pane for pane in panes if pane.session == name]
    if not own:
        return None
    windows: dict[str, DockWindow] = {}
    for pane in own:
        window = windows.get(pane.window_id) or DockWindow(
            pane.window_id, pane.window, pane.window_index
        )
        strips = (*window.strips, pane.pane_id) if pane.has_strip else window.strips
        windows[pane.window_id] = window._replace(strips=strips)
    ordered = sorted(windows.values(), key=lambda window: window.number)
    return DockSession(own[0].session_id, name, own[0].is_attached, tuple(ordered))


class Binding(enum.Enum):
    """Whose the flip key is."""

    FREE = "free"
    OURS = "ours"
    FOREIGN = "foreign"
    UNKNOWN = "unknown"


def binding_of(table: str | None) -> Binding:
    """Return whose the flip key is, by the root table as tmux lists it; None could not be read."""
    if table is None:
        return Binding.UNKNOWN
    for line in table.splitlines():
        found = _KEY.search(line)
        if found and found[1].strip("\"'") == FLIP_KEY:
            is_ours = COCKPIT in found[2] and DOCK in found[2]
            return Binding.OURS if is_ours else Binding.FOREIGN
    return Binding.FREE


class Flip(Value):
    """What is done about the flip key.

    Attributes:
        do: ``bind``, ``unbind`` or ``leave``.
        works: Whether the key flips afterwards.
        warning: What a person should know, or an empty text.
    """

    do: str
    works: bool
    warning: str = ""


def flip_of(binding: Binding, *, wanted: bool) -> Flip:
    """Return what is done about the flip key."""
    if not wanted:
        return Flip("unbind" if binding is Binding.OURS else "leave", False)
    if binding is Binding.FOREIGN:
        return Flip("leave", False, f"{FLIP_KEY} is bound to something else, and stays so")
    if binding is Binding.UNKNOWN:
        return Flip("leave", False, f"tmux does not list its keys, so {FLIP_KEY} is not bound")
    return Flip("bind", True)
