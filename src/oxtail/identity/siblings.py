"""Which processes serve a session, for a hook that has time for nothing else.

:class:`oxtail.identity.registry.FileRegistry` answers the same from parsed entries; here a file is
parsed only if it holds the session's id at all.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from oxtail.core.codec import decode, encode_compact
from oxtail.core.names import parse_pid
from oxtail.errors import StoreError

if TYPE_CHECKING:
    from oxtail.disk.atomic import Disk

_ENTRY_MAX_BYTES: Final = 65_536
_SUFFIX: Final = ".json"


def pids_of(disk: Disk, session_id: str) -> tuple[int, ...]:
    """Return the processes, live or dead, whose entries name *session_id*.

    An entry that cannot be read, or speaks for another process than its name says, counts as none.

    Raises:
        StoreError: the folder of the entries cannot be listed.
    """
    folder = disk.layout.sessions
    needle = encode_compact(session_id)
    found = []
    for name in disk.names(folder):
        pid = parse_pid(name[: -len(_SUFFIX)]) if name.endswith(_SUFFIX) else None
        if pid is None:
            continue
        try:
            data = disk.read(os.path.join(folder, name), _ENTRY_MAX_BYTES) or b""
            value = decode(data) if needle in data else None
        except (StoreError, ValueError):
            continue
        if _names(value, pid, session_id):
            found.append(pid)
    return tuple(found)


def _names(value: object, pid: int, session_id: str) -> bool:
    client = value.get("client") if isinstance(value, dict) else None
    return (
        isinstance(value, dict)
        and isinstance(client, dict)
        and value.get("server_pid") == pid
        and client.get("session_id") == session_id
    )
