"""Looking at the pane in which a program is to start, and typing the line that starts it.

The rule: it looks and types, and decides nothing; :mod:`oxtail.core.bringup` does.  A line goes
only into a pane whose own shell has the keys at this moment.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from oxtail.core.bringup import Look, asks_at_start
from oxtail.core.clean_environ import agent_variables
from oxtail.core.launch import shell_name
from oxtail.errors import PaneError
from oxtail.wake.foreground import parse_processes
from oxtail.wake.pane_guard import Guard, PaneFacts, examine

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.wake.pane_keys import PaneKeys

ENVIRON_MAX_BYTES: Final = 262_144
"""How much of a shell's environment is looked at."""

_KILL_LINE: Final = "C-u"
"""Takes back what stands in the input line of a shell; does nothing where nothing stands."""


def environ_names(pid: int) -> tuple[str, ...]:
    """Return the variables with which process *pid* was started; none where that is not told."""
    try:
        with open(f"/proc/{int(pid)}/environ", "rb") as file:
            text = file.read(ENVIRON_MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ()
    return tuple(each.partition("=")[0] for each in text.split("\0") if "=" in each)


class PaneFront:
    """The panes of a tmux server, as far as starting a program in one needs them.

    Args:
        keys: The panes.
        run_ps: Runs ``ps`` with arguments; returns what it printed, or None.
        names_of: Returns the environment variables of a process.
    """

    def __init__(
        self,
        keys: PaneKeys,
        run_ps: Callable[..., str | None],
        names_of: Callable[[int], tuple[str, ...]] = environ_names,
    ) -> None:
        self._keys = keys
        self._run_ps = run_ps
        self._names_of = names_of

    def look(self, pane_id: str) -> Look:
        """Return what is in a pane now.

        Raises:
            PaneError: there is no such pane, or tmux failed.
        """
        facts, rows = self._keys.look(pane_id)
        guard = examine(facts, rows)
        texts = tuple(row.text for row in rows)
        is_own = self._is_own(facts)
        return Look(
            is_alive=facts.pane_pid > 0,
            command=facts.command,
            is_own=is_own,
            has_shell=is_own and shell_name(facts.command) is not None,
            takes_keys=not (facts.in_mode or facts.input_off or facts.synchronized),
            asks=guard is Guard.DIALOG or (guard is Guard.NO_COMPOSER and asks_at_start(texts)),
            is_clear=guard is Guard.CLEAR,
            rows=texts,
        )

    def _is_own(self, facts: PaneFacts) -> bool:
        """Tell whether the pane's own process has its keys.

        A shell that waits for a line does; a shell that runs a script is a process of its own.
        """
        if facts.pane_pid <= 0:
            return False
        form = ("-o", "pid=,ppid=,pgid=,tpgid=,tty=,comm=", "-p", str(facts.pane_pid))
        process = parse_processes(self._run_ps(*form) or "").get(facts.pane_pid)
        return process is not None and process.pgid == process.tpgid

    def shell(self, pane_id: str) -> tuple[str, tuple[str, ...]]:
        """Return the shell of a pane, and which variables of an agent it was started with.

        Raises:
            PaneError: no shell of the pane's own has the keys, or as :meth:`look`.
        """
        facts, _ = self._keys.look(pane_id)
        name = shell_name(facts.command)
        if name is None or not self._is_own(facts):
            raise PaneError("no shell has the keys of the pane", pane=pane_id)
        return name, agent_variables(self._names_of(facts.pane_pid))

    def run_line(self, pane_id: str, line: str) -> None:
        """Type *line* into the shell of a pane, in the place of what stands there, and run it.

        Raises:
            PaneError: *line* cannot be typed, or as :meth:`shell`; nothing was run.
        """
        self.shell(pane_id)
        self._keys.run_line(pane_id, line, _KILL_LINE)


def real_path(path: str) -> str:
    """Return where *path* leads; a path that leads nowhere stays as it is."""
    return os.path.realpath(path)
