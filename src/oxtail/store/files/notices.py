"""The lines for the human: one file, appended to and cut under its lock.

Nothing here fails the work that it tells of.  ``docs/formats/notices.md`` is the format.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from oxtail.core import codec
from oxtail.core.notice import Notice, from_dict, on_one_line
from oxtail.errors import DamagedRecord, OxtailError
from oxtail.store.retention import NOTICES_KEPT

if TYPE_CHECKING:
    from oxtail.disk.atomic import Disk
    from oxtail.store.files.locks import Locks

NOTICES_MAX_BYTES: Final = 1024 * 1024
"""Size from which the file is cut; so many notices of the greatest length have half of it."""


class FileNotices:
    """See :class:`oxtail.ports.Notices`; on the file ``notices.jsonl``."""

    def __init__(self, disk: Disk, locks: Locks) -> None:
        self._disk = disk
        self._locks = locks

    def say(self, notice: Notice) -> None:
        """Keep a notice; see :meth:`oxtail.ports.Notices.say`.

        Commit point: the append.  It is not synced: it tells of work, and is not the work.
        """
        members = notice._replace(text=on_one_line(notice.text))._asdict()
        if notice.session_id is None:
            del members["session_id"]
        line = codec.encode_line({"schema_version": 1, **members})
        path = self._disk.layout.notices()
        try:
            self._disk.folder(self._disk.layout.home)
            with self._locks.holding(path, "notices_lock_stale_clear"):
                self._append(path, line)
        except (OSError, OxtailError) as error:
            self._disk.trace("notice_failed", kind=notice.kind, error=str(error))

    def _append(self, path: str, line: bytes) -> None:
        try:
            descriptor, _ = self._disk.append(path, line)
        except DamagedRecord as error:
            self._disk.set_aside(path, error.problem)
            descriptor, _ = self._disk.append(path, line)
        try:
            size = os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
        if size > NOTICES_MAX_BYTES:
            kept = codec.split_lines(self._tail(path))[-NOTICES_KEPT:]
            self._disk.publish(path, b"".join(each + b"\n" for each in kept), durable=False)

    def recent(self, limit: int) -> tuple[Notice, ...]:
        """Return the latest notices; see :meth:`oxtail.ports.Notices.recent`."""
        path = self._disk.layout.notices()
        found: list[Notice] = []
        try:
            lines = codec.split_lines(self._tail(path))
        except (OSError, OxtailError) as error:
            self._disk.trace("notice_failed", path=path, error=str(error))
            return ()
        for line in reversed(lines):
            if len(found) >= limit:
                break
            if notice := _parse(line):
                found.append(notice)
        return tuple(reversed(found))

    def _tail(self, path: str) -> bytes:
        """Return the end of the file, its first line perhaps incomplete."""
        try:
            descriptor, _ = self._disk.open_regular(path)
        except FileNotFoundError:
            return b""
        try:
            size = os.fstat(descriptor).st_size
            return os.pread(descriptor, NOTICES_MAX_BYTES, max(0, size - NOTICES_MAX_BYTES))
        finally:
            os.close(descriptor)


def _parse(line: bytes) -> Notice | None:
    try:
        return from_dict(codec.decode(line))
    except ValueError:
        return None
