"""What a person knows of: one small record a project, changed under its lock.

``docs/formats/acknowledged.md`` is the format.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

from oxtail.core import codec
from oxtail.errors import DamagedRecord, StoreError
from oxtail.store.files.records import number

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from oxtail.disk.atomic import Disk, Stamp
    from oxtail.store.files.locks import Locks

KEYS_MAX: Final = 5_000
"""Most keys in a record; a person who knows of more troubles than that knows of none."""

RECORD_MAX_BYTES: Final = 1024 * 1024
"""Largest record that is read; so many keys have a third of it."""

RECORDS_MAX: Final = 256
"""Most records that are read for all projects."""

KEY: Final = re.compile(r"[a-z_]{1,20}:[0-9a-f]{32}")
"""What a key looks like: the kind of trouble, and a hash of what it is about."""

_NAME: Final = re.compile(r"[0-9a-f]{32}\.json|all\.json")


class FileAcknowledged:
    """See :class:`oxtail.ports.Acknowledged`; on the folder ``acknowledged/``."""

    def __init__(self, disk: Disk, locks: Locks) -> None:
        self._disk = disk
        self._locks = locks
        self._known: dict[str, tuple[Stamp, dict[str, int]]] = {}

    def keys(self, root: str | None) -> frozenset[str]:
        """Return what is known; see :meth:`oxtail.ports.Acknowledged.keys`."""
        layout = self._disk.layout
        if root is None:
            folder = layout.acknowledgements
            names = [name for name in self._disk.names(folder) if _NAME.fullmatch(name)]
            paths = [os.path.join(folder, name) for name in names[:RECORDS_MAX]]
        else:
            paths = [layout.acknowledgement(root), layout.acknowledgement(None)]
        return frozenset(key for path in paths for key in self._read(path))

    def update(self, root: str | None, add: Mapping[str, int], keep: Collection[str]) -> None:
        """Change what is known; see :meth:`oxtail.ports.Acknowledged.update`.

        Commit point: the rename.  A record without keys is removed.
        """
        path = self._disk.layout.acknowledgement(root)
        try:
            self._disk.folder(self._disk.layout.acknowledgements)
            with self._locks.holding(path, "acknowledged_lock_stale_clear"):
                kept = {key: at for key, at in self._read(path).items() if key in keep}
                newest = sorted({**kept, **add}.items(), key=lambda item: (item[1], item[0]))
                keys = dict(newest[-KEYS_MAX:])
                if not keys:
                    self._disk.remove(path)
                    return
                members = {"schema_version": 1, "project_root": root, "keys": keys}
                self._disk.publish(path, codec.encode_compact(members))
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error

    def _read(self, path: str) -> dict[str, int]:
        """Return the keys in a record; one that is damaged holds none, and is replaced."""
        stamp = self._disk.stamp(path)
        if stamp is None:
            return {}
        known = self._known.get(path)
        if known and known[0] == stamp:
            return known[1]
        try:
            keys = _keys(codec.decode(self._disk.read(path, RECORD_MAX_BYTES) or b""))
        except (DamagedRecord, ValueError) as error:
            self._disk.trace("record_damaged", path=path, problem=str(error))
            keys = {}
        if len(self._known) > RECORDS_MAX:
            self._known.clear()
        self._known[path] = (stamp, keys)
        return keys


def _keys(members: Any) -> dict[str, int]:
    if not isinstance(members, dict) or not codec.is_schema_one(members.get("schema_version")):
        return {}
    keys = members.get("keys")
    found = {}
    for key, value in list(keys.items())[:KEYS_MAX] if isinstance(keys, dict) else ():
        at = number(value)
        if KEY.fullmatch(key) and at is not None:
            found[key] = at
    return found
