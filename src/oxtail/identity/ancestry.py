"""Which processes stand above a process, and whether two belong to one agent.

Belongs here: walks up the process tree.  Never here: whether a process is alive.

Two forms exist.  Sticky claims and hook drops compare parents together with their starts, in the
text that every peer writes (:func:`ancestors`, one ``ps``).  Everything else needs the pids of this
moment only (:func:`ancestor_pids`, no process started on Linux).
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Final

from oxtail.core.value import Value
from oxtail.identity.process import run_ps, stat_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CHAIN_MAX: Final = 8
"""Most ancestors that a sticky claim keeps."""

WALK_MAX: Final = 64
"""Most steps of a walk upward; a real tree is far lower, a cycle would never end."""

_LINUX: Final = sys.platform.startswith("linux")
_CLIENT: Final = re.compile(r"(claude|codex)(\.exe)?|codex-(x86_64|aarch64|arm64)\S*")
_CLIENT_SCRIPT: Final = re.compile(r"/claude-code/|/@openai/codex|(^|/)(claude|codex)(\.m?js)?$")
_SCRIPT_RUNNERS: Final = frozenset(("node", "nodejs", "bun", "deno"))


class Ancestor(Value):
    """One process above another: its pid and its ``lstart`` with single blanks, or empty."""

    pid: int
    sig: str


class Row(Value):
    """One process of a snapshot: its parent, and the rest of its line with single blanks."""

    ppid: int
    rest: str


def parse_snapshot(text: str) -> dict[int, Row]:
    """Return the rows of ``ps -A -o pid=,ppid=,...`` by pid; a line of another form is left out."""
    rows = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0].isdecimal() and words[1].isdecimal():
            rows[int(words[0])] = Row(int(words[1]), " ".join(words[2:]))
    return rows


def chain(rows: Mapping[int, Row], parent: int) -> tuple[Ancestor, ...]:
    """Return *parent* and what is above it in *rows*, nearest first.

    It has at most :data:`CHAIN_MAX` elements and ends before pid 1 and on a cycle.  A process that
    is not in *rows* is its last, with an empty signature.
    """
    found: list[Ancestor] = []
    seen: set[int] = set()
    while parent > 1 and parent not in seen and len(found) < CHAIN_MAX:
        seen.add(parent)
        row = rows.get(parent)
        found.append(Ancestor(parent, row.rest if row else ""))
        if row is None:
            break
        parent = row.ppid
    return tuple(found)


def ancestors(pid: int | None = None) -> tuple[Ancestor, ...]:
    """Return the processes above *pid* (this process by default), nearest first; one ``ps``."""
    rows = parse_snapshot(run_ps("-A", "-o", "pid=,ppid=,lstart=") or "")
    if pid is None or pid == os.getpid():
        return chain(rows, os.getppid())
    row = rows.get(pid)
    return chain(rows, row.ppid) if row else ()


def _parent_lookup() -> Callable[[int], int]:
    if _LINUX:

        def from_proc(pid: int) -> int:
            stat = stat_of(pid)
            return stat.ppid if stat else 0

        return from_proc
    rows = parse_snapshot(run_ps("-A", "-o", "pid=,ppid=") or "")
    return lambda pid: rows[pid].ppid if pid in rows else 0


def parents() -> Callable[[int], int | None]:
    """Return what tells parents, for many questions at one moment; at most one ``ps``."""
    look = _parent_lookup()
    return lambda pid: look(pid) or None


def parent_of(pid: int) -> int | None:
    """Return the parent of *pid*, or None where there is none or it is unknown."""
    return _parent_lookup()(pid) or None


def walk(pid: int, parent_of: Callable[[int], int]) -> tuple[int, ...]:
    """Return the pids above *pid*, nearest first, without pid 1; ends on a cycle."""
    found: list[int] = []
    parent = parent_of(pid)
    while parent > 1 and parent != pid and parent not in found and len(found) < WALK_MAX:
        found.append(parent)
        parent = parent_of(parent)
    return tuple(found)


def ancestor_pids(pid: int | None = None) -> tuple[int, ...]:
    """Return the pids above *pid* (this process by default), nearest first, without pid 1."""
    return walk(os.getpid() if pid is None else pid, _parent_lookup())


def is_client_command(argv: tuple[str, ...], comm: str) -> bool:
    """Tell whether a process with this command line and name is an agent's client."""
    program = os.path.basename(argv[0]) if argv else ""
    if _CLIENT.fullmatch(comm) or _CLIENT.fullmatch(program):
        return True
    script = argv[1] if len(argv) > 1 else ""
    return program in _SCRIPT_RUNNERS and _CLIENT_SCRIPT.search(script) is not None


def is_client(pid: int) -> bool:
    """Tell whether process *pid* is Claude Code or Codex, by its name and command line."""
    if not _LINUX:
        words = (run_ps("-o", "command=", "-p", str(pid)) or "").split()
        return is_client_command(tuple(words), "")
    stat = stat_of(pid)
    if stat is None:
        return False
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            argv = file.read(4096).decode("utf-8", "replace").split("\0")
    except OSError:
        argv = []
    return is_client_command(tuple(argv), stat.comm)


def is_ancestor_related(
    first: int, second: int, *, is_client: Callable[[int], bool] = is_client
) -> bool:
    """Tell whether two processes serve one agent.

    They do if one stands above the other, or if the nearest client (Claude Code or Codex) above
    both is the same process.  A shell, a multiplexer or a test runner above both proves nothing:
    it may have started two agents.
    """
    parent_of = _parent_lookup()
    above_first, above_second = walk(first, parent_of), walk(second, parent_of)
    if first == second or first in above_second or second in above_first:
        return True
    client = next((pid for pid in above_first if is_client(pid)), None)
    return client is not None and client == next(
        (pid for pid in above_second if is_client(pid)), None
    )
