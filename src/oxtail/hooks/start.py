"""The start of a session: under which process it runs, what it inherits, what may be open in it.

Loaded for this event only; it may start ``ps``.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Final

from oxtail.core.codec import encode_compact
from oxtail.core.names import parse_pid, session_box
from oxtail.disk.atomic import Disk
from oxtail.disk.doorstep import FileDoorstep
from oxtail.hooks.script import NAME
from oxtail.hooks.succession import follow, lineage_on
from oxtail.identity.drops import leave
from oxtail.identity.process import lstart, stat_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oxtail.config import Settings
    from oxtail.core.hook import HookEvent
    from oxtail.trace import Trace

PAYLOAD_MAX_BYTES: Final = 32_768
"""Largest payload that is kept as it is; of a larger one only the members that identify."""

_IDENTIFYING: Final = ("session_id", "cwd", "transcript_path", "hook_event_name", "source")
_MEMBER_MAX_CHARS: Final = 4_096
_SHELLS: Final = frozenset(("sh", "dash", "bash", "zsh", "ash", "ksh", "busybox", NAME))
"""What stands between the client and this; a script goes by its own name."""


def begin(settings: Settings, trace: Trace, event: HookEvent, members: Mapping[str, Any]) -> bool:
    """Note the start of a session, and let it inherit from the one before it in its process.

    The note in ``session-starts/`` is what a server finds itself by.

    Returns:
        Whether anything may be open in the session; a look at a few names tells.

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
    if not event.is_subagent:
        follow(disk, event, members.get("source"), pid, signature)
    leave(disk, event.session_id, kept, ppid=pid, signature=signature, now=time.time())
    return _may_have_open(disk, event.session_id)


def _may_have_open(disk: Disk, session_id: str) -> bool:
    layout = disk.layout
    if any(map(disk.names, (layout.asks, layout.pending_asks, layout.claimed))):
        return True
    ids = (session_id, *lineage_on(disk).former(session_id))
    boxes = {*map(session_box, ids), *FileDoorstep(disk).boxes(session_id)}
    paths = [*map(layout.ledger, ids), *map(layout.box, boxes)]
    return any((stamp := disk.stamp(path)) and stamp.size for path in paths)


def _client_pid(environ: Mapping[str, str]) -> int:
    """Return the client's process: the one it names, else the nearest that is no shell."""
    named = parse_pid(environ.get("CLAUDE_PID", ""))
    if named:
        return named
    pid = os.getppid()
    while (stat := stat_of(pid)) and stat.comm in _SHELLS and stat.ppid > 1:
        pid = stat.ppid
    return pid
