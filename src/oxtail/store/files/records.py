"""Receipts, and what all small records are: one file per message, whose first writer wins."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from oxtail.core import codec
from oxtail.core.mail import Receipt
from oxtail.core.names import is_message_id
from oxtail.errors import DamagedRecord, StoreError

if TYPE_CHECKING:
    from oxtail.disk.atomic import Disk
    from oxtail.ports import Clock

RECORD_MAX_BYTES: Final = 65_536
"""Largest record that is read; a larger one is damage."""


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


def make_record(disk: Disk, path: str, data: bytes, at: float) -> bool:
    """Make the record *path* of the time *at* unless there is one; tell whether this one counts.

    The modification time is what a record's age is counted from, in every peer.

    Raises:
        StoreError: it could not be made.
    """
    try:
        disk.folder(os.path.dirname(path))
        return disk.create(path, data, mtime=at)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error


def members_of(data: bytes) -> dict[str, Any] | None:
    """Return the members of the record *data*, or None if it is no record of version 1."""
    try:
        members = codec.decode(data)
    except ValueError:
        return None
    if not isinstance(members, dict) or not codec.is_schema_one(members.get("schema_version")):
        return None
    return members


def read_record(disk: Disk, path: str, message_id: str) -> dict[str, Any] | None:
    """Return the members of the record *path* of a message; None if it is missing, or damaged.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        data = disk.read(path, RECORD_MAX_BYTES)
    except DamagedRecord:
        return None
    members = members_of(data) if data is not None else None
    return members if members and members.get("message_id") == message_id else None


class Receipts:
    """The receipts of one state folder."""

    def __init__(self, disk: Disk, clock: Clock) -> None:
        self._disk = disk
        self._clock = clock

    def was_shown(self, message_id: str) -> bool:
        """Tell whether there is a receipt for a message."""
        if not is_message_id(message_id):
            return False
        try:
            os.stat(self._disk.layout.receipt(message_id))
        except OSError:
            return False
        return True

    def write(self, receipt: Receipt) -> bool:
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
        path = self._disk.layout.receipt(receipt.message_id)
        return make_record(self._disk, path, codec.encode_compact(members), self._clock.now())

    def withdraw(self, message_id: str) -> None:
        """Remove a receipt.

        Raises:
            StoreError: it is there and cannot be removed.
        """
        path = self._disk.layout.receipt(message_id)
        try:
            self._disk.remove(path)
        except OSError as error:
            raise StoreError(f"cannot remove {path}: {error.strerror}", path=path) from error

    def find(self, message_id: str) -> Receipt | None:
        """Return the receipt of a message, or None.

        Raises:
            StoreError: it cannot be read.
        """
        if not is_message_id(message_id):
            return None
        members = read_record(self._disk, self._disk.layout.receipt(message_id), message_id)
        if members is None:
            return None
        at, via = number(members.get("delivered_at")), members.get("via")
        if at is None or not isinstance(via, str):
            return None
        return Receipt(message_id, at, via, text(members.get("recipient_session_id")))
