"""What may be wrong with a state folder, and what mends it; reads only.

Rules of this file:

* Nothing here writes, locks, or sets aside: looking at trouble must not change it.
* A finding is ``wrong`` if mail may be lost, stuck or seen by others; else it is a ``note``.
* Each finding names a command or a step.

``oxtail doctor`` prints the findings; ``docs/how-to.md`` explains them.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from shlex import quote
from typing import Final, NamedTuple

from oxtail.core import codec, envelope
from oxtail.core.entry import Entry, Known, from_dict
from oxtail.core.names import is_box, parse_pid, pid_box, session_box
from oxtail.core.owner import Owner
from oxtail.disk.atomic import FILE_MODE, FOLDER_MODE, Disk
from oxtail.errors import DamagedRecord, StoreError
from oxtail.store.files.owners import owner_from_dict

WRONG: Final = "wrong"
NOTE: Final = "note"

LOCK_STALE_SECONDS: Final = 30
"""Age from which every peer takes a lock for abandoned."""

TEMPORARY_OLD_SECONDS: Final = 3600
"""A write takes milliseconds; a temporary file of this age belongs to nobody."""

ROOM_MIN_BYTES: Final = 16 * 1024 * 1024
"""Free space below which sends are about to fail."""

RECORD_MAX_BYTES: Final = 65_536

_NAMED_MAX: Final = 5
"""Most names that one finding lists."""

_TEMPORARY: Final = re.compile(r"\.tmp\.([0-9]+)\.[0-9a-f]+$|\.([0-9]+)\.tmp$")
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class Finding(NamedTuple):
    """One thing that was noticed.

    Attributes:
        check: Which check noticed it; stable.
        level: ``wrong`` or ``note``.
        problem: What is the case.
        remedy: The command or step that mends it.
        path: Where, or None.

    """

    check: str
    level: str
    problem: str
    remedy: str
    path: str | None = None


class Probes(NamedTuple):
    """What the checks must know of processes and records, handed in by whoever runs them."""

    is_alive: Callable[[int], bool]
    provably_dead: Callable[[Owner], bool]
    is_running: Callable[[Entry], bool]
    parse_known: Callable[[str, object], Known]


class _Owners(NamedTuple):
    """Who owns which box: by the entries of live and dead processes, and by known sessions."""

    live: Mapping[str, str | None]
    absent: Mapping[str, str]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED_MAX} more" if len(names) > _NAMED_MAX else ""
    return ", ".join(sorted(names)[:_NAMED_MAX]) + more


def _age(path: str, now: float) -> float | None:
    try:
        return now - os.lstat(path).st_mtime
    except OSError:
        return None


def _names(disk: Disk, folder: str) -> tuple[list[str], list[Finding]]:
    try:
        return disk.names(folder), []
    except StoreError as error:
        remedy = f"make it a folder that you may read: ls -ld {quote(folder)}"
        return [], [Finding("folder", WRONG, error.message, remedy, folder)]


def _folder(path: str) -> Iterator[Finding]:
    """Check that *path* is a private folder of this user, if it is there."""
    shown = quote(path)
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    except OSError as error:
        problem = f"cannot look at it: {error.strerror}"
        yield Finding("folder", WRONG, problem, f"check the rights above {shown}", path)
        return
    if stat.S_ISLNK(found.st_mode):
        try:
            found = os.stat(path)
        except OSError:
            yield Finding("folder", WRONG, "a link to nothing", f"rm {shown}", path)
            return
    if not stat.S_ISDIR(found.st_mode):
        yield Finding("folder", WRONG, "not a folder", f"mv {shown} {shown}.away", path)
        return
    if found.st_uid != os.geteuid():
        remedy = f"sudo chown -R $(id -u) {shown}"
        yield Finding("folder-owner", WRONG, "belongs to another user", remedy, path)
    mode = stat.S_IMODE(found.st_mode)
    if mode & _OTHERS:
        problem = f"open to other users (mode {mode:04o})"
        yield Finding("folder-mode", WRONG, problem, f"chmod 700 {shown}", path)
    elif mode & FOLDER_MODE != FOLDER_MODE or not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        problem = f"cannot be used by its owner (mode {mode:04o})"
        yield Finding("folder-mode", WRONG, problem, f"chmod 700 {shown}", path)


def _folders(disk: Disk) -> Iterator[Finding]:
    home = disk.layout.home
    yield from _folder(home)
    private = _is_private(home)
    for name in _names(disk, home)[0]:
        path = os.path.join(home, name)
        for finding in _folder(path) if _is_folder(path) else ():
            # Npm peers make some folders with the user's default mode; below a private folder
            # nobody else gets to them.
            harmless = private and finding.check == "folder-mode" and "open to" in finding.problem
            yield finding._replace(level=NOTE) if harmless else finding


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _is_private(path: str) -> bool:
    try:
        return not stat.S_IMODE(os.stat(path).st_mode) & _OTHERS
    except OSError:
        return False


def _room(disk: Disk) -> Iterator[Finding]:
    try:
        system = os.statvfs(disk.layout.home)
    except OSError:
        return
    free = system.f_bavail * system.f_frsize
    if free < ROOM_MIN_BYTES:
        problem = f"only {free // 1024} KiB are free; sends are about to fail"
        yield Finding("disk-room", WRONG, problem, "make room on this disk", disk.layout.home)


def _damaged(disk: Disk) -> Iterator[Finding]:
    folder = disk.layout.damaged
    names, problems = _names(disk, folder)
    yield from problems
    if names:
        yield Finding(
            "damaged",
            WRONG,
            f"{len(names)} damaged records were set aside: {_some(names)}",
            f"look at them, then remove them: rm -r {quote(folder)}",
            folder,
        )


def _record(disk: Disk, path: str) -> object:
    data = disk.read(path, RECORD_MAX_BYTES)
    if data is None:
        raise FileNotFoundError(path)
    try:
        return codec.decode(data)
    except ValueError as error:
        raise DamagedRecord("not JSON") from error


def _registry(disk: Disk, probes: Probes) -> tuple[_Owners, list[Finding]]:
    live: dict[str, str | None] = {}
    absent: dict[str, str] = {}
    names, findings = _names(disk, disk.layout.sessions)
    for name in names:
        pid = parse_pid(name.removesuffix(".json")) if name.endswith(".json") else None
        if pid is None:
            continue
        path = os.path.join(disk.layout.sessions, name)
        try:
            entry = from_dict(_record(disk, path), pid)
        except FileNotFoundError:
            continue
        except StoreError as error:
            remedy = f"it is ignored or set aside at the next look; or rm -r {quote(path)}"
            findings.append(Finding("registry-entry", WRONG, error.message, remedy, path))
            continue
        if probes.is_running(entry):
            live.update(dict.fromkeys({entry.box, pid_box(pid)}, entry.session_id))
            if entry.session_id:
                live[session_box(entry.session_id)] = entry.session_id
        elif entry.session_id:
            absent.update(
                dict.fromkeys((pid_box(pid), session_box(entry.session_id)), entry.session_id)
            )
    names, problems = _names(disk, disk.layout.known)
    findings += problems
    for name in names:
        try:
            path = os.path.join(disk.layout.known, name)
            session_id = probes.parse_known(name, _record(disk, path)).session_id
        except (FileNotFoundError, DamagedRecord):
            continue  # a known session that cannot be read owns no box
        except StoreError as error:
            findings.append(Finding("known-session", WRONG, error.message, "check its mode", path))
            continue
        absent[session_box(session_id)] = session_id
    return _Owners(live, absent), findings


def _locks(disk: Disk, probes: Probes, now: float) -> Iterator[Finding]:
    for folder in (disk.layout.mailboxes, disk.layout.received):
        for name in _names(disk, folder)[0]:
            path = os.path.join(folder, name)
            age = _age(path, now)
            if age is None or not name.endswith((".lock", ".lock.steal")) or not _is_folder(path):
                continue
            pid = _lock_pid(disk, path) if name.endswith(".lock") else None
            if pid is not None and probes.is_alive(pid):
                if age > LOCK_STALE_SECONDS:
                    problem = f"process {pid} has held this lock for {age:.0f} s"
                    remedy = f"look at that process: ps -fp {pid}"
                    yield Finding("lock-held", WRONG, problem, remedy, path)
            elif pid is not None or age > LOCK_STALE_SECONDS:
                remedy = f"the next send or read clears it; or rmdir {quote(path)}"
                yield Finding("lock-stale", NOTE, "a lock that nobody holds", remedy, path)


def _lock_pid(disk: Disk, lock: str) -> int | None:
    try:
        token = disk.read(lock + ".owner", 256) or b""
    except StoreError:
        return None
    return parse_pid(token.partition(b".")[0].decode("ascii", "replace"))


def _owner_of(box: str, candidates: Mapping[str, str]) -> str | None:
    """Return the session whose box this is: one that is known, or one that the name spells."""
    if box in candidates:
        return candidates[box]
    spelled = box.removeprefix("s-").rpartition("-")[0]
    return spelled if spelled and session_box(spelled) == box else None


def _box(disk: Disk, name: str, path: str, owners: _Owners) -> Iterator[Finding]:
    shown = quote(path)
    try:
        lines = codec.split_lines(disk.read(path) or b"")
    except DamagedRecord as error:
        remedy = f"move it away: mv {shown} {shown}.away"
        yield Finding("box", WRONG, f"a mailbox that is {error.problem}", remedy, path)
        return
    except StoreError as error:
        yield Finding("box", WRONG, error.message, f"chmod 600 {shown}", path)
        return
    good = 0
    for line in lines:
        try:
            envelope.decode(line)
        except DamagedRecord:
            continue
        good += 1
    if bad := len(lines) - good:
        remedy = "the next read sets them aside under damaged/"
        yield Finding("box-lines", NOTE, f"{bad} lines are no messages", remedy, path)
    if not good or name in owners.live:
        return
    session_id = _owner_of(name, owners.absent)
    messages = f"{good} message{'s' if good > 1 else ''}"
    if name in owners.absent:
        problem = f"{messages} for {session_id}, which is not running"
        remedy = f"start that session, or: oxtail inbox --as {quote(str(session_id))}"
        yield Finding("mail-waiting", NOTE, problem, remedy, path)
    elif session_id:
        problem = f"{messages} for a session that nobody knows"
        remedy = f"oxtail inbox --as {quote(session_id)}"
        yield Finding("mail-stuck", WRONG, problem, remedy, path)
    else:
        problem = f"{messages} for a process that is gone and never said who it was"
        remedy = f"read them: cat {shown}; then remove the file"
        yield Finding("mail-stuck", WRONG, problem, remedy, path)


def _boxes(disk: Disk, owners: _Owners) -> Iterator[Finding]:
    names, problems = _names(disk, disk.layout.mailboxes)
    yield from problems
    for name in names:
        stem = name.removesuffix(".jsonl")
        if stem != name and is_box(stem):
            path = os.path.join(disk.layout.mailboxes, name)
            yield from _box(disk, stem, path, owners)


def _claims(disk: Disk, probes: Probes, owners: _Owners) -> Iterator[Finding]:
    names, problems = _names(disk, disk.layout.claimed)
    yield from problems
    for name in names:
        box = name.partition(".")[0]
        path = os.path.join(disk.layout.claimed, name)
        if not is_box(box) or _TEMPORARY.search(name):
            continue
        try:
            header = codec.decode((disk.read(path) or b"null").partition(b"\n")[0])
        except (StoreError, ValueError):
            header = None
        owner = owner_from_dict(header.get("owner")) if isinstance(header, dict) else None
        if owner is not None and not probes.provably_dead(owner):
            continue
        session_id = owners.live.get(box) or _owner_of(box, owners.absent)
        level = NOTE if box in owners.live or box in owners.absent else WRONG
        problem = "mail that a process took and did not live to show"
        remedy = "it returns when its session looks for mail"
        if session_id and box not in owners.live:
            remedy += f"; or: oxtail inbox --as {quote(session_id)}"
        yield Finding("claim-abandoned", level, problem, remedy, path)


def _files(disk: Disk, probes: Probes, now: float) -> Iterator[Finding]:
    """Look for files that others may read, and for temporary files that nobody will rename."""
    open_files: list[str] = []
    leftovers: list[str] = []
    for folder in _names(disk, disk.layout.home)[0]:
        below = os.path.join(disk.layout.home, folder)
        if not _is_folder(below):
            continue
        for name in _names(disk, below)[0]:
            path = os.path.join(below, name)
            try:
                found = os.lstat(path)
            except OSError:
                continue
            if not stat.S_ISREG(found.st_mode):
                continue
            if stat.S_IMODE(found.st_mode) & _OTHERS:
                open_files.append(f"{folder}/{name}")
            if (match := _TEMPORARY.search(name)) and (
                now - found.st_mtime > TEMPORARY_OLD_SECONDS
                or not probes.is_alive(int(match[1] or match[2]))
            ):
                leftovers.append(path)
    home = quote(disk.layout.home)
    if open_files:
        level = NOTE if _is_private(disk.layout.home) else WRONG
        problem = f"{len(open_files)} files that others could read: {_some(open_files)}"
        remedy = f"chmod -R go= {home} (files of oxtail have mode {FILE_MODE:04o})"
        yield Finding("file-mode", level, problem, remedy, disk.layout.home)
    if leftovers:
        problem = f"{len(leftovers)} temporary files of writers that are gone: {_some(leftovers)}"
        remedy = "a server removes them when it starts; or rm them"
        yield Finding("leftovers", NOTE, problem, remedy, disk.layout.home)


def examine(disk: Disk, probes: Probes, now: float) -> list[Finding]:
    """Return what is to be said about the state folder of *disk* at *now* (unix seconds).

    A folder that is not there yet has nothing wrong.  Things that change while this looks may be
    missed or seen twice.
    """
    try:
        os.lstat(disk.layout.home)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return []
        return list(_folder(disk.layout.home))
    owners, findings = _registry(disk, probes)
    return [
        *_folders(disk),
        *_room(disk),
        *_damaged(disk),
        *findings,
        *_locks(disk, probes, now),
        *_boxes(disk, owners),
        *_claims(disk, probes, owners),
        *_files(disk, probes, now),
    ]
