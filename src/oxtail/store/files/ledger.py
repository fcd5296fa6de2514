"""The ledgers: what each session has received, which makes a reply by message id possible.

A ledger is appended to, and compacted when it has outgrown its bound by a margin.  Work that is
still open is never dropped.  Lookups take no lock.  ``docs/formats/ledger.md`` is the format.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from oxtail.core import codec
from oxtail.core.envelope import replies_to
from oxtail.errors import DamagedRecord, StoreError
from oxtail.store.files import lines
from oxtail.store.retention import LEDGER_BOUND, ledger_limit

if TYPE_CHECKING:
    from oxtail.core.envelope import Envelope
    from oxtail.disk.atomic import Disk
    from oxtail.store.files.locks import Held, Locks
    from oxtail.trace import Trace

COUNT_ENDING: Final = ".count"
"""Ending of the file beside a ledger that says how many lines it has."""

_HINT_MAX_BYTES: Final = 128
_PIECE_BYTES: Final = 1 << 20


def _is_open_work(raw: bytes) -> bool:
    if b'"action_required":true' not in raw:
        return False
    try:
        members = codec.decode(raw)
    except ValueError:
        return False
    return (
        isinstance(members, dict)
        and members.get("action_required") is True
        and "obligation" not in members
    )


def keep_newest(raws: list[bytes], bound: int) -> list[bytes]:
    """Return *raws* without its oldest lines, so that *bound* stay; open work is not dropped."""
    excess = len(raws) - bound
    kept = []
    for raw in raws:
        if excess > 0 and not _is_open_work(raw):
            excess -= 1
        else:
            kept.append(raw)
    return kept


class _Hint:
    """What the last Python writer left beside a ledger: how long it was then.

    Without it a writer counts, so nothing here fails.  A context manager, under the ledger's lock.
    """

    def __init__(self, disk: Disk, path: str) -> None:
        self._disk = disk
        self._ledger = path
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        with suppress(OSError, StoreError):
            self._descriptor, _ = self._disk.open_side(self._ledger + COUNT_ENDING)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def read(self, size: int, inode: int) -> tuple[int, int]:
        """Return the count of lines and the limit that were left, or zeros.

        They are believed only if the file is the one that was left; npm peers replace it.
        """
        if self._descriptor is None or not size:
            return 0, 0
        try:
            fields = os.pread(self._descriptor, _HINT_MAX_BYTES, 0).split()
        except OSError:
            return 0, 0
        if len(fields) != 4 or not b"".join(fields).isdigit():
            return 0, 0
        if (int(fields[0]), int(fields[1])) != (size, inode):
            return 0, 0
        return int(fields[2]), int(fields[3])

    def write(self, count: int, limit: int) -> None:
        """Leave the *count* of lines of the ledger as it is now, and its *limit*."""
        if self._descriptor is not None:
            with suppress(OSError):
                found = os.lstat(self._ledger)
                hint = b"%d %d %d %d" % (found.st_size, found.st_ino, count, limit)
                os.pwrite(self._descriptor, hint.ljust(_HINT_MAX_BYTES), 0)


class Ledgers:
    """All ledgers of one state folder.

    Args:
        disk: The state folder.
        locks: Its locks.
        bound: How many messages a ledger keeps at least; never below :data:`LEDGER_BOUND`.
        trace: Where compactions are reported.
    """

    def __init__(self, disk: Disk, locks: Locks, bound: int, trace: Trace) -> None:
        self._disk = disk
        self._locks = locks
        self._bound = max(bound, LEDGER_BOUND)
        self._trace = trace

    def record(self, session_id: str, message_id: str, line: bytes, *, repeat: bool) -> None:
        """Add *line* to the ledger of *session_id*, synced.

        Args:
            session_id: The receiver.
            message_id: The id on *line*.
            line: The encoded message.
            repeat: True if the ledger may have the message; then its line stays as it is, with
                the outcome that it may carry.

        Raises:
            LockBusy: somebody kept the lock; nothing was added.
            StoreError: the disk refused; nothing was added, or it could not be synced.
        """
        path = self._disk.layout.ledger(session_id)
        try:
            held = self._locks.take(path, "received_lock_stale_clear", session_id=session_id)
            try:
                if repeat and lines.has_message(self._content(path), message_id):
                    return
                descriptor = self._append(path, line, held, session_id)
            finally:
                self._locks.give(held)
            try:
                self._disk.sync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error

    def _append(self, path: str, line: bytes, held: Held, session_id: str) -> int:
        try:
            descriptor, before = self._disk.append(path, line)
        except DamagedRecord as error:
            self._disk.set_aside(path, error.problem)
            descriptor, before = self._disk.append(path, line)
        try:
            with _Hint(self._disk, path) as hint:
                count, limit = hint.read(before.st_size, before.st_ino)
                count = count + 1 if count or not before.st_size else self._count(descriptor)
                limit = limit or ledger_limit(self._bound)
                if count > limit:
                    count, limit = self._compact(path, held, session_id, count)
                hint.write(count, limit)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    # ------------------------------------------------------------------ length

    @staticmethod
    def _count(descriptor: int) -> int:
        count, at = 0, 0
        while piece := os.pread(descriptor, _PIECE_BYTES, at):
            count += piece.count(b"\n")
            at += len(piece)
        return count

    def _compact(self, path: str, held: Held, session_id: str, count: int) -> tuple[int, int]:
        """Drop the oldest lines; return the new count and the count that asks for it again."""
        try:
            raws = codec.split_lines(self._content(path))
            kept = keep_newest(raws, self._bound)
            if len(kept) < len(raws):
                held.check()
                self._disk.publish(path, lines.join(kept))
        except (OSError, StoreError) as error:
            # The message is recorded; a ledger that is too long is no reason to refuse it.
            self._trace(
                "received_ledger_compaction_failed", session_id=session_id, error=str(error)
            )
            return count, ledger_limit(count)
        if len(kept) < len(raws):
            dropped = len(raws) - len(kept)
            self._trace(
                "received_ledger_pruned", session_id=session_id, dropped=dropped, kept=len(kept)
            )
        if len(kept) > self._bound:
            self._trace(
                "received_ledger_over_cap_open_obligations",
                session_id=session_id,
                kept=len(kept),
                soft_cap=self._bound,
                over_by=len(kept) - self._bound,
            )
        return len(kept), ledger_limit(max(len(kept), self._bound))

    # ------------------------------------------------------------------ looking

    def _content(self, path: str) -> bytes:
        try:
            return self._disk.read(path) or b""
        except DamagedRecord:
            return b""

    def lookup(self, session_id: str, message_id: str) -> Envelope | None:
        """Return the newest message with this id, or None; see :meth:`oxtail.ports.Store.lookup`.

        Raises:
            StoreError: the ledger cannot be read.
        """
        data = self._content(self._disk.layout.ledger(session_id))
        for message in lines.holding(data, message_id):
            if message.id == message_id:
                return _without_outcome(message)
        return None

    def answers(self, session_id: str, request_id: str, from_session_id: str) -> tuple[str, ...]:
        """Return the ids of answers, oldest first; see :meth:`oxtail.ports.Store.answers`.

        Raises:
            StoreError: the ledger cannot be read.
        """
        data = self._content(self._disk.layout.ledger(session_id))
        found = [
            message.id
            for message in lines.holding(data, request_id)
            if message.reply_to == request_id and message.from_session_id == from_session_id
        ]
        return tuple(dict.fromkeys(reversed(found)))

    def latest_from(self, session_id: str, sender: str, since: int) -> tuple[Envelope, ...]:
        """Return messages of *sender*; see :meth:`oxtail.ports.Store.latest_from`.

        Raises:
            StoreError: the ledger cannot be read.
        """
        found = []
        for message in lines.holding(self._content(self._disk.layout.ledger(session_id)), sender):
            if message.from_session_id != sender:
                continue
            if message.enqueued_at <= since:
                break
            found.append(_without_outcome(message))
        return tuple(found)

    def replies(
        self, session_id: str, message_id: str, request_id: str | None
    ) -> tuple[Envelope, ...]:
        """Return replies, oldest first; see :meth:`oxtail.ports.Store.replies`.

        Raises:
            StoreError: the ledger cannot be read.
        """
        data = self._content(self._disk.layout.ledger(session_id))
        found = {
            message.id: _without_outcome(message)
            for text in (message_id, request_id)
            for message in (lines.holding(data, text) if text else ())
            if replies_to(message, message_id, request_id)
        }
        return tuple(sorted(found.values(), key=lambda message: (message.enqueued_at, message.id)))


def _without_outcome(message: Envelope) -> Envelope:
    """Return *message* as it was sent; the outcome of work is the ledger's own member."""
    if not message.extra:
        return message
    return message._replace(extra=tuple(m for m in message.extra if m[0] != "obligation"))
