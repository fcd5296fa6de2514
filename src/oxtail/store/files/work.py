"""Delegated work on files: what the ledgers say about it, and the intents to close it.

Work lives in the ledger of the one who owes it.  Its end is a member of its own line, set under the
ledger's lock; npm peers read and set the same member.  The intent to close it lies beside, in a
file that is created exclusively, so that of several closers one counts.
``docs/formats/work.md`` is the format, ``docs/states.md`` has the states.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

from oxtail.core import codec
from oxtail.core.envelope import LINE_MAX_BYTES, from_dict
from oxtail.core.names import completion_id
from oxtail.core.work import (
    Closing,
    Owed,
    State,
    begun,
    closed,
    ended,
    is_end,
    is_end_of,
    outcome_to_dict,
)
from oxtail.errors import DamagedRecord, StoreError
from oxtail.store.files import lines
from oxtail.store.files.records import number, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oxtail.disk.atomic import Disk
    from oxtail.store.files.locks import Locks

CLOSING_MAX_BYTES: Final = 262_144
"""Largest intent that is read: two bodies, with each of their bytes escaped."""

OUTCOME: Final = "obligation"
"""Member of a ledger line that says how the work ended."""

_TRIES: Final = 8
"""How often an intent's name is tried; it becomes free when the work ends, and then has an end."""

_NAME: Final = re.compile(r"c-[0-9a-f]{32}")
_MARK: Final = b'"action_required":true'


class FileWork:
    """A :class:`oxtail.ports.Work` on files.

    Args:
        disk: The state folder.
        locks: Its locks.
    """

    def __init__(self, disk: Disk, locks: Locks) -> None:
        self._disk = disk
        self._locks = locks

    # ------------------------------------------------------------------ looking

    def open_of(self, session_ids: Sequence[str]) -> tuple[Owed, ...]:
        """Return the work that has not ended; see :meth:`oxtail.ports.Work.open_of`."""
        found: dict[str, Owed] = {}
        for session_id in dict.fromkeys(session_ids):
            own: dict[str, Owed] = {}
            for owed in self._owed(session_id, _MARK):
                before = own.get(owed.message.id)
                # A sender may have recorded a message twice; one end of it ends both.
                if before is None or owed.has_ended:
                    own[owed.message.id] = owed
            for message_id, owed in own.items():
                if owed.is_work and not owed.has_ended:
                    found.setdefault(message_id, owed)
        if not found:
            return ()
        intents = {closing.key for closing in self.closings(session_ids)}
        listed = (
            begun(owed) if (owed.session_id, i) in intents else owed for i, owed in found.items()
        )
        return tuple(sorted(listed, key=lambda owed: owed.message.enqueued_at))

    def find(self, session_ids: Sequence[str], message_id: str) -> Owed | None:
        """Return one message and its standing; see :meth:`oxtail.ports.Work.find`."""
        for session_id in dict.fromkeys(session_ids):
            owed = self._find(session_id, message_id)
            if owed is None:
                continue
            if owed.is_work and not owed.has_ended and self._read(session_id, message_id):
                return begun(owed)
            return owed
        return None

    def _find(self, session_id: str, message_id: str) -> Owed | None:
        """Return what the ledger alone says about a message."""
        needle = codec.encode_compact(message_id)
        if len(needle) <= 2:
            return None
        found = [o for o in self._owed(session_id, needle) if o.message.id == message_id]
        over = [owed for owed in found if owed.has_ended]
        best = over or found
        return best[-1] if best else None

    def _owed(self, session_id: str, needle: bytes) -> Iterator[Owed]:
        """Yield the messages on those lines of a ledger that hold *needle*, oldest first."""
        data = self._content(self._disk.layout.ledger(session_id))
        for raw in reversed(tuple(lines.having(data, needle))):
            members = _members(raw)
            if members is not None and (owed := _owed(session_id, members)):
                yield owed

    def _content(self, path: str) -> bytes:
        try:
            return self._disk.read(path) or b""
        except DamagedRecord:
            return b""  # the next sender sets it aside

    # ------------------------------------------------------------------ closing

    def begin(self, closing: Closing) -> Closing | None:
        """Record an intent; see :meth:`oxtail.ports.Work.begin`.

        Commit point: the intent is there, synced.  The ledger is looked at only then: whoever
        finished the work before has said so there before the name became free.
        """
        path = self._path(*closing.key)
        data = codec.encode_compact(_closing_to_dict(closing))
        try:
            self._disk.folder(self._disk.layout.work)
            for _ in range(_TRIES):
                if self._disk.create(path, data, durable=True):
                    break
                if intent := self._read(*closing.key):
                    return intent
            else:
                raise StoreError(f"the name {path} does not become free", path=path)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error
        owed = self._find(*closing.key)
        # Somebody may have come after this intent and carried it out already.
        if owed is None or not owed.has_ended or is_end_of(closing, owed):
            return None
        self._forget(closing)
        return ended(owed)

    def closings(self, session_ids: Sequence[str]) -> tuple[Closing, ...]:
        """Return the intents that are left; see :meth:`oxtail.ports.Work.closings`."""
        wanted = frozenset(session_ids)
        folder = self._disk.layout.work
        found = []
        for name in self._disk.names(folder):
            closing = self._load(os.path.join(folder, name)) if _NAME.fullmatch(name) else None
            if closing and closing.session_id in wanted:
                found.append(closing)
        return tuple(sorted(found, key=lambda closing: (closing.at, closing.message_id)))

    def finish(self, closing: Closing) -> bool:
        """Make work terminal and forget the intent; see :meth:`oxtail.ports.Work.finish`.

        Commit point: the ledger with the outcome is published, synced.
        """
        path = self._disk.layout.ledger(closing.session_id)
        try:
            with self._locks.holding(
                path, "received_lock_stale_clear", session_id=closing.session_id
            ) as held:
                raws = codec.split_lines(self._content(path))
                stamped, was_over = _stamp(raws, closing)
                if stamped != raws:
                    held.check()
                    self._disk.publish(path, lines.join(stamped))
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error
        self._forget(closing)
        return not was_over

    def _forget(self, closing: Closing) -> None:
        path = self._path(*closing.key)
        try:
            self._disk.remove(path)
        except OSError as error:
            raise StoreError(f"cannot remove {path}: {error.strerror}", path=path) from error

    # ------------------------------------------------------------------ intents

    def _path(self, session_id: str, message_id: str) -> str:
        return self._disk.layout.closing(session_id, message_id)

    def _read(self, session_id: str, message_id: str) -> Closing | None:
        """Return the intent to close this work, or None; a record that is none is set aside."""
        return self._load(self._path(session_id, message_id))

    def _load(self, path: str) -> Closing | None:
        try:
            data = self._disk.read(path, CLOSING_MAX_BYTES)
            if data is None:
                return None
            closing = _closing(codec.decode(data))
        except (DamagedRecord, ValueError):
            closing = None
        if closing is None or path != self._path(*closing.key):
            self._disk.set_aside(path, "not the intent to close this work")
            return None
        return closing


