"""Mail that came from other hosts: whose it was, and what its sender has been told of it.

One small file a message in ``nats/arrived/``; written by the carrier of this host alone.
``docs/formats/nats.md`` is the format.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from oxtail.core import codec
from oxtail.core.arrival import Arrived
from oxtail.core.names import is_host_id, is_message_id
from oxtail.errors import DamagedRecord, StoreError
from oxtail.store.files.records import RECORD_MAX_BYTES, number, text

if TYPE_CHECKING:
    from oxtail.disk.atomic import Disk


class FileArrivals:
    """See :class:`oxtail.ports.Arrivals`; on the state folder of *disk*."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def keep(self, arrived: Arrived) -> None:
        """Keep *arrived*; see :class:`oxtail.ports.Arrivals`.

        Commit point: the rename.
        """
        path = self._disk.layout.arrival(arrived.message_id)
        members = {"schema_version": 1, **arrived._asdict(), "told": list(arrived.told)}
        data = codec.encode_compact({k: v for k, v in members.items() if v is not None})
        try:
            self._disk.folder(self._disk.layout.nats)
            self._disk.folder(self._disk.layout.arrivals)
            self._disk.publish(path, data, durable=False)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error

    def all(self) -> tuple[Arrived, ...]:
        """Return all; see :class:`oxtail.ports.Arrivals`."""
        names = self._disk.names(self._disk.layout.arrivals)
        found = (self.get(name) for name in names if is_message_id(name))
        return tuple(arrived for arrived in found if arrived)

    def get(self, message_id: str) -> Arrived | None:
        """Return one; see :class:`oxtail.ports.Arrivals`."""
        try:
            data = self._disk.read(self._disk.layout.arrival(message_id), RECORD_MAX_BYTES)
            members = codec.decode(data) if data else None
        except (DamagedRecord, ValueError):
            return None
        if not isinstance(members, dict) or members.get("message_id") != message_id:
            return None
        host, at, told = members.get("host"), number(members.get("at")), members.get("told")
        to = text(members.get("session_id"))
        if not is_host_id(host) or at is None or to is None or not isinstance(told, list):
            return None
        stages = tuple(each for each in told if isinstance(each, str))
        reason = text(members.get("refused"))
        return Arrived(message_id, str(host), to, at, stages, reason)

    def forget(self, message_id: str) -> None:
        """Forget one; see :class:`oxtail.ports.Arrivals`."""
        self._disk.remove(self._disk.layout.arrival(message_id))

    def set_aside(self, data: bytes, problem: str) -> None:
        """Keep what nobody can use; see :class:`oxtail.ports.Arrivals`."""
        name = f"nats-{hashlib.sha256(data).hexdigest()[:32]}"
        path = os.path.join(self._disk.layout.damaged, name)
        try:
            self._disk.folder(self._disk.layout.damaged)
            self._disk.publish(path, data)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error
        self._disk.trace("record_damaged", path=path, problem=problem)
