"""Who is running: the entries in ``sessions/``, one file per server process.

Rules of this file:

* An entry is published before anything of the dead is collected, so mail that moves always has an
  entry that leads to its new place.
* Reading removes no entry.  Collecting happens after a publish, and only of what is dead on a
  second look and unchanged until the last moment.
* An entry is removed last, after the mail that it leads to has moved.

``docs/formats/registry-entry.md`` describes the file, ``docs/states.md`` its life.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from oxtail.core.codec import encode_pretty
from oxtail.core.entry import Entry, Known, from_dict
from oxtail.core.names import parse_pid, pid_box, session_box
from oxtail.disk.atomic import FILE_MODE, Disk
from oxtail.errors import DamagedRecord, StoreError
from oxtail.identity.ancestry import is_ancestor_related
from oxtail.identity.known import KnownSessions, known_from
from oxtail.identity.process import (
    SAME_START_SECONDS,
    is_alive,
    is_same_process,
    started_wall,
)
from oxtail.identity.records import Records, Seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.core.census import Census
    from oxtail.core.liveness import Life
    from oxtail.ports import Clock

_SUFFIX: Final = ".json"


def _file_pid(name: str) -> int | None:
    return parse_pid(name[: -len(_SUFFIX)]) if name.endswith(_SUFFIX) else None


def _parse(name: str, value: object) -> Entry:
    pid = _file_pid(name)
    if pid is None:
        raise DamagedRecord("not an entry's name", forged=True)
    return from_dict(value, pid)


def is_running(entry: Entry) -> bool:
    """Tell whether the process of *entry* is alive and not provably another one."""
    return is_same_process(entry.server_pid, entry.start_token, entry.proc_sig)


def _by_age(entry: Entry) -> tuple[int, int]:
    return entry.started_at, entry.server_pid


def _freshest(entries: list[Entry]) -> tuple[Entry, ...]:
    """Return *entries*, oldest first, of each session one; those without an id come last."""
    freshest: dict[str, Entry] = {}
    unclaimed = []
    for entry in sorted(entries, key=_by_age):
        if entry.session_id:
            freshest[entry.session_id] = entry
        else:
            unclaimed.append(entry)
    return (*sorted(freshest.values(), key=_by_age), *unclaimed)


class FileRegistry:
    """The registry of one state folder; see :class:`oxtail.ports.Registry`.

    Args:
        disk: The state folder.
        clock: Time.
        has_mail: Tells whether a box holds anything; may raise StoreError, which counts as yes.
        adopt_box: Moves all mail of one box to another and returns how many messages moved.
        quarantine_box: Sets the content of a box aside, for a reason.
        has_open_work: Tells whether a session owes work; then its dead entry is kept.
        is_running: Tells whether the process of an entry is alive.
        is_related: Tells whether two processes serve one agent.
        started: Returns when a process started (unix seconds), None if unknown.
        is_alive: Tells whether any process has a pid.
    """

    def __init__(
        self,
        disk: Disk,
        clock: Clock,
        *,
        has_mail: Callable[[str], bool],
        adopt_box: Callable[[str, str], int],
        quarantine_box: Callable[[str, str], int],
        has_open_work: Callable[[str], bool] = lambda _session_id: False,
        is_running: Callable[[Entry], bool] = is_running,
        is_related: Callable[[int, int], bool] = is_ancestor_related,
        started: Callable[[int], float | None] = started_wall,
        is_alive: Callable[[int], bool] = is_alive,
    ) -> None:
        self._disk = disk
        self._clock = clock
        self._has_mail = has_mail
        self._adopt_box = adopt_box
        self._quarantine_box = quarantine_box
        self._has_open_work = has_open_work
        self._is_running = is_running
        self._is_related = is_related
        self._started = started
        self._is_alive = is_alive
        self._looking: Records[Entry] | None = None
        self._looking_known: KnownSessions | None = None
        self._own: Entry | None = None
        self._known = KnownSessions(disk, clock)
        self._records = Records(
            disk,
            disk.layout.sessions,
            _parse,
            accepts=lambda name: _file_pid(name) is not None,
        )

    # What others see of us

    def publish(self, entry: Entry) -> None:
        """Make *entry* visible, then collect what dead processes left behind.

        Commit point: the entry's file has its name.  Collecting never raises.  The first publish
        of a process moves mail away that lies in its pid box and is somebody else's.

        Raises:
            StoreError: the entry could not be written; the old one is in place.
        """
        path = self._disk.layout.entry(entry.server_pid)
        self._make_private()
        if self._own is None:
            self._guarded("clear_own_box", self._clear_own_box, entry)
        try:
            self._disk.publish(path, encode_pretty(entry.as_dict()), durable=False)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}", path=path) from error
        self._own = entry
        self._guarded("remember", self._remember_entry, entry)
        self._guarded("collect", self._collect, entry)

    def withdraw(self) -> None:
        """Remove this process's entry; its session stays known.

        Mail in the pid box moves to the session's box first.  If it cannot, the entry stays: it
        leads the next server of the session to that mail.
        """
        own, self._own = self._own, None
        if own is None:
            return
        self._guarded("remember", self._remember_entry, own)
        if own.session_id and not self._guarded("withdraw", self._inherit, own, own.session_id):
            return
        self._guarded("withdraw", self._disk.remove, self._disk.layout.entry(own.server_pid))
        if own.session_id:  # what came between the move and the removal
            self._guarded("withdraw", self._inherit, own, own.session_id)

    # What we see of others

    def entries(self) -> tuple[Entry, ...]:
        """Return the live entries, oldest first; of several for one session only the freshest.

        The freshest started last; of two that started in the same second the higher pid counts.
        Entries of sessions without an id are never merged and come last.
        """
        return _freshest(self._live())

    def census(self) -> Census:
        """Return all entries and their processes; see :meth:`oxtail.ports.Registry.census`."""
        from oxtail.core.census import Census, Counted

        # Whoever only looks leaves damage to those who work with the entries.
        self._looking = self._looking or Records(
            self._disk,
            self._disk.layout.sessions,
            _parse,
            accepts=lambda name: _file_pid(name) is not None,
            keep_damaged=True,
        )
        entries = [seen.record for seen in self._looking.all().values()]
        entries.sort(key=lambda entry: entry.server_pid)
        counted = [
            Counted(entry, self._life(entry), bool(entry.start_token or entry.proc_sig))
            for entry in entries
        ]
        known = self._looking_known = self._looking_known or KnownSessions(
            self._disk, self._clock, looking=True
        )
        return Census(tuple(counted), known.all(), self._looking.unreadable())

    def _life(self, entry: Entry) -> Life:
        from oxtail.core.liveness import Life

        if self._is_running(entry):
            return Life.RUNNING
        return Life.REUSED if self._is_alive(entry.server_pid) else Life.EXITED

    def answering(self, target: str) -> tuple[Entry, ...]:
        """Return those of :meth:`entries` whose id, name or tmux session is *target*."""
        found = (
            seen.record
            for seen in self._records.all().values()
            if target in (seen.record.session_id, seen.record.name, seen.record.tmux_session)
        )
        return _freshest([entry for entry in found if self._is_running(entry)])

    def live(self, pid: int) -> Entry | None:
        """Read the entry of *pid* anew, or None if it is gone, dead, or another process now."""
        seen = self._records.fresh(f"{pid}{_SUFFIX}") if pid > 0 else None
        return seen.record if seen and self._is_running(seen.record) else None

    def pids_of(self, session_id: str) -> tuple[int, ...]:
        """Return the processes, live or dead, whose entries name *session_id*, oldest first."""
        named = [
            seen.record
            for seen in self._records.all().values()
            if session_id and seen.record.session_id == session_id
        ]
        return tuple(entry.server_pid for entry in sorted(named, key=_by_age))

    def referenced_boxes(self) -> frozenset[str]:
        """Return the boxes that somebody may still read, as far as entries and records tell.

        An entry that cannot be read still names a process box.

        Raises:
            StoreError: a folder cannot be listed; then no box may be taken for abandoned.
        """
        pids = map(_file_pid, self._disk.names(self._disk.layout.sessions))
        sessions = {seen.record.session_id for seen in self._records.all().values()}
        sessions.update(known.session_id for known in self.known())
        boxes = {pid_box(pid) for pid in pids if pid is not None}
        return frozenset(boxes | {session_box(each) for each in sessions if each})

    def holder(self, session_id: str) -> Entry | None:
        """Return the live entry of another process tree that holds *session_id*, or None.

        A server of the same agent holds no id against this process; see
        :func:`oxtail.identity.ancestry.is_ancestor_related`.
        """
        here = os.getpid()
        for entry in sorted(self._live(), key=_by_age, reverse=True):
            if entry.session_id != session_id or not session_id or entry.server_pid == here:
                continue
            if not self._is_related(here, entry.server_pid):
                return entry
        return None

    # Sessions that may come back

    def remember(self, known: Known) -> None:
        """Keep *known* as a session that may come back.

        Raises:
            StoreError: it could not be kept.
        """
        self._known.remember(known)

    def known(self) -> tuple[Known, ...]:
        """Return the sessions that may come back, whether they run or not, the last seen first."""
        return self._known.all()

    # How it is done

    def _live(self) -> list[Entry]:
        seen = self._records.all().values()
        return [each.record for each in seen if self._is_running(each.record)]

    def _guarded(self, step: str, action: Callable[..., object], *arguments: object) -> bool:
        """Carry out housekeeping; a failure is traced, and the work that it follows stands."""
        try:
            action(*arguments)
        except (OSError, StoreError) as error:
            self._disk.trace("registry_step_failed", step=step, error=str(error))
            return False
        return True

    def _make_private(self) -> None:
        folder = self._disk.folder(self._disk.layout.sessions)
        for name in self._disk.names(folder):
            if not name.endswith(_SUFFIX):
                continue
            path = os.path.join(folder, name)
            try:
                mode = os.lstat(path).st_mode
                if stat.S_ISREG(mode) and stat.S_IMODE(mode) != FILE_MODE:
                    os.chmod(path, FILE_MODE)
            except OSError as error:
                self._disk.trace("registry_step_failed", step="make_private", error=str(error))

    def _remember_entry(self, entry: Entry) -> None:
        known = known_from(entry, self._clock.now())
        if known:
            self._known.remember(known)

    def _inherit(self, entry: Entry, session_id: str) -> None:
        """Move the mail in the pid box of *entry* to the box of *session_id*."""
        source, target = pid_box(entry.server_pid), session_box(session_id)
        if self._has_mail(source):
            moved = self._adopt_box(source, target)
            self._disk.trace("registry_box_adopted", source=source, target=target, moved=moved)

    def _clear_own_box(self, entry: Entry) -> None:
        """Move mail away that was put into the box of this pid before this process existed."""
        box = pid_box(entry.server_pid)
        if not self._has_mail(box):
            return
        before = self._records.fresh(f"{entry.server_pid}{_SUFFIX}")
        if before and not self._is_own(before.record, entry):
            if before.record.session_id:
                self._remember_entry(before.record)
                self._inherit(before.record, before.record.session_id)
            else:
                self._quarantine(box, "mail for an earlier process with this pid")
            return
        started = self._started(entry.server_pid)
        written = os.stat(self._disk.layout.box(box)).st_mtime
        if started is not None and written < started:
            self._quarantine(box, "mail from before this process started")

    def _quarantine(self, box: str, reason: str) -> None:
        moved = self._quarantine_box(box, reason)
        self._disk.trace("registry_box_quarantined", box=box, reason=reason, moved=moved)

    def _is_own(self, before: Entry, entry: Entry) -> bool:
        """Tell whether *before*, found under our pid, was published by this very process."""
        if before.start_token and entry.start_token:
            return before.start_token == entry.start_token
        started = self._started(entry.server_pid)
        return started is None or before.started_at >= started - SAME_START_SECONDS

    def _collect(self, own: Entry) -> None:
        for name, seen in self._records.all().items():
            entry = seen.record
            if entry.server_pid == own.server_pid:
                continue
            if self._is_running(entry):
                # A peer of another kind leaves nothing behind when it ends, so it is noted now.
                if entry.capabilities.session_keyed:
                    self._guarded("remember", self._remember_entry, entry)
            elif own.session_id and entry.session_id == own.session_id:
                if self._guarded("inherit", self._inherit, entry, own.session_id):
                    self._guarded("reap", self._reap, name, seen, self._pid_box_holds)
            else:
                self._guarded("reap", self._reap, name, seen, self._is_needed)
        self._known.sweep()

    def _pid_box_holds(self, entry: Entry) -> bool:
        return self._has_mail(pid_box(entry.server_pid))

    def _is_needed(self, entry: Entry) -> bool:
        """Tell whether the entry of a dead process leads to something; only one with an id does."""
        if not entry.session_id:
            return False
        return (
            self._pid_box_holds(entry)
            or self._has_mail(session_box(entry.session_id))
            or self._has_open_work(entry.session_id)
        )

    def _reap(self, name: str, seen: Seen[Entry], is_needed: Callable[[Entry], bool]) -> None:
        """Remove a dead entry, unless it is needed, alive on a second look, or replaced."""
        if is_needed(seen.record):
            return
        again = self._records.fresh(name)
        if again != seen or self._is_running(seen.record):
            return
        self._remember_entry(seen.record)
        if self._records.remove(name, seen.stamp):
            self._disk.trace("registry_entry_reaped", path=self._records.path(name))
