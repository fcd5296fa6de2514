"""Boxes and ledgers seen from outside; see :class:`oxtail.ports.Lookout`.

Rules of this file:

* Nothing is written, no lock is taken, nothing is set aside.
* A file is looked at before it is read, and read only where it changed; a ledger that grew is read
  from where it ended.
* What is kept of a message is where it stands; its body is read when it is shown.
"""

from __future__ import annotations

import os
import time
from contextlib import closing
from heapq import merge
from itertools import islice, repeat
from typing import TYPE_CHECKING, Final

from oxtail.core.census import BODY_KEPT_CHARS, BoxView, LedgerView, Letter
from oxtail.core.history import Record, record_of
from oxtail.core.names import hash32, is_box
from oxtail.core.work import begun
from oxtail.errors import StoreError
from oxtail.store.files import lines
from oxtail.store.files.ledger_scan import (
    Mark,
    OpenLedgers,
    continues,
    ledger_path,
    message_on,
    opened,
)
from oxtail.store.files.records import Receipts
from oxtail.store.files.work import owed_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.core.envelope import Envelope
    from oxtail.core.work import Owed
    from oxtail.disk.atomic import Disk, Stamp
    from oxtail.ports import Clock

_CLAIM_DOTS: Final = 2
"""A claim is called by its box, its process and an id, parted by dots."""

SETTLED_NANOSECONDS: Final = 1_000_000_000
"""Age from which the time stamp of a folder is believed; no file system counts more coarsely."""

_Row = tuple[int, int, str, int]
"""A message in a ledger: when it was sent, where its line starts, its id, how long the line is.

Messages of one second stay in the order of their ledger.
"""


