"""By which ids a session goes, and went: one of this host, or one of another host.

What a host says of its own sessions counts only where this host has no record of the id itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oxtail.app.context import Context


def heir_of(ctx: Context, session_id: str) -> str:
    """Return the id that *session_id* goes by now; itself where nothing else is known.

    Raises:
        StoreError: the lineage cannot be read.
    """
    heir = ctx.lineage.heir(session_id)
    if heir != session_id or not ctx.hosts.are_known():
        return heir
    return (ctx.hosts.ids_of(session_id) or (session_id,))[0]


def all_ids(ctx: Context, session_id: str) -> tuple[str, ...]:
    """Return all ids that the conversation of *session_id* is known to have had, itself first.

    Raises:
        StoreError: the lineage cannot be read.
    """
    heir = ctx.lineage.heir(session_id)
    found = dict.fromkeys((session_id, heir, *ctx.lineage.former(heir)))
    if len(found) == 1 and ctx.hosts.are_known():
        found.update(dict.fromkeys(ctx.hosts.ids_of(session_id)))
    return tuple(found)
