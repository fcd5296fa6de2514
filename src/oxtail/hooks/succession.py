"""What a session inherits when it starts under a client that has had another one before.

Works without any server: both sessions have left word in ``session-starts/`` under which process
they started.  Rules of this file:

* Only Claude Code goes on with a conversation in the same process under a new id, after a
  ``/clear``, a ``/resume`` or a compaction.  A Codex process holds several conversations at once,
  each with a server of its own, so there one is never the heir of another.
* A client's process is known by its pid and its start; where the start is unknown, nothing is
  inherited.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from oxtail.core.hook import CLAUDE
from oxtail.core.names import session_box
from oxtail.disk.doorstep import FileDoorstep
from oxtail.errors import StoreError
from oxtail.identity.drops import Drops
from oxtail.store.files.lineage import FileLineage

if TYPE_CHECKING:
    from oxtail.core.hook import HookEvent
    from oxtail.disk.atomic import Disk

STARTUP: Final = "startup"
"""Source of a start after which nothing is inherited: the process is new, too."""

SOURCE: Final = "session-start"
"""How lineage records name this way of learning a succession."""


class _Clock:
    """The time of this machine; a context is not loaded for it."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)


def lineage_on(disk: Disk) -> FileLineage:
    """Return the lineage in the state folder of *disk*."""
    return FileLineage(disk, _Clock())


def follow(disk: Disk, event: HookEvent, source: object, pid: int, signature: str) -> None:
    """Let the session of *event* inherit, before its own start is noted.

    Never raises; a failure is traced, and costs the inheritance until the server records it.

    Args:
        disk: The state folder.
        event: A SessionStart.
        source: What the client says of the start.
        pid: The client's process.
        signature: Its start.
    """
    if event.client != CLAUDE:
        return
    lineage = lineage_on(disk)
    session_id = event.session_id
    try:
        before = None if source == STARTUP else _before(disk, lineage, session_id, pid, signature)
        if before is not None:
            won = lineage.record(before, session_id, SOURCE)
            disk.trace("session_renamed", session_id=session_id, former=before, inherits=won)
            _lead(disk, session_id, lineage.former(session_id))
        elif lineage.heir(session_id) != session_id:
            lineage.returned(session_id)
    except StoreError as error:
        disk.trace("lineage_failed", session_id=session_id, error=error.message)


def _before(
    disk: Disk, lineage: FileLineage, session_id: str, pid: int, signature: str
) -> str | None:
    """Return the session that this process had last, if it is another one."""
    if not signature:
        return None
    drops = [
        drop for drop in Drops(disk).all(time.time()) if (drop.ppid, drop.sig) == (pid, signature)
    ]
    if not drops:
        return None
    # Starts are noted to the second; of two in one second the later one has no heir yet.
    latest = max(drops, key=lambda drop: drop.written_at)
    last = lineage.heir(latest.session_id)
    return last if last != session_id else None


def _lead(disk: Disk, session_id: str, former: tuple[str, ...]) -> None:
    """Lead the script of the next hooks to the boxes of the ids before; they may hold mail."""
    doorstep = FileDoorstep(disk)
    boxes = dict.fromkeys(map(session_box, (session_id, *former)))
    for each in (session_id, *former):
        boxes |= dict.fromkeys(doorstep.boxes(each))
    doorstep.place(session_id, tuple(boxes))
