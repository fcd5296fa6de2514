"""What policies hold for sessions, as somebody sees it who only looks.

Belongs here: reading held boxes without a lock.  Never here: holding mail or letting it through;
that is in :mod:`oxtail.app.policy`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from oxtail.core.names import held_box
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oxtail.app.context import Context
    from oxtail.core.census import BoxView
    from oxtail.core.envelope import Envelope
    from oxtail.ports import Lookout

_held_box_of = lru_cache(maxsize=4_096)(held_box)


def held_for(lookout: Lookout, session_ids: Iterable[str]) -> dict[str, BoxView]:
    """Return what is held for each of *session_ids*, where that is anything.

    A box that has not changed since the last look is not read again.
    """
    views = {each: lookout.box(_held_box_of(each)) for each in session_ids}
    return {each: view for each, view in views.items() if view.letters}


class HeldFor(Value):
    """What is held for one session.

    Attributes:
        session_id: The session, by the id that it goes by now.
        name: What users call it, or None.
        messages: The messages, the oldest first.
    """

    session_id: str
    name: str | None
    messages: tuple[Envelope, ...]


class HeldResult(Value):
    """What is held for all sessions of a project.

    Attributes:
        project_root: The project, or None for all of them.
        rows: The sessions for which something is held; first the one that it waits for longest.
    """

    project_root: str | None
    rows: tuple[HeldFor, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the members for programs."""
        messages = [
            {"to_session_id": row.session_id, "to_name": row.name, "message": message.as_dict()}
            for row in self.rows
            for message in row.messages
        ]
        return {
            "schema_version": 1,
            "ok": True,
            "project_root": self.project_root,
            "count": len(messages),
            "messages": messages,
        }


def held_in_project(
    ctx: Context, *, project: str | None, everywhere: bool, who: str | None
) -> HeldResult:
    """Return what is held for every session that is known to work in a project.

    Args:
        ctx: The caller's context.
        project: The folder of another project than the caller's.
        everywhere: Look at all projects.
        who: Only mail of this sender: a session id, a chosen name or a project root.

    Raises:
        StoreError: the registry or the boxes could not be read.
    """
    from oxtail.app.history import Filters, scope_of
    from oxtail.app.ids import all_ids
    from oxtail.app.policy import held

    scope = scope_of(ctx, Filters(project=project, everywhere=everywhere))
    rows: dict[str, HeldFor] = {}
    for owner in scope.owners:
        now = ctx.lineage.heir(owner)
        if now in rows:
            continue
        ids = all_ids(ctx, now)
        messages = tuple(each.message for each in held(ctx, ids, who))
        name = next((scope.names[each] for each in ids if each in scope.names), None)
        rows[now] = HeldFor(now, name, messages)
    full = [row for row in rows.values() if row.messages]
    full.sort(key=lambda row: (row.messages[0].enqueued_at, row.session_id))
    return HeldResult(scope.project_root, tuple(full))
