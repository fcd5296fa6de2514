"""What keeps wakes rare; :class:`FileWakeRecords` implements :class:`oxtail.ports.WakeRecords`.

Two kinds of files in one folder, shared with other implementations: ``d-`` says that a session
was woken for an answer to one question, ``r-`` when it was last woken unasked.  The time of change
of a file is its clock; the content is for people (``docs/formats/README.md``).
A third kind, ``t-`` in a folder of Python peers, says when keys were last typed for a session.

A fourth, in ``operator-wake/``, says when a person last woke a session from a cockpit; npm cockpits
keep it too.

Waiting leaves three more.  ``waiter-wake/`` says when a session was last woken by those who wait
for it, ``pending-wake/`` holds wishes that an npm peer's own server wakes its session
(``docs/formats/waiter-wake.md``, ``docs/formats/pending-wake.md``), and ``reminded/`` says which
overdue work was told of.  The store's sweep removes them.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from oxtail.core.codec import encode_compact
from oxtail.errors import StoreError
from oxtail.trace import Trace, silent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oxtail.disk.atomic import Disk
    from oxtail.ports import Clock

TYPINGS_KEPT_SECONDS: Final = 3600.0
"""Age after which the record of a typing is dropped; no window is anywhere near as long."""


class FileWakeRecords:
    """The wake records in the state folder of *disk*.

    Args:
        disk: The state folder.
        clock: Tells how old a record is.
        dedupe_ttl_ms: How long one answer causes at most one wake.
        min_interval_ms: Least time between automatic wakes of one session.
        waiters_interval_ms: Least time between wakes of one session by all who wait for it.
        operator_interval_ms: Least time between wakes of one session by operators.
        trace: Told why a record could not be used, as ``autowake_store_error`` and
            ``waiting_store_error``.
    """

    def __init__(
        self,
        disk: Disk,
        clock: Clock,
        *,
        dedupe_ttl_ms: int,
        min_interval_ms: int,
        waiters_interval_ms: int = 90_000,
        operator_interval_ms: int = 5_000,
        trace: Trace = silent,
    ) -> None:
        self._disk = disk
        self._clock = clock
        self._ttl = dedupe_ttl_ms / 1000
        self._interval = min_interval_ms / 1000
        self._waiters_interval = waiters_interval_ms / 1000
        self._operator_interval = operator_interval_ms / 1000
        self._trace = trace

    def claim_reply_wake(self, session_id: str, reply_to: str) -> str | None:
        """Claim the one automatic wake that this reply may cause; None if the caller won.

        Commit point: the ``d-`` file gets its name.  It stays, even where the wake then fails.
        Two callers that find the same record expired at the same moment may both win; the cost is
        one wake too many.

        Returns:
            None, or the wake status that says why not: ``skipped_deduped``,
            ``skipped_rate_limited`` or ``skipped_store_error``.
        """
        layout = self._disk.layout
        try:
            self._disk.folder(layout.autowake)
            self._sweep()
            record, stamp = layout.woken_for(session_id, reply_to), layout.woken_at(session_id)
            if self._age(record) is not None:
                return "skipped_deduped"  # the sweep removes every record that no longer counts
            age = self._age(stamp)
            if age is not None and 0 <= age < self._interval:
                return "skipped_rate_limited"
            if not self._disk.create(record, self._body(session_id, reply_to)):
                return "skipped_deduped"
            self._disk.publish(stamp, self._now_ms(), durable=False)
        except (OSError, StoreError) as error:
            self._trace("autowake_store_error", target_session_id=session_id, error=str(error))
            return "skipped_store_error"
        return None

    def stamp(self, session_id: str, reply_to: str) -> None:
        """Record an automatic wake that needs no permission; never raises."""
        layout = self._disk.layout
        try:
            self._disk.folder(layout.autowake)
            self._disk.publish(
                layout.woken_for(session_id, reply_to),
                self._body(session_id, reply_to),
                durable=False,
            )
            self._disk.publish(layout.woken_at(session_id), self._now_ms(), durable=False)
        except (OSError, StoreError) as error:
            self._trace("autowake_store_error", target_session_id=session_id, error=str(error))

    # ------------------------------------------------------------------ waiting

    def claim_waiters_wake(self, session_id: str) -> bool:
        """Claim a wake by a waiter; see :meth:`oxtail.ports.WakeRecords.claim_waiters_wake`.

        Commit point: the file gets its name.  Among Python peers a kernel lock, which is not waited
        for, keeps a second one from replacing the same old record; npm peers take no such lock, and
        what one of them makes in between is found and left.
        """
        layout = self._disk.layout
        path = layout.waiter_wake(session_id)
        try:
            self._disk.folder(layout.waiter_wakes)
            with self._alone(layout.waiter_wake_lock(session_id)) as is_alone:
                return is_alone and self._replace_old(path)
        except (OSError, StoreError) as error:
            self._trace("waiting_store_error", target_session_id=session_id, error=str(error))
            return False

    def _replace_old(self, path: str) -> bool:
        now = self._clock.now()
        stamp = self._disk.stamp(path)
        if stamp is not None:
            # A record of the far future was made by a clock that has been set back since.
            if abs(now - stamp.mtime_ns / 1e9) < self._waiters_interval:
                return False
            if not self._disk.remove_unchanged(path, stamp):
                return False
        return self._disk.create(path, b"", mtime=now)

    @contextmanager
    def _alone(self, path: str) -> Iterator[bool]:
        """Tell whether this process holds the kernel lock of *path* in the block."""
        import fcntl

        descriptor, _ = self._disk.open_side(path)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)

    def wish(self, session_id: str, message_id: str, sender: str | None) -> None:
        """Leave a wish to be woken; see :meth:`oxtail.ports.WakeRecords.wish`.

        Commit point: the file gets its name.
        """
        now = self._clock.now()
        members = {
            "recipientSessionId": session_id,
            "messageId": message_id,
            "senderSessionId": sender,
            "sentAt": int(now * 1000),
            "attempts": 0,
            "lastAttemptAt": None,
        }
        layout = self._disk.layout
        try:
            self._disk.folder(layout.pending_wakes)
            path = layout.pending_wake(session_id, message_id)
            self._disk.create(path, encode_compact(members), mtime=now)
        except (OSError, StoreError) as error:
            self._trace("waiting_store_error", target_session_id=session_id, error=str(error))

    def claim_reminder(self, message_id: str, deadline: int) -> bool:
        """Claim a reminder; see :meth:`oxtail.ports.WakeRecords.claim_reminder`.

        Commit point: the file gets its name.
        """
        layout = self._disk.layout
        members = {"messageId": message_id, "deadline": deadline}
        try:
            self._disk.folder(layout.reminded)
            path = layout.reminder(message_id, deadline)
            return self._disk.create(path, encode_compact(members), mtime=self._clock.now())
        except (OSError, StoreError) as error:
            self._trace("waiting_store_error", message_id=message_id, error=str(error))
            return False

    # ------------------------------------------------------------------ operators

    def is_operator_too_soon(self, session_id: str) -> bool:
        """Tell whether an operator woke *session_id* a moment ago.

        See :meth:`oxtail.ports.WakeRecords.is_operator_too_soon`.
        """
        try:
            age = self._age(self._disk.layout.operator_wake(session_id))
        except OSError as error:
            self._trace("autowake_store_error", target_session_id=session_id, error=str(error))
            return False
        return age is not None and 0 <= age < self._operator_interval

    def stamp_operator(self, session_id: str) -> None:
        """Record that an operator has woken *session_id* now; never raises.

        Commit point: the file gets its name.  Its time of change is the clock.
        """
        layout = self._disk.layout
        try:
            self._disk.folder(layout.operator_wakes)
            path = layout.operator_wake(session_id)
            self._disk.publish(path, b"", durable=False, mtime=self._clock.now())
        except (OSError, StoreError) as error:
            self._trace("autowake_store_error", target_session_id=session_id, error=str(error))

    # ------------------------------------------------------------------ files

    def _now_ms(self) -> bytes:
        return str(int(self._clock.now() * 1000)).encode()

    def _body(self, session_id: str, reply_to: str) -> bytes:
        at = int(self._clock.now() * 1000)
        return encode_compact({"sessionId": session_id, "replyTo": reply_to, "at": at})

    def _age(self, path: str) -> float | None:
        try:
            return self._clock.now() - os.lstat(path).st_mtime
        except FileNotFoundError:
            return None

    def _sweep(self) -> None:
        """Remove records that no longer count, also those of a clock that has been set back."""
        folder = self._disk.layout.autowake
        for name in self._disk.names(folder):
            if not name.startswith(("d", "r")):
                continue
            path = os.path.join(folder, name)
            age = self._age(path)
            if age is not None and abs(age) >= self._ttl:
                self._disk.remove(path)


class FileTypings:
    """When keys were last typed for a session, by whichever process of this user.

    Args:
        disk: The state folder.
        clock: Tells how old a record is.
        window_ms: How long after one wake the next one is too soon.
    """

    def __init__(self, disk: Disk, clock: Clock, *, window_ms: int) -> None:
        self._disk = disk
        self._clock = clock
        self._window = window_ms / 1000

    def is_too_soon(self, session_id: str) -> bool:
        """Tell whether keys were typed for *session_id* a moment ago; the future is no moment.

        Raises:
            OSError: the record cannot be looked at.
        """
        try:
            typed_at = os.lstat(self._disk.layout.typed_at(session_id)).st_mtime
        except FileNotFoundError:
            return False
        return 0 <= self._clock.now() - typed_at < self._window

    def stamp(self, session_id: str) -> None:
        """Record that keys were typed for *session_id* now, and drop records of long ago.

        Raises:
            OSError: the disk refused.
            StoreError: as above.
        """
        layout = self._disk.layout
        self._disk.folder(layout.doors)
        path = layout.typed_at(session_id)
        now = self._clock.now()
        self._disk.publish(path, str(int(now * 1000)).encode(), durable=False)
        os.utime(path, (now, now))
        for name in self._disk.names(layout.doors):
            other = os.path.join(layout.doors, name)
            if name.startswith("t-") and other != path:
                stamp = self._disk.stamp(other)
                if stamp and abs(now - stamp.mtime_ns / 1e9) > TYPINGS_KEPT_SECONDS:
                    self._disk.remove(other)
