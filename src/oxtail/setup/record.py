"""What setup wrote and where, kept in ``setup.json`` of the state folder.

Undoing needs it to give back the original bytes, doctor to tell what was changed since.  Without
it, or with one that is damaged, entries of ours are still recognized by what they say.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final

from oxtail.core.value import Value
from oxtail.errors import OxtailError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oxtail.disk.atomic import Disk

NAME: Final = "setup.json"
_VERSION: Final = 1


class Edited(Value):
    """One file of a client that setup changed.

    Attributes:
        client: ``claude`` or ``codex``.
        role: ``server`` or ``hooks``.
        before: Digest of what it was before the first change; None if it was not there.
        after: Digest of what setup left.
        backup: The copy of what it was, or None.
        exact: Whether nobody else changed it between the changes that setup made.
        made: Containers that were not there before, innermost first.
    """

    client: str
    role: str
    before: str | None
    after: str
    backup: str | None
    exact: bool = True
    made: tuple[tuple[str, ...], ...] = ()


class Record(Value):
    """All that setup wrote.

    Attributes:
        edited: Files of clients, by real path.
        owned: Files of our own and their digests, by path.
        trusted: Hooks that were trusted in Codex and their hashes, by Codex's key.
    """

    edited: dict[str, Edited]
    owned: dict[str, str]
    trusted: dict[str, str]


def path_of(disk: Disk) -> str:
    """Return where the record is."""
    return os.path.join(disk.layout.home, NAME)


def _edited(value: Mapping[str, Any]) -> Edited:
    made = tuple(tuple(str(name) for name in path) for path in value.get("made", ()))
    return Edited(
        str(value["client"]),
        str(value["role"]),
        value["before"],
        str(value["after"]),
        value.get("backup"),
        bool(value.get("exact", False)),
        made,
    )


def load(disk: Disk) -> Record:
    """Return the record; an empty one if there is none that can be read."""
    try:
        value = json.loads(disk.read(path_of(disk)) or b"{}")
        return Record(
            {path: _edited(each) for path, each in value.get("edited", {}).items()},
            {str(path): str(each) for path, each in value.get("owned", {}).items()},
            {str(key): str(each) for key, each in value.get("trusted", {}).items()},
        )
    except (OxtailError, ValueError, KeyError, TypeError, AttributeError):
        return Record({}, {}, {})


def save(disk: Disk, record: Record) -> None:
    """Keep *record*; an empty one removes the file.

    Raises:
        OSError: the disk refused.
        StoreError: as above.
    """
    if not any(record):
        disk.remove(path_of(disk))
        return
    value = {
        "schema_version": _VERSION,
        "edited": {path: each._asdict() for path, each in record.edited.items()},
        "owned": record.owned,
        "trusted": record.trusted,
    }
    disk.folder(disk.layout.home)
    disk.publish(path_of(disk), (json.dumps(value, indent=2) + "\n").encode())
