"""Which program has the keys of a pane, and whether it is the client of a given server.

The rule: the processes of one moment go in, a verdict comes out; ``ps`` is run elsewhere.

A server stands below its client, and the client has the terminal, so the tree of processes proves
the pane.  A client that is stopped, or has left its terminal to another program, is still above its
server, but the terminal's keys go elsewhere.
"""

from __future__ import annotations

import enum
import os
from typing import TYPE_CHECKING, Final

from oxtail.core import wake
from oxtail.core.value import Value
from oxtail.wake.panes import ANCESTORS_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PS_FORMAT: Final = ("-A", "-o", "pid=,ppid=,pgid=,tpgid=,tty=,comm=")
"""Arguments of the ``ps`` whose answer :func:`parse_processes` reads."""

NO_TTY: Final = frozenset(("?", "??", "-", ""))
"""What ``ps`` says of a process without a terminal."""

_HOLDERS: Final = frozenset(
    (
        "sh", "ash", "bash", "dash", "zsh", "fish", "ksh", "mksh", "tcsh", "csh", "nu", "xonsh",
        "pwsh", "elvish", "login", "su", "sudo", "doas", "sshd", "mosh-server", "tmux", "screen",
        "zellij", "script", "dtach", "abduco", "env", "time", "nice", "nohup", "make",
    )
)  # fmt: skip
"""Programs that hold a terminal for another one and are nobody's client."""


class Process(Value):
    """One process: its parent, group, the group that has its terminal's keys, terminal, name."""

    ppid: int
    pgid: int
    tpgid: int
    tty: str
    comm: str


class Foreground(enum.Enum):
    """Who has the keys of the pane."""

    CLIENT = "client"
    """The client of the server, by the process tree."""

    OTHER = wake.PANE_FOREGROUND
    """A shell, a client's parent while the client is stopped, or another program."""

    UNKNOWN = wake.NO_VERIFIED_PANE
    """The tree does not lead from the server to the pane."""


def parse_processes(text: str) -> dict[int, Process]:
    """Return the processes of a ``ps`` answer by pid; a line of another form is left out."""
    found: dict[int, Process] = {}
    for line in text.splitlines():
        words = line.split(None, 5)
        if len(words) < 6:
            continue
        try:
            pid, ppid, pgid, tpgid = (int(word) for word in words[:4])
        except ValueError:
            continue
        found[pid] = Process(ppid, pgid, tpgid, words[4], words[5].strip())
    return found


def _ancestors(processes: Mapping[int, Process], pid: int) -> list[int]:
    """Return the processes above *pid*, nearest first, as far as they are known."""
    above: list[int] = []
    current = processes[pid].ppid if pid in processes else 0
    while current > 1 and current in processes and len(above) < ANCESTORS_MAX:
        if current in above:
            break
        above.append(current)
        current = processes[current].ppid
    return above


def _is_on(process: Process, tty: str) -> bool:
    """Tell whether *process* has the terminal whose device is *tty*; ``ps`` shortens its name."""
    short = process.tty
    return short not in NO_TTY and (tty == f"/dev/{short}" or tty.endswith(f"/tty{short}"))


def _is_holder(process: Process) -> bool:
    return os.path.basename(process.comm).lstrip("-").split(":", 1)[0] in _HOLDERS


def judge(
    processes: Mapping[int, Process],
    server_pid: int,
    pane_pid: int,
    tty: str,
    *,
    client_type: str,
    is_client: Callable[[int], bool],
) -> Foreground:
    """Return who has the keys of the pane that runs *pane_pid* on the terminal *tty*.

    Args:
        processes: All processes of the moment.
        server_pid: The server of the peer.
        pane_pid: What the pane runs; above the server, or nothing is proven.
        tty: The terminal of the pane, as ``/dev/pts/3``.
        client_type: What the peer says its client is; ``unknown`` for one of another make.
        is_client: Tells whether a process is Claude Code or Codex.
    """
    above = _ancestors(processes, server_pid)
    if pane_pid not in above:
        return Foreground.UNKNOWN
    above = above[: above.index(pane_pid) + 1]
    keys = processes[pane_pid].tpgid
    if keys <= 0 or not _is_on(processes[pane_pid], tty):
        return Foreground.OTHER
    others = [pid for pid in above if not _is_holder(processes[pid])]
    clients = [pid for pid in above if is_client(pid)]
    if client_type == "unknown" and others and others[0] in clients:
        return Foreground.UNKNOWN  # a program that an agent runs; the keys would go to the agent
    candidates = others if client_type == "unknown" else clients or others
    if not candidates:
        return Foreground.OTHER
    nearest = processes[candidates[0]]
    if not _is_on(nearest, tty):
        return Foreground.UNKNOWN  # a daemon, which serves other terminals too
    return Foreground.CLIENT if nearest.pgid == keys else Foreground.OTHER
