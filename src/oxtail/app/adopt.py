"""Take over what was meant for a session that does not come back: mail, handles, asks and work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oxtail.app.identity import check_session_id
from oxtail.app.locate import project_test
from oxtail.core.names import pid_box, session_box
from oxtail.core.presence import Presence, classify, is_fresh_idle
from oxtail.core.value import Value
from oxtail.errors import (
    BadArgument,
    CrossProject,
    HasHeir,
    NoSessionId,
    SessionRunning,
    TargetNotFound,
)

if TYPE_CHECKING:
    from oxtail.app.context import Context

ADOPTED = "adopted"
"""How lineage records name what was taken over by hand."""


class AdoptResult(Value):
    """A session has taken over what was another's.

    Attributes:
        session_id: Who has it now.
        adopted: Whose it was.
        moved: How many messages moved into the box of the new owner.
        open_work: How much open work came with it.
        asks: How many questions without an answer did.
    """

    session_id: str
    adopted: str
    moved: int
    open_work: int
    asks: int

    def as_dict(self) -> dict[str, Any]:
        """Return all members."""
        return {"schema_version": 1, "ok": True, **self._asdict()}


def adopt(ctx: Context, old: str, *, force: bool = False) -> AdoptResult:
    """Make the session of *ctx* the heir of *old*, which is not running.

    From then on senders that address *old* reach this session.  Repeating it is harmless.

    Args:
        ctx: The caller's context.
        old: A session id.
        force: Take it over from another project, and although its hooks ran a moment ago.

    Raises:
        NoSessionId: this session has not said who it is.
        SessionRunning: *old* runs, or seems to; nothing was changed.
        HasHeir: *old* goes by another id already, which ``heir`` names; nothing was changed.
        TargetNotFound: nobody knows *old*, and there is nothing of it; nothing was changed.
        CrossProject: *old* worked in another project, and *force* is not set; nothing was changed.
        BadArgument: *old* is no session id, or this session's own.
        StoreError: the records could not be changed; repeating it finishes what was begun.
    """
    check_session_id(old, "adopt")
    if ctx.session.id is None:
        raise NoSessionId
    me = ctx.lineage.heir(ctx.session.id)
    if old == me:
        raise BadArgument("adopt", "is this session itself")
    _check_gone(ctx, old, force=force)
    _check_free(ctx, old, me)
    _check_project(ctx, old, force=force)
    ids = (old, *ctx.lineage.former(old))
    if not ctx.lineage.record(old, me, ADOPTED):
        _check_free(ctx, old, me)
        raise HasHeir(heir=ctx.lineage.heir(old))
    boxes = [*map(session_box, ids), *(pid_box(p) for p in ctx.registry.pids_of(old))]
    moved = sum(ctx.store.adopt_box(box, session_box(me)) for box in dict.fromkeys(boxes))
    ctx.trace("session_adopted", session_id=me, adopted=old, moved=moved)
    return AdoptResult(
        me,
        old,
        moved,
        len(ctx.work.open_of(ids)),
        sum(len(ctx.store.pending_asks(each)) for each in ids),
    )


def _check_gone(ctx: Context, old: str, *, force: bool) -> None:
    if any(entry.session_id == old for entry in ctx.registry.answering(old)):
        raise SessionRunning(f"The session {old} is running, so it takes its mail itself.")
    # Its server may have died, and its hooks go on; one that was killed leaves its marker, too.
    marker, now = ctx.presence.read(old), ctx.clock.now()
    is_busy = classify(marker, now, ctx.settings.busy_ttl_ms) is Presence.BUSY
    if not force and (is_busy or is_fresh_idle(marker, now, ctx.settings.fresh_idle_ms)):
        raise SessionRunning(
            f"The hooks of the session {old} ran a few minutes ago, so it seems to run without a "
            "server. --force takes over all the same."
        )


def _check_free(ctx: Context, old: str, me: str) -> None:
    heir = ctx.lineage.heir(old)
    if heir not in (old, me):
        raise HasHeir(f"The session {old} goes by {heir} now; that one has inherited.", heir=heir)


def _check_project(ctx: Context, old: str, *, force: bool) -> None:
    """Refuse a session of another project, and one that has left nothing."""
    known = next((each for each in ctx.registry.known() if each.session_id == old), None)
    if known is None:
        has_left = ctx.store.has_mail(session_box(old)) or ctx.work.open_of((old,))
        if force and has_left:
            return
        raise TargetNotFound(
            f"Nobody knows where the session {old} worked. --force takes over what it has left."
            if has_left
            else f"There is no session {old}, and nothing that it has left."
        )
    if not force and not project_test(ctx)(known.cwd):
        raise CrossProject(
            f"The session {old} worked in another project. --force takes it over all the same."
        )
