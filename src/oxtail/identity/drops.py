"""What SessionStart hooks leave behind: which session started under which process.

The hook runs as a child of the client, and so does the server, so a drop whose parent process
stands above this server names its session for sure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from oxtail.core.codec import encode_compact, is_schema_one
from oxtail.core.names import is_session_id
from oxtail.core.value import Value
from oxtail.errors import StoreError
from oxtail.identity.records import Records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oxtail.disk.atomic import Disk

KEEP_SECONDS: Final = 30 * 86_400
"""A drop older than this is removed."""

FRESH_SECONDS: Final = 120
"""How long before the server's start an unconfirmed drop may have been written."""

GRACE_SECONDS: Final = 10
"""How long an unconfirmed drop waits for a confirmed one before it counts."""


class Drop(Value):
    """One start of a session.

    Attributes:
        session_id: The session.
        cwd: Where it works, or None.
        ppid: The process under which the hook ran.
        sig: The start of that process, with single blanks, or empty.
        written_at: When it was written, unix seconds; 0 if unknown.
    """

    session_id: str
    cwd: str | None
    ppid: int | None
    sig: str
    written_at: float


def parse_drop(_name: str, value: object) -> Drop | None:
    """Return the drop that *value* describes, or None if it is none that this code understands."""
    if not isinstance(value, dict) or not is_schema_one(value.get("schema_version")):
        return None
    payload, ppid, sig = value.get("payload"), value.get("ppid"), value.get("ppid_sig")
    written = value.get("written_at")
    if not isinstance(payload, dict):
        return None
    session_id, cwd = payload.get("session_id"), payload.get("cwd")
    if not isinstance(session_id, str) or not is_session_id(session_id):
        return None
    if isinstance(written, bool) or not isinstance(written, (int, float)):
        written = 0
    return Drop(
        session_id=session_id,
        cwd=cwd if isinstance(cwd, str) and cwd else None,
        ppid=ppid if isinstance(ppid, int) and not isinstance(ppid, bool) else None,
        sig=" ".join(sig.split()) if isinstance(sig, str) else "",
        written_at=written,
    )


def leave(
    disk: Disk,
    session_id: str,
    payload: Mapping[str, Any],
    *,
    ppid: int,
    signature: str,
    now: float,
) -> None:
    """Say that *session_id* started at *now* under *ppid*, whose start is *signature*.

    Not synced: after a power cut neither the process nor its server is there.

    Raises:
        StoreError: it could not be written.
    """
    path = disk.layout.session_start(session_id)
    members = {
        "schema_version": 1,
        "ppid": ppid,
        "ppid_sig": signature,
        "written_at": int(now),
        "payload": payload,
    }
    disk.folder(disk.layout.session_starts)
    try:
        disk.publish(path, encode_compact(members), durable=False)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error


class Drops:
    """The folder ``session-starts/``; written by hooks of several versions, so nothing is moved."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._records = Records(
            disk,
            disk.layout.session_starts,
            parse_drop,
            accepts=lambda name: not name.startswith(".") and "/" not in name,
            keep_damaged=True,
        )

    def all(self, now: float) -> tuple[Drop, ...]:
        """Return the drops younger than :data:`KEEP_SECONDS` and remove the older ones."""
        try:
            found = self._records.all()
        except StoreError as error:
            self._disk.trace("record_unreadable", error=error.message)
            return ()
        kept = []
        for name, seen in found.items():
            if 0 < seen.record.written_at < now - KEEP_SECONDS:
                self._remove(name)
            else:
                kept.append(seen.record)
        return tuple(kept)

    def _remove(self, name: str) -> None:
        try:
            self._disk.remove(self._records.path(name))
        except OSError as error:
            self._disk.trace("record_unreadable", path=name, error=str(error))
