"""What keeps wakes rare; :class:`FileWakeRecords` implements :class:`oxtail.ports.WakeRecords`.

Two kinds of files in one folder, shared with other implementations: ``d-`` says that a session
was woken for an answer to one question, ``r-`` when it was last woken unasked.  The time of change
of a file is its clock; the content is for people (``docs/formats/README.md``).
A third kind, ``t-`` in a folder of Python peers, says when keys were last typed for a session.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from oxtail.core.codec import encode_compact
from oxtail.errors import StoreError
from oxtail.trace import Trace, silent

if TYPE_CHECKING:
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
        trace: Told why a record could not be used, as ``autowake_store_error``.
    """

    def __init__(
        self,
        disk: Disk,
        clock: Clock,
        *,
        dedupe_ttl_ms: int,
        min_interval_ms: int,
        trace: Trace = silent,
    ) -> None:
        self._disk = disk
        self._clock = clock
        self._ttl = dedupe_ttl_ms / 1000
        self._interval = min_interval_ms / 1000
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
