"""Checks of mail that nobody is there for: whose it is now, boxes that are full, expired mail.

Reads only.  See :mod:`.checks` for the rules.
"""

from __future__ import annotations

import os
from shlex import quote
from typing import TYPE_CHECKING

from oxtail.core import codec
from oxtail.core.names import session_box
from oxtail.errors import StoreError
from oxtail.store.files.findings import NOTE, WRONG, Finding, names_in
from oxtail.store.files.lineage import FileLineage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from oxtail.core.mail import Load
    from oxtail.disk.atomic import Disk


class _Moment:
    """A clock that stands still."""

    def __init__(self, now: float) -> None:
        self._now = now

    def now(self) -> float:
        """Return the moment in unix seconds."""
        return self._now

    def monotonic(self) -> float:
        """Return the same."""
        return self._now


def inherited(
    disk: Disk, now: float, live: Mapping[str, str | None], absent: Mapping[str, str]
) -> dict[str, str]:
    """Return the boxes of *absent* sessions that a running one reads as its own, with its id."""
    lineage = FileLineage(disk, _Moment(now))
    found = {}
    for session_id in set(absent.values()):
        try:
            heir = lineage.heir(session_id)
        except StoreError:
            continue  # then its mail is told of as waiting
        if heir != session_id and session_box(heir) in live:
            found[session_box(session_id)] = heir
    return found


def full(load: Load, room: Load | None, session_id: str, path: str) -> Iterator[Finding]:
    """Yield a finding if no more mail is kept for *session_id*, which is not running."""
    if room is None or (load.messages < room.messages and load.size < room.size):
        return
    problem = (
        f"no more mail is kept for {session_id}, which is not running: "
        f"{load.messages} messages, {load.size} bytes"
    )
    remedy = f"start that session, or: oxtail inbox --as ID --adopt {quote(session_id)}"
    yield Finding("mailbox-full", WRONG, problem, remedy, path)


def for_host(
    messages: str, load: Load, room: Load | None, box: str, path: str
) -> Iterator[Finding]:
    """Yield what is to be said of mail for another host that waits here in *box*."""
    is_full = room is not None and (load.messages >= room.messages or load.size >= room.size)
    problem = f"{messages} for host {box.removeprefix('x-')} not carried there yet"
    if is_full:
        problem += ", and no more is kept for it"
    level = WRONG if is_full else NOTE
    yield Finding("mail-for-host", level, problem, "oxtail nats status says what keeps it", path)


def expired(disk: Disk) -> Iterator[Finding]:
    """Yield a finding for each file of mail that nobody came for."""
    names, problems = names_in(disk, disk.layout.expired)
    yield from problems
    for name in names:
        if not name.endswith(".jsonl"):
            continue
        path = os.path.join(disk.layout.expired, name)
        try:
            count = len(codec.split_lines(disk.read(path) or b""))
        except StoreError as error:
            yield Finding("mail-expired", NOTE, error.message, f"look at it: {quote(path)}", path)
            continue
        problem = f"{count} message{'s' if count != 1 else ''} expired, and nobody had come for it"
        remedy = f"read them: cat {quote(path)}; a server removes them after 30 days"
        yield Finding("mail-expired", NOTE, problem, remedy, path)