def _members(raw: bytes) -> dict[str, Any] | None:
    if len(raw) > LINE_MAX_BYTES:
        return None
    try:
        members = codec.decode(raw)
    except ValueError:
        return None
    return members if isinstance(members, dict) else None


def owed_on(session_id: str, raw: bytes) -> Owed | None:
    """Return the message on the line *raw* of a session's ledger and its standing, or None."""
    members = _members(raw)
    return _owed(session_id, members) if members is not None else None


def _owed(session_id: str, members: dict[str, Any]) -> Owed | None:
    try:
        message = from_dict({k: v for k, v in members.items() if k != OUTCOME})
    except DamagedRecord:
        return None
    owed = Owed(session_id, message, message.action_required, State.OPEN)
    return closed(owed, members[OUTCOME]) if owed.is_work and OUTCOME in members else owed


def _stamp(raws: list[bytes], closing: Closing) -> tuple[list[bytes], bool]:
    """Return *raws* with the outcome on each line of the work, and whether one had one before."""
    needle = codec.encode_compact(closing.message_id)
    mine: dict[int, dict[str, Any]] = {}
    for place, raw in enumerate(raws):
        members = _members(raw) if needle in raw else None
        if members is None or members.get("id") != closing.message_id:
            continue
        if members.get("action_required") is True:
            mine[place] = members
    outcomes = [members[OUTCOME] for members in mine.values() if OUTCOME in members]
    outcome = outcomes[0] if outcomes else outcome_to_dict(closing)
    ending = codec.encode_compact({OUTCOME: outcome})[1:]
    stamped = list(raws)
    for place, members in mine.items():
        if OUTCOME not in members:
            # The line stays as its sender wrote it, with one member more.
            stamped[place] = raws[place].rstrip()[:-1] + b"," + ending
    return stamped, bool(outcomes)


def _closing_to_dict(closing: Closing) -> dict[str, Any]:
    members = {
        "schema_version": 1,
        "session_id": closing.session_id,
        "message_id": closing.message_id,
        "outcome": closing.outcome.value,
        "body": closing.body,
        "at": closing.at,
        "completion_id": completion_id(closing.message_id),
        "target": closing.target,
        "requester": closing.requester,
        "request_id": closing.request_id,
        "note": closing.note,
        "deadline": closing.deadline,
    }
    return {name: value for name, value in members.items() if value is not None}


def _closing(members: object) -> Closing | None:
    if not isinstance(members, dict) or not codec.is_schema_one(members.get("schema_version")):
        return None
    session_id, message_id = text(members.get("session_id")), text(members.get("message_id"))
    body, at = members.get("body"), number(members.get("at"))
    if session_id is None or message_id is None or not isinstance(body, str) or at is None:
        return None
    outcome = next((state for state in State if state.value == members.get("outcome")), None)
    if not is_end(outcome):
        return None
    return Closing(
        session_id=session_id,
        message_id=message_id,
        outcome=outcome,
        body=body,
        at=at,
        target=text(members.get("target")),
        requester=text(members.get("requester")),
        request_id=text(members.get("request_id")),
        note=text(members.get("note")),
        deadline=number(members.get("deadline")),
    )
