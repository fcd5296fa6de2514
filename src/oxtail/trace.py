"""The trace: one JSON line per event, for whoever wants to know what happened.

Tracing is off unless ``MCP_TRACE_FILE`` names a file.  It never fails: a trace that cannot be
written is worth less than the work it would describe.  The events: ``docs/reference/trace.md``.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, TypeAlias

from oxtail.core.codec import encode_line

if TYPE_CHECKING:
    from collections.abc import Callable

TRACE_MAX_BYTES: Final = 16 * 1024 * 1024
"""Size at which a trace file is set behind a new one; two such files are kept at most."""

Trace: TypeAlias = "Callable[..., None]"
"""Called as ``trace("event_name", member=value, ...)``."""


def silent(event: str, **members: object) -> None:
    """Drop the event."""


def timestamp(now: float) -> str:
    """Return *now* (unix seconds) as ISO 8601 in UTC with milliseconds."""
    whole = int(now)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
    return f"{stamp}.{int((now - whole) * 1000):03d}Z"


def rotated(path: str) -> str:
    """Return where the older half of the trace *path* is kept."""
    return f"{path}.1"


def open_trace(path: str | None) -> Trace:
    """Return the function that appends events to the file *path*, or one that drops them.

    A file that has grown over :data:`TRACE_MAX_BYTES` becomes ``<path>.1``, replacing an older one.
    A member named like one of ``ts``, ``server_pid`` or ``event`` replaces it, as every peer does.
    """
    if not path:
        return silent

    def write(event: str, **members: object) -> None:
        record = {
            "ts": timestamp(time.time()),
            "server_pid": os.getpid(),
            "event": event,
            **members,
        }
        try:
            line = encode_line(record)
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, line)
                size = os.fstat(descriptor).st_size
            finally:
                os.close(descriptor)
            # Of several writers at the limit each renames at most what was written since.
            if size > TRACE_MAX_BYTES and os.stat(path).st_size > TRACE_MAX_BYTES:
                os.rename(path, rotated(path))
        except (OSError, ValueError, TypeError):
            return  # the promise above: a trace never fails the work

    return write
