"""What other hosts say of themselves, one file for each; written by the carrier, read by all.

A session belongs to the host that spoke of it first, for as long as that host does and a week
longer: another one that claims it is not believed.  ``docs/formats/remote-host.md`` is the format.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final

from oxtail.core import codec, remote
from oxtail.core.names import is_host_id
from oxtail.core.remote import Neighbor, RemoteHost, RemoteSession
from oxtail.core.value import Value
from oxtail.errors import DamagedRecord, StoreError
from oxtail.store.retention import RECORD_KEEP_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from oxtail.disk.atomic import Disk, Stamp
    from oxtail.ports import Clock

SILENT_SECONDS: Final = 75.0
"""How long a host that has fallen silent counts as there: it speaks three times as often."""

WORD_SECONDS: Final = 60.0
"""How long the last word of a carrier counts: it pauses at most half as long between two."""

GONE_MAX: Final = 200
"""Sessions of one host that have ended and are still known, for mail until they return."""

SESSIONS_MAX: Final = remote.SESSIONS_PER_PART * remote.PARTS_MAX + GONE_MAX
FILE_MAX_BYTES: Final = 8 * 1024 * 1024
HOSTS_MAX: Final = 10_000
"""Hosts that are kept; those beyond are not: no group of people has as many."""


class _Known(Value):
    """A host, and when it was last heard of, in unix seconds of this one."""

    host: RemoteHost
    at: float


class FileHosts:
    """See :class:`oxtail.ports.Hosts`."""

    def __init__(self, disk: Disk, clock: Clock) -> None:
        self._disk = disk
        self._clock = clock
        self._read: dict[str, tuple[Stamp, RemoteHost]] = {}
        self._owners: dict[str, str] = {}
        self._indexed: set[str] = set()
        self._guard = threading.Lock()

    def are_known(self) -> bool:
        """Tell whether there may be other hosts; see :class:`oxtail.ports.Hosts`."""
        return os.path.isdir(self._disk.layout.hosts)

    def trouble(self) -> str | None:
        """Return what keeps mail here, by the carrier's own word; see :class:`oxtail.ports.Hosts`.

        The word is a hint: one that is missing, old or damaged says that nobody carries.
        """
        try:
            members = codec.decode(self._disk.read(self._disk.layout.nats_state) or b"{}")
        except (DamagedRecord, ValueError):
            members = None
        if not isinstance(members, dict):
            members = {}
        at = members.get("at")
        if not isinstance(at, int) or self._clock.now() - at > WORD_SECONDS:
            return "no carrier runs on this host"
        if members.get("connected") is True:
            return None
        problem = members.get("problem")
        return problem[:200] if isinstance(problem, str) and problem else "not connected"

    def hosts(self) -> tuple[str, ...]:
        """Return the ids of the hosts that are known; see :class:`oxtail.ports.Hosts`."""
        names = self._disk.names(self._disk.layout.hosts)
        found = [name.removesuffix(".json") for name in names if name.endswith(".json")]
        return tuple(filter(is_host_id, found))

    def neighbors(self) -> tuple[Neighbor, ...]:
        """Return their sessions; see :class:`oxtail.ports.Hosts`."""
        now = self._clock.now()
        found = []
        for known in self._all():
            is_there = now - known.at < SILENT_SECONDS
            for session in known.host.sessions:
                is_live = session.is_live and is_there
                host = known.host
                found.append(
                    Neighbor(host.host_id, host.name, session, is_live, host.key, host.can)
                )
        return tuple(found)

    def host_of(self, session_id: str) -> str | None:
        """Return whose session it is; see :class:`oxtail.ports.Hosts`."""
        for known in self._all():
            if any(session.went_by(session_id) for session in known.host.sessions):
                return known.host.host_id
        return None

    def ids_of(self, session_id: str) -> tuple[str, ...]:
        """Return the ids of a session; see :meth:`oxtail.ports.Hosts.ids_of`."""
        for known in self._all():
            for session in known.host.sessions:
                if session.went_by(session_id):
                    return (session.session_id, *session.former)
        return ()

    def is_of(self, host_id: str, session_id: str) -> bool:
        """Tell whether it is one of that host; see :class:`oxtail.ports.Hosts`."""
        known = self._load(host_id)
        return known is not None and any(s.went_by(session_id) for s in known.host.sessions)

    def touch(self, host_ids: Collection[str]) -> None:
        """Keep that they are there; see :meth:`oxtail.ports.Hosts.touch`."""
        now = self._clock.now()
        for host_id in host_ids:
            path = self._disk.layout.other_host(host_id)
            try:
                os.utime(path, (now, now))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise StoreError(f"cannot touch {path}: {error.strerror}", path=path) from error

    def keep(self, host: RemoteHost, is_own: Callable[[str], bool]) -> tuple[str, ...]:
        """Keep what *host* says of itself.

        Sessions that it spoke of before and does not any more stay known for a week.  An id that
        it names as a session is no former id.

        Args:
            host: Its description, in one part.
            is_own: Tells whether a session is one of this host.

        Returns:
            The ids that it claims and that belong to somebody else.

        Raises:
            StoreError: the disk refused.
        """
        now = self._clock.now()
        with self._guard:
            before = self._load(host.host_id)
            named = {s.session_id for s in host.sessions}
            claimed = host.ids()
            held = before.host.ids() if before else frozenset()
            # What it holds already is nobody else's.
            fresh = claimed - held
            others = self._of_others(host.host_id, fresh) if fresh else set()
            stolen = {s for s in claimed if s in others or is_own(s)}
            sessions = [
                session._replace(
                    seen_at=int(now),
                    former=tuple(s for s in session.former if s not in stolen and s not in named),
                )
                for session in host.sessions
                if session.session_id not in stolen
            ]
            gone = [
                session._replace(is_live=False)
                for session in (before.host.sessions if before else ())
                if session.session_id not in claimed and now - session.seen_at < RECORD_KEEP_SECONDS
            ]
            gone.sort(key=lambda session: -session.seen_at)
            whole = host._replace(sessions=(*sessions, *gone[:GONE_MAX]))
            self._write(whole, now, before)
            self._index(_Known(whole, now), host.host_id)
        return tuple(sorted(stolen))

    def forget(self) -> None:
        """Remove hosts that have not been heard of for a week."""
        now = self._clock.now()
        for known in self._all():
            if now - known.at > RECORD_KEEP_SECONDS:
                self._disk.remove(self._disk.layout.other_host(known.host.host_id))

    # ------------------------------------------------------------------ files

    def _write(self, host: RemoteHost, now: float, before: _Known | None) -> None:
        path = self._disk.layout.other_host(host.host_id)
        try:
            if before is None:
                self._disk.folder(self._disk.layout.hosts)
                if len(self.hosts()) >= HOSTS_MAX:
                    raise StoreError(f"more than {HOSTS_MAX} hosts", path=path)
            elif _lasting(before.host) == _lasting(host):
                os.utime(path, (now, now))
                return
            data = codec.encode_line(host.as_dict())
            self._disk.publish(path, data, durable=False, mtime=now)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error

    def _of_others(self, host_id: str, claimed: frozenset[str]) -> set[str]:
        """Return those of *claimed* that belong to another host than *host_id*.

        Reading what all of them say costs with their number, so each is read once, and who is
        remembered as the owner of a session is asked again.
        """
        for other in set(self.hosts()) - self._indexed:
            self._index(self._load(other), other)
        return {
            session_id
            for session_id in claimed
            if (owner := self._owners.get(session_id)) and owner != host_id
            if self.is_of(owner, session_id)
        }

    def _index(self, known: _Known | None, host_id: str) -> None:
        self._indexed.add(host_id)
        self._owners.update(dict.fromkeys(known.host.ids() if known else (), host_id))

    def _all(self) -> list[_Known]:
        return [known for host_id in self.hosts() if (known := self._load(host_id))]

    def _load(self, host_id: str) -> _Known | None:
        path = self._disk.layout.other_host(host_id)
        stamp = self._disk.stamp(path)
        if stamp is None:
            return None
        at = stamp.mtime_ns / 1e9
        known = self._read.get(host_id)
        if known and known[0]._replace(mtime_ns=0) == stamp._replace(mtime_ns=0):
            # A file is replaced, never changed, so only its time can be another one.
            return _Known(known[1], at)
        try:
            data = self._disk.read(path, FILE_MAX_BYTES)
            if data is None:
                return None
            host = remote.from_dict(codec.decode(data), SESSIONS_MAX)
            if host.host_id != host_id:
                raise DamagedRecord("the file of another host")
        except (DamagedRecord, ValueError) as error:
            self._disk.set_aside(path, str(error))
            return None
        self._read[host_id] = (stamp, host)
        return _Known(host, at)


def _lasting(host: RemoteHost) -> RemoteHost:
    """Return *host* without what is another each time it speaks; times count in days."""
    sessions: tuple[RemoteSession, ...] = tuple(
        session._replace(seen_at=session.seen_at // 86_400) for session in host.sessions
    )
    return host._replace(at=0, sessions=sessions)
