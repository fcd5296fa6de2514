"""Looking at one pane and typing into it, through :mod:`oxtail.tmux.server`.

The rule: these are the only calls that send keys.  Whether they may be sent is decided elsewhere.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from oxtail.errors import PaneError
from oxtail.wake.pane_guard import PaneFacts
from oxtail.wake.screen import Row, parse_screen

if TYPE_CHECKING:
    from oxtail.tmux.server import Tmux

_FIELDS: Final = (
    "pane_id", "pane_pid", "pane_dead", "pane_in_mode", "pane_input_off", "pane_synchronized",
    "cursor_x", "cursor_y", "pane_tty", "pane_current_command",
)  # fmt: skip


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def parse_look(output: bytes, word: str) -> tuple[PaneFacts, tuple[Row, ...]] | None:
    """Return what :meth:`PaneKeys.look` saw, or None if *output* is something else."""
    head, border, screen = output.decode("utf-8", "replace").partition(f"</{word}>\n")
    fields = head.split(f"<{word}>")
    if not border or len(fields) != len(_FIELDS):
        return None
    pane_id, pid, dead, mode, off, synchronized, column, row, tty, command = fields
    facts = PaneFacts(
        pane_id=pane_id,
        pane_pid=0 if dead == "1" else _number(pid),
        tty=tty,
        command=command,
        in_mode=_number(mode) > 0,
        input_off=off == "1",
        synchronized=synchronized == "1",
        cursor_x=_number(column),
        cursor_y=_number(row),
    )
    return facts, parse_screen(screen.removesuffix("\n"))


class PaneKeys:
    """The panes of a tmux server, as far as typing needs them.

    Attributes:
        tmux: The server.
    """

    def __init__(self, tmux: Tmux) -> None:
        self.tmux = tmux

    def look(self, pane_id: str) -> tuple[PaneFacts, tuple[Row, ...]]:
        """Return what tmux says about one pane, and what it shows, both of one moment.

        Raises:
            PaneError: *pane_id* is none, the pane is gone, or tmux failed.
        """
        word = os.urandom(8).hex()
        form = f"<{word}>".join(f"#{{{field}}}" for field in _FIELDS) + f"</{word}>"
        answer = self.tmux.on_pane(
            pane_id,
            ("display-message", "-p", "-t", pane_id, form),
            ("capture-pane", "-p", "-e", "-t", pane_id),
        )
        seen = parse_look(answer, word)
        if seen is None or seen[0].pane_id != pane_id:
            raise PaneError("tmux told of another pane", pane=pane_id)
        return seen

    def paste(self, pane_id: str, text: str) -> None:
        """Put *text* into a pane as one paste, in brackets where its program asked for them.

        It goes through a buffer of its own, which is gone afterwards; the user's buffers stay.

        Raises:
            PaneError: as :meth:`look`, or *text* is no line that tmux passes on as it is.
        """
        _check_line(text)
        buffer = f"oxtail-{os.urandom(8).hex()}"
        try:
            self.tmux.on_pane(
                pane_id,
                ("set-buffer", "-b", buffer, "--", text),
                ("paste-buffer", "-p", "-d", "-b", buffer, "-t", pane_id),
            )
        except PaneError:
            with contextlib.suppress(PaneError):  # the paste has removed it, or nothing was set
                self.tmux.on_pane(pane_id, ("delete-buffer", "-b", buffer))
            raise

    def type(self, pane_id: str, text: str) -> None:
        """Type *text* into a pane, character by character as it stands.

        Raises:
            PaneError: as :meth:`paste`.
        """
        _check_line(text)
        self.tmux.on_pane(pane_id, ("send-keys", "-t", pane_id, "-l", "--", text))

    def run_line(self, pane_id: str, text: str, before: str) -> None:
        """Press the key *before*, type *text* as it stands, and press Enter; nothing in between.

        Raises:
            PaneError: as :meth:`paste`.
        """
        _check_line(text)
        self.tmux.on_pane(
            pane_id,
            ("send-keys", "-t", pane_id, before),
            ("send-keys", "-t", pane_id, "-l", "--", text),
            ("send-keys", "-t", pane_id, "Enter"),
        )

    def press_enter(self, pane_id: str) -> None:
        """Press Enter in a pane.

        Raises:
            PaneError: as :meth:`look`.
        """
        self.tmux.on_pane(pane_id, ("send-keys", "-t", pane_id, "Enter"))


def _check_line(text: str) -> None:
    """Refuse what a terminal would obey, and what tmux would take for the end of a command."""
    if not text.isprintable() or text.endswith(";"):
        raise PaneError("not a line that can be typed")