class _Folder:
    """The names in a folder, listed anew when they change; they change seldom, and are few."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._changed_at: int | None = None
        self._names: frozenset[str] = frozenset()

    def names(self) -> frozenset[str]:
        """Return the names; none where the folder is missing or cannot be read."""
        try:
            changed_at = os.stat(self._path).st_mtime_ns
            # A folder that changed just now may change again without a later time stamp.
            if changed_at != self._changed_at or time.time_ns() - changed_at < SETTLED_NANOSECONDS:
                self._names, self._changed_at = frozenset(os.listdir(self._path)), changed_at
        except OSError:
            self._names, self._changed_at = frozenset(), None
        return self._names


class _Ledger:
    """What is known of one ledger, and how far it was read."""

    def __init__(self, stamp: Stamp | None, inode: int) -> None:
        self.stamp = stamp
        self.mark = Mark(inode)
        self.rows: dict[str, _Row] = {}
        self.owed: dict[str, Owed] = {}
        self.answered: set[tuple[str, str | None]] = set()
        self.asked: set[tuple[str, str]] = set()
        self.is_sure = True
        self.view = LedgerView()
        self.latest: list[_Row] = []

    def add(self, session_id: str, raw: bytes, start: int) -> None:
        message = message_on(raw)
        if message is None:
            self.is_sure = self.is_sure and not raw.strip()
            return
        self.rows[message.id] = (message.enqueued_at, start, message.id, len(raw))
        if message.reply_to:
            self.answered.add((message.reply_to, message.from_session_id))
        if message.request_id and message.from_session_id:
            self.asked.add((message.request_id, message.from_session_id))
        if message.action_required and (owed := owed_on(session_id, raw)):
            before = self.owed.get(message.id)
            # A sender may have recorded a message twice; one end of it ends both.
            if before is None or owed.has_ended:
                body = message.body[:BODY_KEPT_CHARS]
                self.owed[message.id] = owed._replace(message=owed.message._replace(body=body))

    def settle(self) -> None:
        self.latest = sorted(self.rows.values(), reverse=True)
        self.view = LedgerView(
            tuple(
                sorted(
                    (each for each in self.owed.values() if not each.has_ended),
                    key=lambda each: (each.message.enqueued_at, each.message.id),
                )
            ),
            frozenset(self.answered),
            frozenset(self.asked),
            self.is_sure,
        )


class FileLookout:
    """A :class:`oxtail.ports.Lookout` on files.

    Args:
        disk: The state folder.
        clock: Time.
    """

    def __init__(self, disk: Disk, clock: Clock) -> None:
        self._disk = disk
        self._receipts = Receipts(disk, clock)
        self._boxes: dict[str, tuple[tuple[Stamp | None, ...], BoxView]] = {}
        self._ledgers: dict[str, _Ledger] = {}
        self._paths: dict[str, tuple[str, str]] = {}
        self._box_paths: dict[str, str] = {}
        self._shown: dict[tuple[str, str, Stamp | None], Record] = {}
        self._latest: tuple[Record, ...] = ()
        self._latest_of: object = None
        self._claims = _Folder(disk.layout.claimed)
        self._closings = _Folder(disk.layout.work)

    # ------------------------------------------------------------------ boxes

    def box(self, name: str) -> BoxView:
        """Return what waits in a box; see :meth:`oxtail.ports.Lookout.box`."""
        if name not in self._box_paths:
            if not is_box(name):
                return BoxView(is_sure=False)
            self._box_paths[name] = self._disk.layout.box(name)
        paths = [self._box_paths[name], *self._claims_on(name)]
        stamps = tuple(map(self._disk.stamp, paths))
        known = self._boxes.get(name)
        if known and known[0] == stamps:
            return known[1]
        if stamps == (None,):
            view = BoxView()
        else:
            messages, is_sure = self._messages(paths)
            view = BoxView(tuple(map(Letter.of, messages)), is_sure)
        self._boxes[name] = (stamps, view)
        return view

    def letters(self, name: str, newest: int) -> tuple[Envelope, ...]:
        """Return messages in a box; see :meth:`oxtail.ports.Lookout.letters`."""
        if newest < 1 or not is_box(name):
            return ()
        messages, _ = self._messages([self._disk.layout.box(name)])
        return tuple(messages[-newest:])

    def _messages(self, paths: Sequence[str]) -> tuple[list[Envelope], bool]:
        """Return the messages in a box and the claims on it that have no receipt."""
        found: dict[str, Envelope] = {}
        is_sure = True
        for place, path in enumerate(paths):
            try:
                data = self._disk.read(path) or b""
            except StoreError:
                is_sure = False
                continue
            if place:  # the first line of a claim says whose it is
                data = data.partition(b"\n")[2]
            for line in lines.parse(data):
                if line.message is None:
                    is_sure = False
                else:
                    found.setdefault(line.message.id, line.message)
        return [each for each in found.values() if not self._receipts.was_shown(each.id)], is_sure

    def _claims_on(self, name: str) -> list[str]:
        """Return the paths of what was taken out of a box and is not acknowledged."""
        begin = name + "."
        return [
            os.path.join(self._disk.layout.claimed, token)
            for token in sorted(self._claims.names())
            if token.startswith(begin) and token.count(".") == _CLAIM_DOTS
        ]

    # ------------------------------------------------------------------ ledgers

    def ledger(self, session_id: str) -> LedgerView:
        """Return what a ledger says; see :meth:`oxtail.ports.Lookout.ledger`."""
        view = self._view(session_id)
        if not view.owed or not self._closings.names():
            return view
        return view._replace(owed=tuple(map(self._with_intent, view.owed)))

    def _view(self, session_id: str) -> LedgerView:
        try:
            ledger = self._ledger(session_id)
        except StoreError:
            self._ledgers.pop(session_id, None)
            return LedgerView(is_sure=False)
        return ledger.view if ledger else LedgerView()

    def _with_intent(self, owed: Owed) -> Owed:
        path = self._disk.layout.closing(owed.session_id, owed.message.id)
        is_begun = os.path.basename(path) in self._closings.names()
        return begun(owed) if is_begun and not owed.has_ended else owed

    def _ledger(self, session_id: str) -> _Ledger | None:
        if session_id not in self._paths:
            name = hash32(session_id)
            self._paths[session_id] = (name, ledger_path(self._disk, name))
        name, path = self._paths[session_id]
        stamp = self._disk.stamp(path)
        known = self._ledgers.get(session_id)
        if known and known.stamp == stamp:
            return known
        if stamp is None:
            self._ledgers.pop(session_id, None)
            return None
        with opened(self._disk, name) as ledger:
            if known is None or not continues(ledger, known.mark):
                known = _Ledger(stamp, ledger.inode)
            known.stamp = stamp
            mark = known.mark
            for line in ledger.lines(mark.stop):
                mark = mark.moved(line)
                if line.raw is None:
                    known.is_sure = False
                else:
                    known.add(session_id, line.raw, line.start)
            known.mark = mark
        known.settle()
        self._ledgers[session_id] = known
        return known

    def latest(self, session_ids: Sequence[str], newest: int) -> tuple[Record, ...]:
        """Return the newest messages; see :meth:`oxtail.ports.Lookout.latest`."""
        if newest < 1:
            return ()
        ledgers: list[tuple[str, _Ledger]] = []
        for session_id in dict.fromkeys(session_ids):
            self._view(session_id)
            if session_id in self._ledgers:
                ledgers.append((session_id, self._ledgers[session_id]))
        state = (newest, tuple((session_id, ledger.stamp) for session_id, ledger in ledgers))
        if state != self._latest_of:
            self._latest_of, self._latest = state, self._read_latest(ledgers, newest)
        return self._latest

    def _read_latest(
        self, ledgers: Sequence[tuple[str, _Ledger]], newest: int
    ) -> tuple[Record, ...]:
        rows = merge(*(zip(each.latest, repeat(i)) for i, each in ledgers), reverse=True)
        # Some of them may stand in two ledgers, of a session and of the one that it was before.
        chosen = islice(rows, newest * 2)
        found: dict[str, tuple[_Row, str]] = {}
        for row, session_id in chosen:
            found.setdefault(row[2], (row, session_id))
        shown: dict[tuple[str, str, Stamp | None], Record] = {}
        with closing(OpenLedgers(self._disk)) as reader:
            for row, session_id in islice(found.values(), newest):
                key = (session_id, row[2], self._ledgers[session_id].stamp)
                record = self._shown.get(key) or self._record(reader, session_id, row)
                if record:
                    shown[key] = record
        self._shown = shown
        return tuple(reversed(shown.values()))

    def _record(self, ledgers: OpenLedgers, session_id: str, row: _Row) -> Record | None:
        _, start, message_id, size = row
        name = hash32(session_id)
        try:
            message = ledgers.ledger(name).message(start, size)
        except StoreError:
            return None
        # A ledger that was compacted meanwhile has something else there; the next look sees that.
        if message is None or message.id != message_id:
            return None
        return record_of(session_id, name, message)
