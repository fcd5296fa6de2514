"""Receipts and sender's records: one small file per message, whose first writer wins."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

from oxtail.core import codec
from oxtail.core.mail import Receipt, Sent
from oxtail.core.names import is_message_id
from oxtail.errors import DamagedRecord, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.disk.atomic import Disk
    from oxtail.ports import Clock

RECORD_MAX_BYTES = 65_536
"""Largest record that is read; a larger one is damage."""

T = TypeVar("T")


def number(value: object) -> int | None:
    """Return *value* as an integer if it is a number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def text(value: object) -> str | None:
    """Return *value* if it is a string that is not empty."""
    return value if isinstance(value, str) and value else None


class Records:
    """The receipts and sender's records of one state folder."""

    def __init__(self, disk: Disk, clock: Clock) -> None:
        self._disk = disk
        self._clock = clock

    # ------------------------------------------------------------------ receipts

    def was_shown(self, message_id: str) -> bool:
        """Tell whether there is a receipt for a message."""
        if not is_message_id(message_id):
            return False
        try:
            os.stat(self._disk.layout.receipt(message_id))
        except OSError:
            return False
        return True

    def write_receipt(self, receipt: Receipt) -> bool:
        """Make a receipt unless there is one; tell whether this one counts.

        Raises:
            StoreError: it could not be made.
        """
        members = {
            "schema_version": 1,
            "message_id": receipt.message_id,
            "delivered_at": receipt.delivered_at,
            "via": receipt.via,
            "recipient_session_id": receipt.recipient_session_id,
        }
        layout = self._disk.layout
        return self._create(layout.receipts, layout.receipt(receipt.message_id), members)

    def withdraw_receipt(self, message_id: str) -> None:
        """Remove a receipt.

        Raises:
            StoreError: it is there and cannot be removed.
        """
        path = self._disk.layout.receipt(message_id)
        try:
            self._disk.remove(path)
        except OSError as error:
            raise StoreError(f"cannot remove {path}: {error.strerror}", path=path) from error

    def receipt(self, message_id: str) -> Receipt | None:
        """Return the receipt of a message, or None."""

        def build(members: dict[str, Any]) -> Receipt | None:
            at, via = number(members.get("delivered_at")), members.get("via")
            if at is None or not isinstance(via, str):
                return None
            return Receipt(message_id, at, via, text(members.get("recipient_session_id")))

        return self._read(self._disk.layout.receipt, message_id, build)

    # ------------------------------------------------------------------ sender's records

    def write_sent(self, sent: Sent, *, fresh: bool) -> None:
        """Make a sender's record unless there is one.

        Args:
            sent: What it says.
            fresh: Whether the id is new, so that there can be none: then a rename does, which
                costs the disk less than the link that lets exactly one of several win.

        Raises:
            StoreError: it could not be made.
        """
        members = {
            "schema_version": 1,
            "message_id": sent.message_id,
            "enqueued_at": sent.enqueued_at,
            "target_session_id": sent.target_session_id,
            "target_server_pid": sent.target_server_pid,
            "from_session_id": sent.from_session_id,
        }
        layout = self._disk.layout
        path = layout.sent(sent.message_id)
        if not fresh:
            self._create(layout.outbox, path, members)
            return
        try:
            self._disk.folder(layout.outbox)
            data = codec.encode_compact(members)
            self._disk.publish(path, data, durable=False, mtime=self._clock.now())
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error

    def sent(self, message_id: str) -> Sent | None:
        """Return the sender's record of a message, or None."""

        def build(members: dict[str, Any]) -> Sent | None:
            at = number(members.get("enqueued_at"))
            if at is None:
                return None
            return Sent(
                message_id,
                at,
                text(members.get("target_session_id")),
                number(members.get("target_server_pid")),
                text(members.get("from_session_id")),
            )

        return self._read(self._disk.layout.sent, message_id, build)

    # ------------------------------------------------------------------ both

    def _create(self, folder: str, path: str, members: dict[str, Any]) -> bool:
        try:
            self._disk.folder(folder)
            # The modification time is what a record's age is counted from, in every peer.
            return self._disk.create(path, codec.encode_compact(members), mtime=self._clock.now())
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error

    def _read(
        self,
        path_of: Callable[[str], str],
        message_id: str,
        build: Callable[[dict[str, Any]], T | None],
    ) -> T | None:
        if not is_message_id(message_id):
            return None
        try:
            data = self._disk.read(path_of(message_id), RECORD_MAX_BYTES)
        except DamagedRecord:
            return None
        if data is None:
            return None
        try:
            members = codec.decode(data)
        except ValueError:
            return None
        if not isinstance(members, dict) or members.get("message_id") != message_id:
            return None
        return build(members) if codec.is_schema_one(members.get("schema_version")) else None
