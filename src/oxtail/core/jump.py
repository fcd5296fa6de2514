"""Which terminal goes to the pane of an agent.

The rule: panes, windows and sessions are meant by their ids, and a terminal is only moved where no
doubt is left which one; otherwise nothing is, and the person is told what to do.
``docs/reference/fleet.md`` lists :data:`REFUSALS`.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final, NoReturn

from oxtail.core.plain import plain
from oxtail.core.value import Value
from oxtail.errors import JumpRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOT_PROVED: Final = "pane-not-proved"
PANE_GONE: Final = "pane-gone"
NO_CLIENT: Final = "no-client"
SEVERAL_CLIENTS: Final = "several-clients"
CLIENTS_ELSEWHERE: Final = "clients-elsewhere"
UNKNOWN_CLIENT: Final = "unknown-client"

REFUSALS: Final[Mapping[str, str]] = {
    NOT_PROVED: "No tmux pane provably runs the agent's server.",
    PANE_GONE: "The pane went away while it was looked at.",
    NO_CLIENT: "No terminal is attached to tmux.",
    SEVERAL_CLIENTS: "Several terminals show the agent's tmux session; name one with --client.",
    CLIENTS_ELSEWHERE: "The terminals that are attached show other tmux sessions; name one with "
    "--client.",
    UNKNOWN_CLIENT: "No attached terminal has this name.",
}
"""Every reason why no terminal was moved, and what it means."""


class Spot(Value):
    """A pane and where it is.

    Attributes:
        pane_id: ``%`` and a number.
        pane_pid: The process that it runs; 0 if that has ended.
        window_id: ``@`` and a number.
        session_id: ``$`` and a number; a window that is linked is in several.
        session: Name of that session; a label, and never an identity.
        is_dock: Whether it is the dock of a cockpit.
    """

    pane_id: str
    pane_pid: int
    window_id: str
    session_id: str
    session: str
    is_dock: bool = False


class Terminal(Value):
    """A terminal that is attached to tmux, which tmux calls a client.

    Attributes:
        name: What tmux calls it, as ``/dev/pts/3``.
        session_id: The session that it shows.
        session: Name of that session.
        active_at: When somebody last typed there, in unix seconds.
    """

    name: str
    session_id: str
    session: str
    active_at: int = 0


class Scene(Value):
    """All panes and terminals of a tmux server at one moment.

    Attributes:
        spots: The panes; one whose window is linked is there once for each session.
        terminals: The terminals.
        own_pane: The pane that this program runs in, if any.
        socket: The socket of the server where it is not the usual one, else empty.
    """

    spots: tuple[Spot, ...] = ()
    terminals: tuple[Terminal, ...] = ()
    own_pane: str | None = None
    socket: str = ""

    @property
    def own_sessions(self) -> frozenset[str]:
        """The sessions that this program's pane is in."""
        return frozenset(s.session_id for s in self.spots if s.pane_id == self.own_pane)

    @property
    def own_terminal(self) -> Terminal | None:
        """The terminal in which somebody looks at this program: the one last typed in."""
        own = [each for each in self.terminals if each.session_id in self.own_sessions]
        return max(own, key=lambda each: (each.active_at, each.name), default=None)

    def spot_of(self, pane_id: str, pane_pid: int) -> Spot | None:
        """Return where a pane is that runs *pane_pid*, best where a terminal shows its session."""
        found = [
            each for each in self.spots if (each.pane_id, each.pane_pid) == (pane_id, pane_pid)
        ]
        shown = {each.session_id for each in self.terminals}
        own = self.own_terminal
        return min(
            found,
            key=lambda each: (
                own is None or each.session_id != own.session_id,
                each.session_id not in shown,
                each.session_id,
            ),
            default=None,
        )

    def dock_of(self, spot: Spot) -> Spot | None:
        """Return the dock in the window of *spot*."""
        return next(
            (s for s in self.spots if s.is_dock and s.window_id == spot.window_id and s.pane_pid),
            None,
        )


def attach_command(spot: Spot, socket: str = "") -> str:
    """Return what a person types to see *spot* in a terminal that shows no tmux."""
    server = f"-S {shlex.quote(socket)} " if socket else ""
    # tmux takes a name that it does not know for the beginning of one, unless "=" is before it.
    session = f"={spot.session}" if spot.session.isprintable() else spot.session_id
    target = f"{session}:{spot.window_id}.{spot.pane_id}"
    # Quoted in any case: a word that begins with "=" is the name of a command to zsh.
    quoted = "'" + target.replace("'", "'\"'\"'") + "'"
    return f"tmux {server}attach-session -t {quoted}"


def choose(scene: Scene, spot: Spot, wanted: str | None = None) -> Terminal:
    """Return the terminal that goes to *spot*.

    That is the one that was *wanted*.  Without a wish: the one in which this program is looked at,
    if it shows the session of *spot* already; else the only other one that shows it; else, where no
    other terminal is attached at all, one's own.

    Raises:
        JumpRefused: it is not clear which, or there is none.
    """
    if wanted is not None:
        named = next((each for each in scene.terminals if each.name == wanted), None)
        return named or _refuse(UNKNOWN_CLIENT, scene, spot, scene.terminals)
    own = scene.own_terminal
    if own and own.session_id == spot.session_id:
        return own
    others = [each for each in scene.terminals if each != own]
    there = [each for each in others if each.session_id == spot.session_id]
    if len(there) == 1:
        return there[0]
    if there:
        _refuse(SEVERAL_CLIENTS, scene, spot, there)
    if others:
        _refuse(CLIENTS_ELSEWHERE, scene, spot, scene.terminals)
    return own or _refuse(NO_CLIENT, scene, spot, ())


def _refuse(reason: str, scene: Scene, spot: Spot, listed: Sequence[Terminal]) -> NoReturn:
    command = attach_command(spot, scene.socket)
    names = ", ".join(f"{plain(each.name)} ({plain(each.session, 40)})" for each in listed)
    attached = f" Attached: {names}." if names else ""
    raise JumpRefused(
        f"{REFUSALS[reason]}{attached} By hand: {command}",
        reason=reason,
        command=command,
        clients=[{"name": each.name, "session": each.session} for each in listed],
    )
