"""Docking windows of tmux; implements :class:`oxtail.app.dock.Strips`.

The rules of this file:

* Sessions, windows and panes are addressed by the ids that tmux gave them, never by a name.
* Nothing is closed but a pane that was made a moment ago and could not be marked.
* Nothing is written into a configuration file; the flip key lasts as long as the tmux server.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, Final

from oxtail.core.dock import COCKPIT, DOCK, FLIP_KEY, DockPane, DockSession, session_named
from oxtail.errors import NoTmuxServer, PaneError
from oxtail.tmux.server import is_pane_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from oxtail.tmux.server import Tmux

TIMEOUT_SECONDS: Final = 5.0
"""How long tmux may take to make a pane."""

_FIELDS: Final = (
    "session_id", "session_name", "session_attached", "window_id", "window_name", "window_index",
    "pane_id", DOCK,
)  # fmt: skip
_WINDOW_ID: Final = re.compile(r"@[0-9]{1,9}")
_SESSION_ID: Final = re.compile(r"\$[0-9]{1,9}")

# Directional, and in quotes: tmux takes braces for a block of commands.
_MOVE: Final = f"if-shell -F '#{{{DOCK}}}' 'select-pane -U' 'select-pane -D'"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def parse_fields(output: bytes, word: str) -> tuple[DockPane, ...]:
    """Return the panes of a ``list-panes`` answer whose fields are parted by ``<word>``.

    A record with another number of fields, or with ids of another form, is left out.
    """
    found = []
    for record in output.decode("utf-8", "surrogateescape").split(f"</{word}>"):
        fields = record.removeprefix("\n").split(f"<{word}>")
        if len(fields) != len(_FIELDS):
            continue
        session_id, session, attached, window_id, window, index, pane_id, strip = fields
        if _SESSION_ID.fullmatch(session_id) and _WINDOW_ID.fullmatch(window_id):
            found.append(
                DockPane(
                    session_id, session, _number(attached) > 0, window_id, window, _number(index),
                    pane_id, strip == "1",
                )
            )  # fmt: skip
    return tuple(found)


class TmuxStrips:
    """See :class:`oxtail.app.dock.Strips`.

    Args:
        tmux: The tmux server of this user.
        environ: Settings that the program of a strip needs and a pane does not inherit.
    """

    def __init__(self, tmux: Tmux, environ: Mapping[str, str]) -> None:
        self._tmux = tmux
        self._environ = dict(environ)

    def session(self, name: str) -> DockSession | None:
        """Return the session of exactly this name, or None."""
        return session_named(self._panes(), name)

    def pane(self, pane_id: str) -> DockPane | None:
        """Return the pane of this id, or None; one whose window is linked is in several places."""
        found = [each for each in self._panes() if each.pane_id == pane_id]
        return found[0] if len(found) == 1 else None

    def _panes(self) -> tuple[DockPane, ...]:
        word = os.urandom(8).hex()
        form = f"<{word}>".join(f"#{{{field}}}" for field in _FIELDS) + f"</{word}>"
        try:
            output = self._tmux.run(("list-panes", "-a", "-F", form))
        except NoTmuxServer:
            return ()
        return parse_fields(output, word)

    def make(self, name: str, root: str) -> None:
        """Make a session with one window ``main`` and a shell in the folder *root*."""
        where = ("-s", name, "-n", "main", "-c", _literal(root))
        self._tmux.run(("new-session", "-d", *where), starts=True, seconds=TIMEOUT_SECONDS)

    def keys(self) -> str | None:
        """Return the root table of keys as tmux lists it, or None if it does not."""
        try:
            return self._tmux.run(("list-keys", "-T", "root")).decode("utf-8", "replace")
        except PaneError:
            return None

    def bind_flip(self) -> None:
        """Let the flip key move between a window's panes and its strip, in docked windows."""
        words = ("if-shell", "-F", f"#{{{COCKPIT}}}", _MOVE, f"send-keys {FLIP_KEY}")
        self._tmux.run(("bind-key", "-T", "root", FLIP_KEY, *words))

    def unbind_flip(self) -> None:
        """Take the binding of the flip key back."""
        self._tmux.run(("unbind-key", "-T", "root", FLIP_KEY))

    def set_flip(self, window_id: str, *, works: bool) -> None:
        """Say whether the flip key flips in a window."""
        change = (COCKPIT, "1") if works else ("-u", COCKPIT)
        self._tmux.run(("set-option", "-w", "-t", _window(window_id), *change))

    def fit(self, window_id: str, columns: int, rows: int) -> None:
        """Give a window that nobody looks at the size that it will have."""
        window = _window(window_id)
        self._tmux.run(
            ("resize-window", "-t", window, "-x", str(columns), "-y", str(rows)),
            # Resizing makes the size a fixed one; whoever attaches decides again.
            ("set-option", "-w", "-u", "-t", window, "window-size"),
        )

    def add(self, window_id: str, rows: int, root: str, words: Sequence[str]) -> str:
        """Add a strip; see :meth:`oxtail.app.dock.Strips.add`."""
        settings = (part for item in self._environ.items() for part in ("-e", "=".join(item)))
        where = ("-t", _window(window_id), "-c", _literal(root), "-l", str(rows))
        output = self._tmux.run(
            ("split-window", "-d", "-v", "-f", *where, *settings, "-P", "-F", "#{pane_id}", "--",
             *words),
            seconds=TIMEOUT_SECONDS,
        )  # fmt: skip
        pane_id = output.decode("ascii", "replace").strip()
        if not is_pane_id(pane_id):
            raise PaneError("tmux does not say which pane it has made")
        try:
            self._tmux.run(("set-option", "-p", "-t", pane_id, DOCK, "1"))
        except PaneError:
            # Unmarked, it would be a foreign pane that keeps its window from being closed.
            with contextlib.suppress(PaneError):
                self._tmux.run(("kill-pane", "-t", pane_id))
            raise
        return pane_id

    def show(self, window_id: str) -> None:
        """Make a window the one that its session shows."""
        self._tmux.run(("select-window", "-t", _window(window_id)))

    def switch(self, session_id: str) -> None:
        """Let the tmux client of this process show a session."""
        self._tmux.run(("switch-client", "-t", _session(session_id)))

    def attach(self, session_id: str) -> None:
        """Show a session on the terminal of this process until it is left."""
        self._tmux.attach(_session(session_id))

    def pin(self, pane_id: str, rows: int) -> None:
        """Give a strip its height."""
        self._tmux.on_pane(pane_id, ("resize-pane", "-t", pane_id, "-y", str(rows)))


def _literal(path: str) -> str:
    """Return *path* so that tmux, which expands what it is given, makes *path* of it."""
    return path.replace("#", "##")


def _window(window_id: str) -> str:
    if not _WINDOW_ID.fullmatch(window_id):
        raise PaneError(f"not a window id: {window_id[:40]!r}")
    return window_id


def _session(session_id: str) -> str:
    if not _SESSION_ID.fullmatch(session_id):
        raise PaneError(f"not a session id: {session_id[:40]!r}")
    return session_id
