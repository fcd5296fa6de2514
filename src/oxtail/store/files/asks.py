"""Open questions: those that a process waits on, and those that nobody waits on any more.

A waiting record is private to Python peers and names its owner.  A pending ask is what peers of all
kinds read: its modification time is its age, its removal decides who takes it.  A question has a
waiting record first and is never without a record until it is answered.  ``docs/formats/ask.md``
and ``docs/formats/pending-ask.md`` are the formats.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

from oxtail.core import codec
from oxtail.errors import DamagedRecord, StoreError
from oxtail.store.files.owners import has_left, owner_from_dict, owner_to_dict
from oxtail.store.files.records import RECORD_MAX_BYTES, number, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from oxtail.core.correlation import Ask, OpenAsk
    from oxtail.core.owner import Owner
    from oxtail.disk.atomic import Disk
    from oxtail.ports import Clock

_WAITING: Final = re.compile(r"a-[0-9a-f]{32}")
_PENDING: Final = re.compile(r"p-[0-9a-f]{32}")


class Asks:
    """The open questions of one state folder.

    Args:
        disk: The state folder.
        clock: Time.
        ttl: How long a pending ask counts, in seconds.
        owner: This process.
        provably_dead: Tells whether another one has ended.
    """

    def __init__(
        self,
        disk: Disk,
        clock: Clock,
        ttl: float,
        *,
        owner: Owner,
        provably_dead: Callable[[Owner], bool],
    ) -> None:
        self._disk = disk
        self._clock = clock
        self._ttl = ttl
        self._owner = owner
        self._provably_dead = provably_dead

    # ------------------------------------------------------------------ the asker

    def open(self, ask: Ask) -> None:
        """Record a wait; see :meth:`oxtail.ports.Store.open_ask`."""
        members = {
            "schema_version": 1,
            "session_id": ask.session_id,
            "request_id": ask.request_id,
            "target": ask.target,
            "message_id": ask.message_id,
            "owner_epoch": ask.owner_epoch,
            "at_ms": ask.at_ms,
            "owner": owner_to_dict(self._owner),
        }
        path = self._waiting_path(ask)
        try:
            self._disk.folder(self._disk.layout.asks)
            self._disk.publish(path, codec.encode_compact(members))
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error

    def close(self, ask: Ask) -> None:
        """Forget a question; see :meth:`oxtail.ports.Store.close_ask`."""
        self._remove(self._pending_path(ask))
        self._remove(self._waiting_path(ask))

    def suspend(self, ask: Ask) -> None:
        """Make a pending ask of a wait; see :meth:`oxtail.ports.Store.suspend_ask`.

        Commit point: the pending ask is there.  A crash before it leaves the waiting record of a
        dead owner, which the next reader suspends.
        """
        now = self._clock.now()
        members = {
            "sessionId": ask.session_id,
            "requestId": ask.request_id,
            "at": int(now * 1000),
            "target": ask.target,
            "messageId": ask.message_id,
            "ownerEpoch": ask.owner_epoch,
            "attempts": 0,
            "lastRepokeAt": None,
        }
        path = self._pending_path(ask)
        try:
            self._disk.folder(self._disk.layout.pending_asks)
            self._disk.create(path, codec.encode_compact(members), durable=True, mtime=now)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error
        self._remove(self._waiting_path(ask))

    # ------------------------------------------------------------------ others

    def waiting(self, session_id: str) -> tuple[Ask, ...]:
        """Return live waits; see :meth:`oxtail.ports.Store.waiting_asks`."""
        found = []
        for ask, owner in self._waits():
            if ask.session_id != session_id:
                continue
            if self._has_left(ask, owner):
                self._bereave(ask)
            else:
                found.append(ask)
        return tuple(sorted(found, key=lambda ask: (ask.at_ms, ask.request_id)))

    def pending(self, session_id: str) -> tuple[Ask, ...]:
        """Return pending asks; see :meth:`oxtail.ports.Store.pending_asks`."""
        self.waiting(session_id)
        found = [ask for ask, _, _ in self._pendings() if ask.session_id == session_id]
        return tuple(sorted(found, key=lambda ask: (ask.at_ms, ask.request_id)))

    def consume(self, session_id: str, request_id: str) -> bool:
        """Take a pending ask; see :meth:`oxtail.ports.Store.consume_pending_ask`."""
        if not session_id or not request_id:
            return False
        layout = self._disk.layout
        waiting = layout.ask(session_id, request_id)
        record = _waiting_ask(self._members(waiting))
        if record and self._has_left(*record):
            self._bereave(record[0])
        path = layout.pending_ask(session_id, request_id)
        age = self._age(path)
        # The removal decides: of several that answer late, one pulls the asker back.
        return self._remove(path) and age is not None and age < self._ttl

    def hand_on(self, session_id: str, request_id: str, target: str, message_id: str) -> bool:
        """Change who answers a pending ask; see :meth:`oxtail.ports.Store.hand_on_ask`.

        Commit point: the changed record is published, with the time of the one before.
        """
        return self._change(
            session_id, request_id, lambda _: {"target": target, "messageId": message_id}
        )

    def woken(self, session_id: str, request_id: str) -> bool:
        """Count a wake; see :meth:`oxtail.ports.Store.woken_for_ask`.

        Commit point: the changed record is published, with the time of the one before.
        """
        now_ms = int(self._clock.now() * 1000)
        return self._change(
            session_id,
            request_id,
            lambda members: {"attempts": _attempts(members) + 1, "lastRepokeAt": now_ms},
        )

    def _change(
        self,
        session_id: str,
        request_id: str,
        change: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> bool:
        """Replace members of a pending ask; False if there is none, or another one by now."""
        path = self._disk.layout.pending_ask(session_id, request_id)
        stamp, members = self._disk.stamp(path), self._members(path)
        if stamp is None or not members or _pending_ask(members) is None:
            return False
        changed = {**members, **change(members)}
        if changed == members:
            return True
        try:
            data = codec.encode_compact(changed)
            # Looked at as late as can be: publishing brings a record back that was just taken.
            if self._disk.stamp(path) != stamp:
                return False
            self._disk.publish(path, data, mtime=stamp.mtime_ns / 1e9)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error
        return True

    def everybodys(self, limit: int) -> tuple[OpenAsk, ...]:
        """Return open questions of all; see :meth:`oxtail.ports.Store.all_asks`."""
        from oxtail.core.correlation import OpenAsk

        found: dict[tuple[str, str], OpenAsk] = {}
        for ask, since, attempts in self._pendings():
            if len(found) < limit:
                found[ask.session_id, ask.request_id] = OpenAsk(ask, False, since, attempts)
        for ask, owner in self._waits(looking=True):
            # The one who suspends a question makes the pending ask before it drops the wait.
            key = (ask.session_id, ask.request_id)
            if len(found) < limit and key not in found:
                waited_on = not self._has_left(ask, owner)
                found[key] = OpenAsk(ask, waited_on, ask.at_ms / 1000)
        return tuple(sorted(found.values(), key=lambda one: (one.since, one.ask)))

    def sweep(self) -> None:
        """Settle the waits of the dead, and remove what is older than the TTL."""
        for ask, owner in self._waits():
            if self._has_left(ask, owner):
                self._bereave(ask)
        folder = self._disk.layout.pending_asks
        for name in self._disk.names(folder):
            path = os.path.join(folder, name)
            age = self._age(path)
            if name.startswith("p") and age is not None and age >= self._ttl:
                self._remove(path)

    # ------------------------------------------------------------------ files

    def _pendings(self) -> Iterator[tuple[Ask, float, int]]:
        """Yield each pending ask that counts, its time in unix seconds, and its wakes."""
        folder = self._disk.layout.pending_asks
        for name in self._disk.names(folder):
            if not _PENDING.fullmatch(name):
                continue
            path = os.path.join(folder, name)
            stamp, members = self._disk.stamp(path), self._members(path)
            ask = _pending_ask(members)
            since = stamp.mtime_ns / 1e9 if stamp else 0.0
            if ask and members and stamp and self._clock.now() - since < self._ttl:
                yield ask, since, _attempts(members)

    def _waits(self, *, looking: bool = False) -> Iterator[tuple[Ask, Owner]]:
        """Yield each wait and its owner; who is only *looking* leaves what is damaged in place."""
        folder = self._disk.layout.asks
        for name in self._disk.names(folder):
            if _WAITING.fullmatch(name):
                path = os.path.join(folder, name)
                members = self._members(path)
                if record := _waiting_ask(members):
                    yield record
                elif members is not None and not looking:
                    self._disk.set_aside(path, "not a waiting ask")

    def _bereave(self, ask: Ask) -> None:
        """Bring the records of a question to where it stands after the death of its asker."""
        from oxtail.core.correlation import State, after_death

        (self.suspend if after_death() is State.PENDING else self.close)(ask)

    def _has_left(self, ask: Ask, owner: Owner) -> bool:
        age = self._clock.now() - ask.at_ms / 1000
        return has_left(owner, age, self._owner, self._provably_dead)

    def _members(self, path: str) -> dict[str, Any] | None:
        """Return the members in *path*, none if it is damaged, None if there is no file."""
        try:
            data = self._disk.read(path, RECORD_MAX_BYTES)
            members = None if data is None else codec.decode(data)
        except (DamagedRecord, ValueError):
            return {}
        return members if data is None or isinstance(members, dict) else {}

    def _age(self, path: str) -> float | None:
        try:
            return self._clock.now() - os.lstat(path).st_mtime
        except OSError:
            return None

    def _remove(self, path: str) -> bool:
        try:
            return self._disk.remove(path)
        except OSError as error:
            raise StoreError(f"cannot remove {path}: {error.strerror}", path=path) from error

    def _waiting_path(self, ask: Ask) -> str:
        return self._disk.layout.ask(ask.session_id, ask.request_id)

    def _pending_path(self, ask: Ask) -> str:
        return self._disk.layout.pending_ask(ask.session_id, ask.request_id)


def _waiting_ask(members: object) -> tuple[Ask, Owner] | None:
    if not isinstance(members, dict) or not codec.is_schema_one(members.get("schema_version")):
        return None
    session_id, request_id = text(members.get("session_id")), text(members.get("request_id"))
    owner = owner_from_dict(members.get("owner"))
    if session_id is None or request_id is None or owner is None:
        return None
    # Most processes meet no question, and hooks have no time for the module about their lives.
    from oxtail.core.correlation import Ask

    ask = Ask(
        session_id,
        request_id,
        text(members.get("target")) or "",
        text(members.get("message_id")) or "",
        number(members.get("owner_epoch")) or 0,
        number(members.get("at_ms")) or 0,
    )
    return ask, owner


def _attempts(members: dict[str, Any]) -> int:
    return max(number(members.get("attempts")) or 0, 0)


def _pending_ask(members: object) -> Ask | None:
    """Return a pending ask; target and message are empty in the records of old peers."""
    if not isinstance(members, dict):
        return None
    session_id, request_id = text(members.get("sessionId")), text(members.get("requestId"))
    if session_id is None or request_id is None:
        return None
    from oxtail.core.correlation import Ask

    return Ask(
        session_id,
        request_id,
        text(members.get("target")) or "",
        text(members.get("messageId")) or "",
        number(members.get("ownerEpoch")) or 0,
        number(members.get("at")) or 0,
    )
