"""What this host says of itself to other hosts: which sessions it has, and what they are at."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from oxtail.core.presence import classify
from oxtail.core.remote import ABILITIES, FORMER_BYTES, RemoteHost, RemoteSession
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oxtail.app.context import Context


class Here(Value):
    """Who this host is.

    Attributes:
        host_id: Sixteen hex digits.
        name: What people call it.
        instance: Random hex of this state folder.
    """

    host_id: str
    name: str
    instance: str


def _said(ids: Iterable[str]) -> tuple[str, ...]:
    """Return as many of *ids*, the youngest first, as are said."""
    found, left = [], FORMER_BYTES
    for each in ids:
        left -= len(each.encode())
        if left < 0:
            break
        found.append(each)
    return tuple(found)


def describe(ctx: Context, here: Here) -> RemoteHost:
    """Return what this host says of itself: its running sessions, and those that may return.

    A former id is named with the session that goes on for it, and is no session of its own.  Of a
    session whose project has no name between hosts, nothing is said but its ids.

    Raises:
        StoreError: what is known here cannot be read.
    """
    now = ctx.clock.now()
    entries = {entry.session_id: entry for entry in ctx.registry.entries() if entry.session_id}
    latest = sorted(ctx.registry.known(), key=lambda each: -each.last_seen)
    former: dict[str, tuple[str, ...]] = {}
    named: set[str] = set()
    for session_id in dict.fromkeys((*entries, *(each.session_id for each in latest))):
        # Whoever goes on for another one was seen later, so that one need not be looked up.
        if session_id not in named:
            # A fork may run under an id that another one goes on for.
            ids = (one for one in ctx.lineage.former(session_id) if one not in entries)
            former[session_id] = _said(ids)
            named.update(former[session_id])
    found: dict[str, RemoteSession] = {}
    # Asked once a second for up to a thousand sessions, most of them in the same few folders.
    key_of = cache(ctx.projects.key)
    for session_id, entry in entries.items():
        key = entry.project or key_of(entry.client.cwd)
        if key is None:
            # No other host can share such a project, so none has a use for what it is at.
            found[session_id] = RemoteSession(session_id, former=former[session_id])
            continue
        marker = ctx.presence.read(session_id)
        activity = classify(marker, now, ctx.settings.busy_ttl_ms).value
        found[session_id] = RemoteSession(
            session_id,
            entry.name,
            entry.client.type,
            entry.client.cwd,
            key,
            started_at=entry.started_at,
            activity=activity if activity in ("busy", "idle") else "unknown",
            purpose=entry.state.purpose if entry.state else None,
            purpose_at=int(entry.state.updated_at) if entry.state else 0,
            former=former[session_id],
        )
    for one in latest:
        is_new = one.session_id not in found and one.session_id not in named
        key = (one.project or key_of(one.cwd)) if is_new else None
        if key:
            found[one.session_id] = RemoteSession(
                one.session_id,
                one.name,
                one.client_type,
                one.cwd,
                key,
                is_live=False,
                former=former[one.session_id],
            )
    sessions = tuple(found.values())
    return RemoteHost(
        here.host_id, here.name, here.instance, int(now), sessions=sessions, can=ABILITIES
    )
