"""One event, reported to a command: from standard input to standard output.

A hook fails open: whatever happens, nothing or exactly one line of JSON is printed, the exit status
is 0, the mail that was not shown stays, and the trace says why.
"""

from __future__ import annotations

import errno
import os
import time
from typing import TYPE_CHECKING, Final

from oxtail.config import from_env
from oxtail.core.codec import encode_line
from oxtail.core.hook import CLIENTS, parse
from oxtail.errors import BadArgument, NotEmitted, OxtailError
from oxtail.hooks import payload
from oxtail.trace import open_trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.config import Settings
    from oxtail.trace import Trace

EMIT_SECONDS: Final = 1.0
"""How long a client may take to read the output."""

SEEN: Final = "seen"
"""What the script says where it has seen mail."""


def main(arguments: Sequence[str]) -> None:
    """Handle the event that *arguments* name: ``EVENT CLIENT [SEEN [HEAD]]``.

    ``HEAD`` is what the script has read of standard input already.
    """
    can_emit = _fill_closed_descriptors()
    settings = from_env(os.environ)
    trace = open_trace(settings.trace_file)
    try:
        name, client, seen, head = [*arguments, "", "", "", ""][:4]
        _run(settings, trace, name, client, seen == SEEN, os.fsencode(head), can_emit)
    except OxtailError as error:
        trace("hook_failed", hook_event=arguments[:1], code=error.code, error=error.message)
    except Exception as error:  # noqa: BLE001 - a hook fails open
        trace("hook_failed", hook_event=arguments[:1], code="internal-error", error=repr(error))


def _run(
    settings: Settings,
    trace: Trace,
    name: str,
    client: str,
    was_seen: bool,
    head: bytes,
    can_emit: bool,
) -> None:
    if client not in CLIENTS:
        raise BadArgument("client", f"must be one of {', '.join(CLIENTS)}")
    members = payload.parse(payload.read(0, head))
    event = parse(name, client, members)

    def emit(output: dict[str, object]) -> None:
        if not can_emit:
            raise NotEmitted("standard output is closed")
        write_all(1, encode_line(output))

    if name == "SessionStart":
        from oxtail.hooks.start import begin

        if not begin(settings, trace, event, members) or event.is_subagent:
            return
        from oxtail.app.reminder import remind
        from oxtail.hooks.context import open_context

        remind(open_context(settings, trace, event.session_id), event, emit)
        return
    from oxtail.app.hook import handle
    from oxtail.hooks.context import open_context

    handle(open_context(settings, trace, event.session_id), event, emit, was_seen=was_seen)


def _fill_closed_descriptors() -> bool:
    """Open the null device where a standard descriptor is closed; tell whether output is open.

    Otherwise a file of the state folder would get the number, and be written to as output.
    """
    is_open = True
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            is_open = is_open and descriptor != 1
            os.open(os.devnull, os.O_RDWR)
    return is_open


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of *data*, waiting up to :data:`EMIT_SECONDS` for a reader that is slow.

    Raises:
        NotEmitted: it could not be written completely; what was written is no whole line.
    """
    deadline = time.monotonic() + EMIT_SECONDS
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            _wait_for_room(descriptor, deadline)
        except OSError as error:
            reason = errno.errorcode.get(error.errno or 0, "unknown")
            raise NotEmitted(f"the output could not be written: {reason}") from error


def _wait_for_room(descriptor: int, deadline: float) -> None:
    import select

    left = deadline - time.monotonic()
    if left <= 0 or not select.select((), (descriptor,), (), left)[1]:
        raise NotEmitted("the output was not read in time")
