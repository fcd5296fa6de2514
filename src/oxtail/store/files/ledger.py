"""The ledgers: what each session has received, which makes a reply by message id possible.

A ledger is appended to, and compacted when it has outgrown its bound by a margin.  Work that is
still open is never dropped.  Lookups take no lock.  ``docs/formats/ledger.md`` is the format.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from oxtail.core import codec
from oxtail.core.envelope import replies_to
from oxtail.core.value import Value
from oxtail.errors import DamagedRecord, StoreError
from oxtail.store.files import lines
from oxtail.store.retention import LEDGER_BOUND, ledger_limit

if TYPE_CHECKING:
    from oxtail.core.envelope import Envelope
    from oxtail.disk.atomic import Disk
    from oxtail.store.files.locks import Held, Locks
    from oxtail.trace import Trace

_HEAD_BYTES: Final = 64
_LENGTHS_MAX: Final = 256
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


class _Length(Value):
    """How long a ledger was when this process wrote to it last.

    Attributes:
        inode: Of the file.
        size: Its bytes before the line that this process added.
        head: How that line begins, with its id, so that another file is not taken for this one.
        lines: How many lines those bytes are.
        limit: How many lines it may have until it is compacted.
    """

    inode: int
    size: int
    head: bytes
    lines: int
    limit: int


def _count(descriptor: int, size: int) -> int:
    """Return how many lines the first *size* bytes are."""
    count, at = 0, 0
    while at < size and (piece := os.pread(descriptor, min(_PIECE_BYTES, size - at), at)):
        count += piece.count(b"\n")
        at += len(piece)
    return count


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
        self._lengths: dict[str, _Length] = {}

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
            length = self._length(path, descriptor, before, line)
            if length.lines >= length.limit:
                length = self._compact(path, held, session_id, length)
            self._remember(path, length)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    # ------------------------------------------------------------------ length

    def _length(self, path: str, descriptor: int, before: os.stat_result, line: bytes) -> _Length:
        """Return how long a ledger was *before*; only what others have added is counted."""
        size, head = before.st_size, line[:_HEAD_BYTES]
        known = self._lengths.get(path)
        if known and known.inode == before.st_ino and 0 < size - known.size <= _PIECE_BYTES:
            added = os.pread(descriptor, size - known.size, known.size)
            if added.startswith(known.head):
                count = known.lines + added.count(b"\n")
                return _Length(known.inode, size, head, count, known.limit)
        count = _count(descriptor, size)
        return _Length(before.st_ino, size, head, count, ledger_limit(self._bound))

    def _remember(self, path: str, length: _Length) -> None:
        if len(self._lengths) >= _LENGTHS_MAX:
            self._lengths.clear()
        self._lengths[path] = length

    def _compact(self, path: str, held: Held, session_id: str, length: _Length) -> _Length:
        """Drop the oldest lines; return how long it was before its last line then."""
        try:
            raws = codec.split_lines(self._content(path))
            kept = keep_newest(raws, self._bound)
            if len(kept) < len(raws):
                held.check()
                data = lines.join(kept)
                self._disk.publish(path, data)
                size = len(data) - len(kept[-1]) - 1
                length = _Length(os.lstat(path).st_ino, size, length.head, len(kept) - 1, 0)
        except (OSError, StoreError) as error:
            # The message is recorded; a ledger that is too long is no reason to refuse it.
            self._trace(
                "received_ledger_compaction_failed", session_id=session_id, error=str(error)
            )
            return length._replace(limit=ledger_limit(length.lines))
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
        return length._replace(limit=ledger_limit(max(len(kept), self._bound)))

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
