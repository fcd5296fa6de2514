"""The start of a session: which session runs under which process, for a server to find itself by.

Loaded for this event only; it may start ``ps``.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Final

from oxtail.core.codec import encode_compact
from oxtail.core.names import parse_pid
from oxtail.disk.atomic import Disk
from oxtail.hooks.script import NAME
from oxtail.identity.drops import leave
from oxtail.identity.process import lstart, stat_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oxtail.config import Settings
    from oxtail.trace import Trace

PAYLOAD_MAX_BYTES: Final = 32_768
"""Largest payload that is kept as it is; of a larger one only the members that identify."""

_IDENTIFYING: Final = ("session_id", "cwd", "transcript_path", "hook_event_name", "source")
_MEMBER_MAX_CHARS: Final = 4_096
_SHELLS: Final = frozenset(("sh", "dash", "bash", "zsh", "ash", "ksh", "busybox", NAME))
"""What stands between the client and this; a script goes by its own name."""


def leave_drop(
    settings: Settings, trace: Trace, session_id: str, members: Mapping[str, Any]
) -> None:
    """Say in ``session-starts/`` that *session_id* has started under this hook's client.

    Raises:
        StoreError: it could not be written.
    """
    kept: Mapping[str, Any] = members
    if len(encode_compact(members)) > PAYLOAD_MAX_BYTES:
        named = {name: members.get(name) for name in _IDENTIFYING}
        kept = {n: v[:_MEMBER_MAX_CHARS] for n, v in named.items() if isinstance(v, str)}
    pid = _client_pid(settings.environ)
    signature = " ".join(lstart(pid).split())
    disk = Disk(settings.home, fsync=settings.fsync, trace=trace)
    leave(disk, session_id, kept, ppid=pid, signature=signature, now=time.time())


def _client_pid(environ: Mapping[str, str]) -> int:
    """Return the client's process: the one it names, else the nearest that is no shell."""
    named = parse_pid(environ.get("CLAUDE_PID", ""))
    if named:
        return named
    pid = os.getppid()
    while (stat := stat_of(pid)) and stat.comm in _SHELLS and stat.ppid > 1:
        pid = stat.ppid
    return pid
