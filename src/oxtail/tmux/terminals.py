"""Terminals that are attached to tmux; implements :class:`oxtail.ports.Terminals`.

The rule: what is selected and where a terminal goes is said by ids only.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from oxtail.core.jump import Scene, Spot, Terminal
from oxtail.errors import NoTmuxServer
from oxtail.tmux.server import Tmux, is_pane_id, socket_path
from oxtail.trace import Trace, silent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SPOT: Final = (
    "pane_id", "pane_pid", "pane_dead", "window_id", "session_id", "session_name", "@oxpit_dock",
)  # fmt: skip
_TERMINAL: Final = ("client_name", "session_id", "session_name", "client_activity")
_ID: Final = re.compile(r"[@$][0-9]{1,9}")


def _form(fields: tuple[str, ...], word: str) -> str:
    return f"<{word}>".join(f"#{{{field}}}" for field in fields) + f"</{word}>"


def _records(output: bytes, fields: int, word: str) -> Iterator[list[str]]:
    """Yield the records in the form of *word*; what has another number of fields is left out."""
    for record in output.decode("utf-8", "surrogateescape").split(f"</{word}>"):
        values = record.removeprefix("\n").split(f"<{word}>")
        if len(values) == fields:
            yield values


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def parse_spots(output: bytes, word: str) -> tuple[Spot, ...]:
    """Return the panes in an answer of ``list-panes``."""
    found = []
    for pane, pid, dead, window, session, name, dock in _records(output, len(_SPOT), word):
        if is_pane_id(pane) and _ID.fullmatch(window) and _ID.fullmatch(session):
            alive = 0 if dead == "1" else _number(pid)
            found.append(Spot(pane, alive, window, session, name, dock == "1"))
    return tuple(found)


def parse_terminals(output: bytes, word: str) -> tuple[Terminal, ...]:
    """Return the terminals in an answer of ``list-clients``."""
    return tuple(
        Terminal(name, session, label, _number(active))
        for name, session, label, active in _records(output, len(_TERMINAL), word)
        if name and _ID.fullmatch(session)
    )


class TmuxTerminals:
    """The terminals of the user's tmux server.

    Args:
        environ: Of this process: ``PATH``, ``TMUX``, ``TMUX_TMPDIR`` and ``TMUX_PANE`` count.
        trace: Told about every tmux call.
    """

    def __init__(self, environ: Mapping[str, str], trace: Trace = silent) -> None:
        self._tmux = Tmux(environ, trace)
        plain = {name: value for name, value in environ.items() if name != "TMUX"}
        self._socket = "" if socket_path(plain) == self._tmux.socket else self._tmux.socket
        own = environ.get("TMUX_PANE")
        self._own = own if environ.get("TMUX") and is_pane_id(own) else None

    def scene(self) -> Scene:
        """Return all panes and terminals; see :meth:`oxtail.ports.Terminals.scene`."""
        spots, terminals = (os.urandom(8).hex() for _ in range(2))
        try:
            output = self._tmux.run(
                ("list-panes", "-a", "-F", _form(_SPOT, spots)),
                ("list-clients", "-F", _form(_TERMINAL, terminals)),
            )
        except NoTmuxServer:
            return Scene(socket=self._socket)
        panes, border, clients = output.rpartition(f"</{spots}>".encode())
        return Scene(
            parse_spots(panes + border, spots),
            parse_terminals(clients, terminals),
            self._own,
            self._socket,
        )

    def show(self, spot: Spot, terminal: Terminal | None) -> None:
        """Go to *spot*; see :meth:`oxtail.ports.Terminals.show`."""
        commands: list[tuple[str, ...]] = [
            ("select-pane", "-t", spot.pane_id),
            ("select-window", "-t", f"{spot.session_id}:{spot.window_id}"),
        ]
        if terminal:
            commands.append(("switch-client", "-c", terminal.name, "-t", spot.session_id))
        self._tmux.run(*commands)
