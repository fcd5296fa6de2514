"""Checks of mail and of those whom it is for; reads only.  See :mod:`.checks` for the rules."""

from __future__ import annotations

import os
from shlex import quote
from typing import TYPE_CHECKING, Final

from oxtail.core import codec, envelope
from oxtail.core.entry import from_dict
from oxtail.core.mail import Load
from oxtail.core.names import is_box, is_held_box, is_relay_box, parse_pid, pid_box, session_box
from oxtail.core.value import Value
from oxtail.errors import DamagedRecord, StoreError
from oxtail.store.files import shelf_checks
from oxtail.store.files.findings import (
    NOTE,
    TEMPORARY_NAME,
    WRONG,
    Finding,
    Probes,
    is_folder,
    names_in,
)
from oxtail.store.files.owners import owner_from_dict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from oxtail.disk.atomic import Disk

LOCK_STALE_SECONDS: Final = 30
"""Age from which every peer takes a lock for abandoned."""

RECORD_MAX_BYTES: Final = 65_536
"""Largest record that is read; a real one has some hundred bytes."""


class _Owners(Value):
    """Who owns which box: by the entries of live and dead processes, and by known sessions."""

    live: Mapping[str, str | None]
    absent: Mapping[str, str]
    room: Load | None


def _age(path: str, now: float) -> float | None:
    try:
        return now - os.lstat(path).st_mtime
    except OSError:
        return None


def _record(disk: Disk, path: str) -> object:
    data = disk.read(path, RECORD_MAX_BYTES)
    if data is None:
        raise FileNotFoundError(path)
    try:
        return codec.decode(data)
    except ValueError as error:
        raise DamagedRecord("not JSON") from error


def _registry(disk: Disk, probes: Probes, now: float) -> tuple[_Owners, list[Finding]]:
    live: dict[str, str | None] = {}
    absent: dict[str, str] = {}
    names, findings = names_in(disk, disk.layout.sessions)
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
    names, problems = names_in(disk, disk.layout.known)
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
    live.update(shelf_checks.inherited(disk, now, live, absent))
    return _Owners(live, absent, probes.room), findings


def _locks(disk: Disk, probes: Probes, now: float) -> Iterator[Finding]:
    for folder in (disk.layout.home, disk.layout.mailboxes, disk.layout.received):
        for name in names_in(disk, folder)[0]:
            path = os.path.join(folder, name)
            age = _age(path, now)
            if age is None or not name.endswith((".lock", ".lock.steal")) or not is_folder(path):
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


def _session_of_held(box: str, owners: _Owners) -> str | None:
    own = f"s-{box[2:]}"
    return owners.live.get(own) or _owner_of(own, owners.absent)


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
    good, size = 0, sum(map(len, lines)) + len(lines)
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
    messages = f"{good} message{'s' if good > 1 else ''}"
    if is_relay_box(name):
        yield from shelf_checks.for_host(messages, Load(good, size), owners.room, name, path)
        return
    session_id = _owner_of(name, owners.absent)
    if is_held_box(name):
        receiver = _session_of_held(name, owners)
        problem = f"{messages} held by the policy of {receiver or 'its receiver'}"
        remedy = f"oxtail policy held{f' --as {quote(receiver)}' if receiver else ''}"
        yield Finding("mail-held", NOTE, problem, remedy, path)
        return
    if name in owners.absent:
        problem = f"{messages} for {session_id}, which is not running"
        remedy = f"start that session, or: oxtail inbox --as {quote(str(session_id))}"
        yield Finding("mail-waiting", NOTE, problem, remedy, path)
        yield from shelf_checks.full(Load(good, size), owners.room, owners.absent[name], path)
    elif session_id:
        problem = f"{messages} for a session that nobody knows"
        remedy = f"oxtail inbox --as {quote(session_id)}"
        yield Finding("mail-stuck", WRONG, problem, remedy, path)
    else:
        problem = f"{messages} for a process that is gone and never said who it was"
        remedy = f"read them: cat {shown}; then remove the file"
        yield Finding("mail-stuck", WRONG, problem, remedy, path)


def _boxes(disk: Disk, owners: _Owners) -> Iterator[Finding]:
    names, problems = names_in(disk, disk.layout.mailboxes)
    yield from problems
    for name in names:
        stem = name.removesuffix(".jsonl")
        if stem != name and is_box(stem):
            path = os.path.join(disk.layout.mailboxes, name)
            yield from _box(disk, stem, path, owners)


def _claims(disk: Disk, probes: Probes, owners: _Owners) -> Iterator[Finding]:
    names, problems = names_in(disk, disk.layout.claimed)
    yield from problems
    for name in names:
        box = name.partition(".")[0]
        path = os.path.join(disk.layout.claimed, name)
        if not is_box(box) or TEMPORARY_NAME.search(name):
            continue
        try:
            header = codec.decode((disk.read(path) or b"null").partition(b"\n")[0])
        except (StoreError, ValueError):
            header = None
        owner = owner_from_dict(header.get("owner")) if isinstance(header, dict) else None
        if owner is not None and not probes.provably_dead(owner):
            continue
        session_id = owners.live.get(box) or _owner_of(box, owners.absent)
        is_known = box in owners.live or box in owners.absent or is_relay_box(box)
        problem = "mail that a process took and did not live to show"
        remedy = "it returns when its session looks for mail"
        if is_relay_box(box):
            problem = "mail that a carrier took and did not live to carry"
            remedy = "it returns when a carrier runs here again: start an agent"
        if session_id and box not in owners.live:
            remedy += f"; or: oxtail inbox --as {quote(session_id)}"
        yield Finding("claim-abandoned", NOTE if is_known else WRONG, problem, remedy, path)


def examine(disk: Disk, probes: Probes, now: float) -> list[Finding]:
    """Return what is to be said about registry, locks, mailboxes and claims."""
    owners, findings = _registry(disk, probes, now)
    return [
        *findings,
        *_locks(disk, probes, now),
        *_boxes(disk, owners),
        *_claims(disk, probes, owners),
        *shelf_checks.expired(disk),
    ]
