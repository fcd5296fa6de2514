"""Senders' records: where each message went, for its sender's ``message_status``.

A record is a file of its own, as npm peers read it, and making a file costs a third of a send.  So
a process that stays adds its records to a *journal* first, and files them when it is quiet
(:meth:`SentRecords.settle`); whoever looks for a record looks into the journals too.

Rules of this file:

* A journal belongs to the process that holds its kernel lock.  What the dead have left is filed by
  the sweep.  Where the file system has no kernel locks there are no journals.
* Filing a record twice is filing it once: the first file counts.
* A journal is emptied when all of it is filed, so no record is ever in neither place.

``docs/formats/outbox.md`` is the format.
"""

from __future__ import annotations

import _thread
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from oxtail.core import codec
from oxtail.core.mail import Sent
from oxtail.core.names import is_message_id
from oxtail.disk.opened import Opened
from oxtail.errors import DamagedRecord
from oxtail.store.files import lines
from oxtail.store.files.flock import drop_flock, take_flock
from oxtail.store.files.records import make_record, members_of, number, read_record, text
from oxtail.store.retention import RECORD_KEEP_SECONDS

if TYPE_CHECKING:
    from oxtail.disk.atomic import Disk
    from oxtail.ports import Clock

AT_ONCE: Final = 32
"""Most records that are filed in a row: a file may take a millisecond, and a burst leaves many."""

NOTED_MAX: Final = 1_000
"""Most records that wait in a journal; who sends without end pays for each file at once."""


def _encode(sent: Sent) -> bytes:
    return codec.encode_compact(
        {
            "schema_version": 1,
            "message_id": sent.message_id,
            "enqueued_at": sent.enqueued_at,
            "target_session_id": sent.target_session_id,
            "target_server_pid": sent.target_server_pid,
            "from_session_id": sent.from_session_id,
        }
    )


def _decode(members: dict[str, Any] | None) -> Sent | None:
    if members is None or not is_message_id(members.get("message_id")):
        return None
    at = number(members.get("enqueued_at"))
    if at is None:
        return None
    return Sent(
        members["message_id"],
        at,
        text(members.get("target_session_id")),
        number(members.get("target_server_pid")),
        text(members.get("from_session_id")),
    )


class _Journal(Opened):
    """The journal that this process holds, and what of it has no files yet: ids and records."""

    def __init__(self, path: str, descriptor: int) -> None:
        super().__init__(descriptor)
        self.path = path
        self.unfiled: list[tuple[str, bytes]] = []

    def close(self) -> None:
        """Close it, and free its lock."""
        descriptor, self.descriptor = self.descriptor, -1
        drop_flock(descriptor if descriptor >= 0 else None)


