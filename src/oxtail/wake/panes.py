"""Which tmux pane hosts which process; implements :class:`oxtail.ports.Panes`.

A pane is only ever proven, by walking from a process up to the one that the pane runs.
What a registry entry says about its pane is a claim and is not used here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, TypeAlias

from oxtail.core.census import PaneTable
from oxtail.errors import PaneError
from oxtail.tmux.server import Tmux, is_pane_id
from oxtail.trace import Trace, silent
from oxtail.wake.pane_view import view_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from oxtail.core.pane import Pane, PaneView
    from oxtail.tmux.server import Screen

ANCESTORS_MAX: Final = 64
"""How many parents are looked at; real chains are shorter, and a made-up one could be a ring."""

ParentOf: TypeAlias = "Callable[[int], int | None]"
"""Return the parent of a process, or None where it is gone or cannot be seen."""


def same_terminal(pid: int, other: int) -> bool:
    """Tell whether two processes belong to one terminal session; doubt means False."""
    try:
        return os.getsid(pid) == os.getsid(other)
    except OSError:
        return False


def host_among(
    panes: Iterable[Pane],
    pid: int,
    parent_of: ParentOf,
    is_same_terminal: Callable[[int, int], bool] = same_terminal,
) -> Pane | None:
    """Return the pane among *panes* whose process is *pid* or the nearest ancestor of it.

    A daemon that a pane's process started has left its terminal: Codex runs the sessions of all
    its screens in one, a child of the first screen, and none of them belongs to that pane.
    """
    by_pid: dict[int, Pane] = {}
    for pane in panes:
        by_pid.setdefault(pane.pane_pid, pane)
    current: int | None = pid if by_pid else None
    for _ in range(ANCESTORS_MAX + 1):
        if current is None or current <= 1:
            return None
        if current in by_pid:
            return by_pid[current] if is_same_terminal(pid, current) else None
        current = parent_of(current)
    return None


def _views(
    hosts: Iterable[tuple[int, Pane]], screens: Iterable[Screen]
) -> Iterator[tuple[int, PaneView]]:
    """Yield what is seen of the processes whose panes are among *screens*."""
    shown = {(each.pane_id, each.pane_pid): each for each in screens}
    for pid, pane in hosts:
        screen = shown.get((pane.pane_id, pane.pane_pid))
        if screen and screen.pane_pid:
            yield pid, view_of(screen.text, screen.cursor_y)


class TmuxPanes:
    """The panes of the user's tmux server.

    Args:
        environ: Of this process: ``PATH``, ``TMUX``, ``TMUX_TMPDIR`` and ``TMUX_PANE`` count.
        parent_of: Returns the parent of a process.
        trace: Told about every tmux call.
        parents: Returns such a function for many questions at one moment; *parent_of* without it.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        parent_of: ParentOf,
        trace: Trace = silent,
        *,
        parents: Callable[[], ParentOf] | None = None,
    ) -> None:
        self._tmux = Tmux(environ, trace)
        self._parent_of = parent_of
        self._parents = parents or (lambda: parent_of)
        self._hint = environ.get("TMUX_PANE")

    def list(self) -> tuple[Pane, ...]:
        """Return all panes; none where there is no tmux or no tmux server.

        Raises:
            PaneError: tmux answered with something else.
        """
        return self._tmux.panes()

    def hosts(self, pids: Collection[int], watched: Sequence[str] = ()) -> PaneTable:
        """Return panes and what they run; see :meth:`oxtail.ports.Panes.hosts`."""
        panes, screens = self._tmux.look(watched)
        if not panes:
            return PaneTable()
        look, parents = self._parents(), dict[int, "int | None"]()

        def parent_of(pid: int) -> int | None:
            if pid not in parents:
                parents[pid] = look(pid)
            return parents[pid]

        found = ((pid, host_among(panes, pid, parent_of)) for pid in pids)
        hosts = tuple((pid, pane) for pid, pane in found if pane)
        return PaneTable(panes, hosts, tuple(_views(hosts, screens)))

    def host_of(self, pid: int) -> Pane | None:
        """Return the pane that provably runs process *pid*, or None, also where tmux failed."""
        try:
            return host_among(self.list(), pid, self._parent_of)
        except PaneError:
            return None  # the call is in the trace; without an answer nothing is proven

    def own(self, pid: int) -> Pane | None:
        """Return the pane in which this process (*pid*) runs, for its registry entry.

        The process tree decides.  ``TMUX_PANE`` counts where the tree leads to no pane, and only
        if it has the form of a pane id and names a pane that exists.
        """
        try:
            panes = self.list()
        except PaneError:
            return None
        host = host_among(panes, pid, self._parent_of)
        if host or not is_pane_id(self._hint):
            return host
        return next((pane for pane in panes if pane.pane_id == self._hint), None)

    def capture(self, pane_id: str, lines: int) -> str:
        """Return the last *lines* rows of a pane.

        Raises:
            PaneError: there is no such pane, or tmux failed.
        """
        return self._tmux.capture(pane_id, lines)
