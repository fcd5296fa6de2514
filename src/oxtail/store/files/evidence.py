"""Proofs about single messages: where they were offered, and where they were found.

One small file per proof and message, beside the receipt and swept with it.  An offer is replaced by
the next one; of the places where a message was found the first one counts.  Nobody but Python peers
reads them.  ``docs/formats/evidence.md`` is the format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oxtail.core import codec
from oxtail.core.evidence import Elsewhere, InContext, Offered, elsewhere_rank, is_place
from oxtail.core.names import is_host_id, is_message_id
from oxtail.errors import DamagedRecord, StoreError
from oxtail.store.files.records import RECORD_MAX_BYTES, number, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.disk.atomic import Disk
    from oxtail.ports import Clock


class FileEvidence:
    """See :class:`oxtail.ports.Evidence`; on the state folder of *disk*."""

    def __init__(self, disk: Disk, clock: Clock) -> None:
        self._disk = disk
        self._clock = clock

    def offered(self, offered: Offered) -> None:
        """Record an offer; see :meth:`oxtail.ports.Evidence.offered`.

        Commit point: the rename.  It is not synced: a lost one makes a status say less, not wrong.
        """
        if not is_message_id(offered.message_id):
            return
        layout = self._disk.layout
        try:
            self._disk.folder(layout.evidence)
            self._disk.publish(
                layout.offered(offered.message_id),
                codec.encode_compact({"schema_version": 1, **offered._asdict()}),
                durable=False,
                mtime=self._clock.now(),
            )
        except (OSError, StoreError) as error:
            self._disk.trace("offer_not_kept", message_id=offered.message_id, error=str(error))

    def offer_of(self, message_id: str) -> Offered | None:
        """Return the latest offer; see :meth:`oxtail.ports.Evidence.offer_of`."""
        members = self._read(self._disk.layout.offered, message_id)
        door, at = text(members.get("door")), number(members.get("at"))
        attempt = number(members.get("attempt"))
        if door is None or at is None or attempt is None or attempt < 1:
            return None
        return Offered(message_id, door, at, attempt)

    def found(self, place: InContext) -> None:
        """Record a place; see :meth:`oxtail.ports.Evidence.found`.

        Commit point: the link, by which the first of several counts.
        """
        if not is_message_id(place.message_id):
            return
        layout = self._disk.layout
        path = layout.in_context(place.message_id)
        data = codec.encode_compact({"schema_version": 1, **place._asdict()})
        try:
            self._disk.folder(layout.evidence)
            self._disk.create(path, data, mtime=self._clock.now())
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error

    def context_of(self, message_id: str) -> InContext | None:
        """Return the place; see :meth:`oxtail.ports.Evidence.context_of`."""
        members = self._read(self._disk.layout.in_context, message_id)
        transcript, line = text(members.get("transcript")), number(members.get("line"))
        at = number(members.get("at"))
        if transcript is None or line is None or at is None or not is_place(transcript, line):
            return None
        return InContext(message_id, transcript, line, at)

    def heard(self, record: Elsewhere) -> None:
        """Record what became of a message; see :meth:`oxtail.ports.Evidence.heard`.

        Commit point: the rename.  Only the carrier of this host writes here, one record at a time.
        """
        if not is_message_id(record.message_id):
            return
        before = self.elsewhere(record.message_id)
        if before and elsewhere_rank(before.stage) > elsewhere_rank(record.stage):
            return
        path = self._disk.layout.carried(record.message_id)
        members = {key: value for key, value in record._asdict().items() if value is not None}
        data = codec.encode_compact({"schema_version": 1, **members})
        try:
            self._disk.folder(self._disk.layout.evidence)
            self._disk.publish(path, data, durable=False, mtime=self._clock.now())
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error

    def elsewhere(self, message_id: str) -> Elsewhere | None:
        """Return what became of it; see :meth:`oxtail.ports.Evidence.elsewhere`."""
        members = self._read(self._disk.layout.carried, message_id)
        host, stage = text(members.get("host")), text(members.get("stage"))
        at = number(members.get("at"))
        if host is None or not is_host_id(host) or stage is None or at is None:
            return None
        if not elsewhere_rank(stage):
            return None
        return Elsewhere(message_id, host, stage, at, text(members.get("reason")))

    def _read(self, path_of: Callable[[str], str], message_id: str) -> dict[str, Any]:
        """Return the members of a record; none where there is none that can be believed."""
        if not is_message_id(message_id):
            return {}
        try:
            data = self._disk.read(path_of(message_id), RECORD_MAX_BYTES)
        except DamagedRecord:
            return {}
        if data is None:
            return {}
        try:
            members = codec.decode(data)
        except ValueError:
            return {}
        if not isinstance(members, dict) or members.get("message_id") != message_id:
            return {}
        return members if codec.is_schema_one(members.get("schema_version")) else {}