class SentRecords:
    """The senders' records of one state folder.

    Args:
        disk: The state folder.
        clock: Time.
        defers: Whether this process calls :meth:`settle` now and then, so that filing may wait.
    """

    def __init__(self, disk: Disk, clock: Clock, *, defers: bool) -> None:
        self._disk = disk
        self._clock = clock
        self._defers = defers
        self._journal: _Journal | None = None
        self._lock = _thread.allocate_lock()

    def write(self, sent: Sent, *, fresh: bool) -> None:
        """Make the record of a message unless there is one.

        Args:
            sent: What it says.
            fresh: Whether the id is new, so that there can be none.

        Raises:
            StoreError: it could not be made.
        """
        if not fresh and self.find(sent.message_id):
            return
        data = _encode(sent)
        if not (fresh and self._defers and self._note(sent.message_id, data)):
            self._file(sent.message_id, data)

    def find(self, message_id: str) -> Sent | None:
        """Return the record of a message, or None.

        Raises:
            StoreError: what is there cannot be read.
        """
        if not is_message_id(message_id):
            return None
        # Looked for twice in the files, since a journal may be filed in between.
        return self._filed(message_id) or self._noted(message_id) or self._filed(message_id)

    def settle(self, most: int | None = None) -> bool:
        """File what this process has noted, *most* records of it; tell whether there is more.

        Raises:
            OSError, StoreError: something could not be filed; it stays in the journal.
        """
        with self._lock:
            journal = self._journal
            if journal is None or not journal.unfiled:
                return False
            for message_id, data in journal.unfiled[:most]:
                self._file(message_id, data)
            del journal.unfiled[:most]
            if not journal.unfiled:
                # It is used again: making one for each message would be what it is there to avoid.
                os.ftruncate(journal.descriptor, 0)
            return bool(journal.unfiled)

    def close(self) -> None:
        """File a little more; a journal with the rest is left to the sweep.

        Raises:
            OSError, StoreError: as for :meth:`settle`.
        """
        has_more = self.settle(AT_ONCE)
        with self._lock:
            if self._journal and not has_more:
                self._disk.remove(self._journal.path)
            self._leave()

    def settle_for_the_dead(self) -> None:
        """File some of what processes have noted that are gone; what is too old is forgotten.

        Raises:
            OSError, StoreError: something could not be filed; it stays in its journal.
        """
        folder, left = self._disk.layout.journals, AT_ONCE
        for name in self._disk.names(folder):
            if not is_message_id(name):  # which is the form of a journal's name
                continue
            path = os.path.join(folder, name)
            descriptor, found = self._disk.open_side(path)
            try:
                if not take_flock(descriptor, 0):
                    continue
                if self._clock.now() - found.st_mtime > RECORD_KEEP_SECONDS:
                    self._disk.remove(path)
                else:
                    left -= self._file_all(path, descriptor, left)
            finally:
                drop_flock(descriptor)

    # ------------------------------------------------------------------ files

    def _filed(self, message_id: str) -> Sent | None:
        return _decode(read_record(self._disk, self._disk.layout.sent(message_id), message_id))

    def _file(self, message_id: str, data: bytes) -> None:
        make_record(self._disk, self._disk.layout.sent(message_id), data, self._clock.now())

    # ------------------------------------------------------------------ journals

    def _noted(self, message_id: str) -> Sent | None:
        """Return a record out of the journals of all processes."""
        folder = self._disk.layout.journals
        for name in self._disk.names(folder):
            with suppress(DamagedRecord):  # the sweep sets it aside
                data = self._disk.read(os.path.join(folder, name)) or b""
                for raw in lines.having(data, message_id.encode()):
                    found = _decode(members_of(raw))
                    if found and found.message_id == message_id:
                        return found
        return None

    def _note(self, message_id: str, data: bytes) -> bool:
        """Add a record to the journal of this process; False if it cannot have one."""
        line = data + b"\n"
        with self._lock:
            try:
                own = self._own()
                if own is None:
                    return False
                journal, found = own
                if len(journal.unfiled) >= NOTED_MAX:
                    return False
                if os.pwrite(journal.descriptor, line, found.st_size) == len(line):
                    journal.unfiled.append((message_id, data))
                    return True
            except OSError as error:
                self._disk.trace("sender_journal_failed", error=str(error))
            self._leave()
        return False

    def _leave(self) -> None:
        """Give the journal to the sweep."""
        journal, self._journal = self._journal, None
        if journal:
            journal.close()

    def _own(self) -> tuple[_Journal, os.stat_result] | None:
        """Return the journal of this process, made at first use, and what it is now."""
        found = self._journal.look() if self._journal else None
        if found is None:  # there is none yet, or somebody has removed it
            path = os.path.join(self._disk.layout.journals, os.urandom(8).hex())
            journal = _Journal(path, self._disk.open_side(path)[0])
            found = journal.look() if take_flock(journal.descriptor, 0) else None
            self._journal = journal if found else None  # a sweep may have been faster
        return (self._journal, found) if self._journal and found else None

    def _file_all(self, path: str, descriptor: int, most: int) -> int:
        """Make up to *most* records of a journal, whose lock is held; return how many it made.

        When all are made the journal is removed.
        """
        data = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        damaged, made = [], 0
        for raw in codec.split_lines(data):
            found = _decode(members_of(raw))
            if found is None:
                damaged.append(raw)
            elif not os.path.exists(self._disk.layout.sent(found.message_id)):
                if made == most:
                    return made
                self._file(found.message_id, raw)
                made += 1
        if damaged:
            self._disk.set_lines_aside(path, damaged, "no sender's record")
        self._disk.remove(path)
        return made
