"""What this host says of itself to other hosts: which sessions it has, and what they are at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.presence import classify
from oxtail.core.remote import ABILITIES, RemoteHost, RemoteSession
from oxtail.core.value import Value

if TYPE_CHECKING:
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


def describe(ctx: Context, here: Here) -> RemoteHost:
    """Return what this host says of itself: its running sessions, and those that may return."""
    now = ctx.clock.now()
    found: dict[str, RemoteSession] = {}
    for entry in ctx.registry.entries():
        if entry.session_id is None:
            continue
        marker = ctx.presence.read(entry.session_id)
        activity = classify(marker, now, ctx.settings.busy_ttl_ms).value
        found[entry.session_id] = RemoteSession(
            entry.session_id,
            entry.name,
            entry.client.type,
            entry.client.cwd,
            ctx.projects.key(entry.client.cwd),
            started_at=entry.started_at,
            activity=activity if activity in ("busy", "idle") else "unknown",
            purpose=entry.state.purpose if entry.state else None,
            purpose_at=int(entry.state.updated_at) if entry.state else 0,
        )
    for known in sorted(ctx.registry.known(), key=lambda each: -each.last_seen):
        key = ctx.projects.key(known.cwd) if known.session_id not in found else None
        if key:
            found[known.session_id] = RemoteSession(
                known.session_id,
                known.name,
                known.client_type,
                known.cwd,
                key,
                is_live=False,
            )
    sessions = tuple(found.values())
    return RemoteHost(
        here.host_id, here.name, here.instance, int(now), sessions=sessions, can=ABILITIES
    )
