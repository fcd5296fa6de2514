"""Mail for sessions that are not running: how much there is, and setting apart what is too old.

Expired mail is written to ``expired/`` and synced before it leaves its box, so it is never lost by
expiring; it can be read there for a while.  ``docs/formats/expired.md`` is the format.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from oxtail.core import codec
from oxtail.core.mail import Expired, Load
from oxtail.core.names import is_box, is_message_id
from oxtail.errors import DamagedRecord, StoreError
from oxtail.store.files import lines
from oxtail.store.files.bell import Bells
from oxtail.store.files.box import Boxes
from oxtail.store.files.records import RECORD_MAX_BYTES, Receipts, number
from oxtail.store.retention import EXPIRED_KEEP_SECONDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from oxtail.disk.atomic import Disk
    from oxtail.ports import Clock
    from oxtail.store.files.box import OpenBox
    from oxtail.store.files.locks import Locks

_PROOF: Final = re.compile(r"e-[0-9a-f]{16}")
_MAIL: Final = re.compile(r"[A-Za-z0-9_-]+\.[0-9a-f]{16}\.jsonl")


class FileShelf:
    """See :class:`oxtail.ports.Shelf`; on the state folder of *disk*."""

    def __init__(self, disk: Disk, clock: Clock, locks: Locks) -> None:
        self._disk = disk
        self._clock = clock
        self._boxes = Boxes(disk, locks, Bells(disk))
        self._receipts = Receipts(disk, clock)

    def load(self, box: str) -> Load:
        """Return how much lies in a box; see :meth:`oxtail.ports.Shelf.load`."""
        try:
            data = self._boxes.read(box)
        except DamagedRecord:
            return Load(0, 0)  # the next writer sets it aside
        return Load(len(codec.split_lines(data)), len(data))

    def expire(self, spared: Collection[str], before: float) -> tuple[Expired, ...]:
        """Set old mail apart; see :meth:`oxtail.ports.Shelf.expire`.

        Commit point of a box: it is published without the old lines, or emptied.  Before it the
        lines are in ``expired/``, synced, and each message has its proof.
        """
        found = []
        for name in self._session_boxes():
            if name in spared or self._boxes.is_empty(name):
                continue
            try:
                expired = self._expire(name, before)
            except StoreError as error:
                self._disk.trace("expiry_failed", box=name, error=error.message)
                continue
            if expired:
                found.append(expired)
        self._sweep()
        return tuple(found)

    def _session_boxes(self) -> Iterator[str]:
        for name in self._disk.names(self._disk.layout.mailboxes):
            stem, ending = os.path.splitext(name)
            if ending == ".jsonl" and stem.startswith("s-") and is_box(stem):
                yield stem

    def _expire(self, name: str, before: float) -> Expired | None:
        with self._boxes.holding(name) as box:
            everything = lines.parse(box.read())
            old = [line for line in everything if self._is_old(line, before)]
            if not old:
                return None
            return self._set_apart(box, everything, old)

    def _is_old(self, line: lines.Line, before: float) -> bool:
        # What has a receipt was shown: it is no loss, and the next reader drops the line.
        message = line.message
        return (
            message is not None
            and message.enqueued_at < before
            and not self._receipts.was_shown(message.id)
        )

    def _set_apart(
        self, box: OpenBox, everything: list[lines.Line], old: list[lines.Line]
    ) -> Expired:
        layout = self._disk.layout
        ids = tuple(line.message.id for line in old if line.message)
        # The same mail gets the same name, so a second try after a crash makes no second copy.
        path = layout.expired_mail(box.name, ids)
        self._disk.folder(layout.expired)
        self._disk.publish(path, lines.join(line.raw for line in old), mtime=self._clock.now())
        self._disk.folder(layout.evidence)
        now = int(self._clock.now())
        for message_id in filter(is_message_id, ids):
            members = {
                "schema_version": 1,
                "message_id": message_id,
                "expired_at": now,
                "box": box.name,
            }
            self._disk.create(layout.expiry(message_id), codec.encode_compact(members), mtime=now)
        gone = {id(line) for line in old}
        box.replace(line.raw for line in everything if id(line) not in gone)
        return Expired(box.name, ids, path)

    def expired_at(self, message_id: str) -> int | None:
        """Return when a message was set apart; see :meth:`oxtail.ports.Shelf.expired_at`."""
        if not is_message_id(message_id):
            return None
        try:
            data = self._disk.read(self._disk.layout.expiry(message_id), RECORD_MAX_BYTES)
            members = None if data is None else codec.decode(data)
        except (DamagedRecord, ValueError):
            return None
        if not isinstance(members, dict) or members.get("message_id") != message_id:
            return None
        is_ours = codec.is_schema_one(members.get("schema_version"))
        return number(members.get("expired_at")) if is_ours else None

    def _sweep(self) -> None:
        """Remove what was set apart long ago."""
        layout = self._disk.layout
        oldest = self._clock.now() - EXPIRED_KEEP_SECONDS
        for folder, shape in ((layout.expired, _MAIL), (layout.evidence, _PROOF)):
            for name in self._disk.names(folder):
                path = os.path.join(folder, name)
                stamp = self._disk.stamp(path) if shape.fullmatch(name) else None
                if stamp and stamp.mtime_ns / 1e9 < oldest:
                    try:
                        self._disk.remove(path)
                    except OSError as error:
                        self._disk.trace("expiry_failed", path=path, error=str(error))
