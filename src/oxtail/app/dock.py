"""Give each window of a tmux session a strip of the cockpit.

Rules of this file:

* A window that has a strip keeps it; running again adds nothing.
* One window that cannot be docked ends no other one; that none could be is an error.
* What runs in the session is not touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from oxtail.core.dock import ROWS, binding_of, flip_of
from oxtail.core.plain import plain
from oxtail.core.value import Value
from oxtail.errors import PaneError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oxtail.core.dock import DockSession, Flip

NAME_MAX_CHARS = 60


class Strips(Protocol):
    """The sessions of a tmux server, as far as docking needs them.

    Each method raises :class:`~oxtail.errors.PaneError` where tmux failed.
    """

    def session(self, name: str) -> DockSession | None:
        """Return the session of exactly this name, or None."""

    def make(self, name: str, root: str) -> None:
        """Make a session with one window ``main`` and a shell in the folder *root*."""

    def keys(self) -> str | None:
        """Return the root table of keys as tmux lists it, or None if it does not."""

    def bind_flip(self) -> None:
        """Let the flip key move between a window's panes and its strip, in docked windows."""

    def unbind_flip(self) -> None:
        """Take the binding of the flip key back."""

    def set_flip(self, window_id: str, *, works: bool) -> None:
        """Say whether the flip key flips in a window."""

    def fit(self, window_id: str, columns: int, rows: int) -> None:
        """Give a window that nobody looks at the size that it will have."""

    def add(self, window_id: str, rows: int, root: str, words: Sequence[str]) -> str:
        """Split a pane of *rows* rows off the bottom of a window, run *words* in it, and mark it.

        The window shows the same pane as before.  Returns the id of the new pane; what could not
        be marked is closed again.
        """

    def show(self, window_id: str) -> None:
        """Make a window the one that its session shows."""

    def switch(self, session_id: str) -> None:
        """Let the tmux client of this process show a session."""

    def attach(self, session_id: str) -> None:
        """Show a session on the terminal of this process until it is left."""

    def pin(self, pane_id: str, rows: int) -> None:
        """Give a strip its height."""


class Dock(Value):
    """What docking is done with.

    Attributes:
        strips: The tmux server.
        words: Returns what a strip of the project in a folder runs.
        flips: Whether the flip key is wanted.
    """

    strips: Strips
    words: Callable[[str], tuple[str, ...]]
    flips: bool


class Docked(Value):
    """What became of one window.

    Attributes:
        window_id: The window.
        name: What it is called, plain.
        state: ``added``, ``kept`` or ``failed``; ``add`` in a plan.
        pane_id: Its strip, or None.
        text: Why it failed, or an empty text.
    """

    window_id: str
    name: str
    state: str
    pane_id: str | None = None
    text: str = ""


class Weld(Value):
    """What became of a session.

    Attributes:
        session: The session.
        windows: Its windows.
        flip: What was done about the flip key.
    """

    session: DockSession
    windows: tuple[Docked, ...]
    flip: Flip

    def as_dict(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "session": plain(self.session.name, NAME_MAX_CHARS),
            "session_id": self.session.session_id,
            "windows": [window._asdict() for window in self.windows],
            "flip": self.flip._asdict(),
        }


def plan_weld(dock: Dock, session: DockSession) -> Weld:
    """Return what :func:`weld` would do; changes nothing."""
    windows = tuple(
        Docked(window.window_id, plain(window.name, NAME_MAX_CHARS), "kept", window.strips[0])
        if window.strips
        else Docked(window.window_id, plain(window.name, NAME_MAX_CHARS), "add")
        for window in session.windows
    )
    return Weld(session, windows, flip_of(binding_of(dock.strips.keys()), wanted=dock.flips))


def weld(
    dock: Dock,
    session: DockSession,
    root: str,
    *,
    rows: int = ROWS,
    size: tuple[int, int] | None = None,
) -> Weld:
    """Give each window of *session* a strip that it does not have yet.

    Args:
        dock: What to dock with.
        session: The session, as it was seen a moment ago.
        root: The project.
        rows: Height of a strip.
        size: Columns and rows that the session will have, where nobody looks at it yet.

    Raises:
        PaneError: no window could be docked, and none was.
    """
    strips = dock.strips
    plan = plan_weld(dock, session)
    flip = _settle(strips, plan.flip)
    done = []
    for window in plan.windows:
        try:
            if size and not session.is_attached:
                strips.fit(window.window_id, *size)
            strips.set_flip(window.window_id, works=flip.works)
            if window.state == "add":
                pane_id = strips.add(window.window_id, rows, root, dock.words(root))
                window = window._replace(state="added", pane_id=pane_id)  # noqa: PLW2901 - frozen
        except PaneError as error:
            window = window._replace(state="failed", text=plain(error.message, 200))  # noqa: PLW2901
        done.append(window)
    if all(window.state == "failed" for window in done):
        raise PaneError(f"no window could be docked: {done[0].text}" if done else "no window")
    return Weld(session, tuple(done), flip)


def weld_more(dock: Dock, name: str, root: str) -> Weld | None:
    """Give windows that came to a docked session their strips.

    Returns None where there is no session of this name, or none of its windows is docked.

    Raises:
        PaneError: tmux failed.
    """
    session = dock.strips.session(name)
    if session is None or all(bool(window.strips) == bool(session.windows[0].strips)
                              for window in session.windows):  # fmt: skip
        return None
    return weld(dock, session, root)


def _settle(strips: Strips, flip: Flip) -> Flip:
    """Bind the flip key or take it back; what tmux refuses becomes a warning."""
    try:
        if flip.do == "bind":
            strips.bind_flip()
        elif flip.do == "unbind":
            strips.unbind_flip()
    except PaneError as error:
        return flip._replace(works=False, warning=plain(error.message, 200))
    return flip
