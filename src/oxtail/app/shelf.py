"""Mail for sessions that are not running: how much may wait, for how long, and who is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.entry import Entry, Known
from oxtail.core.names import relay_box, session_box
from oxtail.errors import MailboxFull, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oxtail.app.context import Context
    from oxtail.core.mail import Expired
    from oxtail.core.notice import Notice
    from oxtail.core.remote import Peer


_FULL: Final = (
    "The session {who} is not running, and {count} messages wait for it: no more are kept. "
    "Nothing was stored. Send again after it has returned."
)
_FULL_RELAY: Final = (
    "{count} messages wait to be carried to the host of {who}: no more are kept. Nothing was "
    "stored. Send again once that host can be reached."
)


def check_room(ctx: Context, peer: Peer) -> None:
    """Refuse mail that cannot be handed over now once the box where it waits is full.

    Looked at before anything is stored.  Senders that look at the same moment may exceed the bound
    by one message each.

    Raises:
        MailboxFull: there is no room; ``waiting`` and ``bytes`` say what lies there.
        StoreError: the box could not be read.
    """
    if isinstance(peer, Entry):
        return
    settings = ctx.settings
    is_here = isinstance(peer, Known)
    box = session_box(peer.session_id) if isinstance(peer, Known) else relay_box(peer.host_id)
    load = ctx.shelf.load(box)
    if load.messages < settings.stored_max_messages and load.size < settings.stored_max_bytes:
        return
    raise MailboxFull(
        (_FULL if is_here else _FULL_RELAY).format(who=peer.session_id, count=load.messages),
        target_session_id=peer.session_id,
        waiting=load.messages,
        bytes=load.size,
    )


def keep_house(ctx: Context) -> None:
    """Set expired mail apart and tell the human of it; forget what leads to nobody any more.

    Never raises: a failure is traced, and the next server that starts tries again.
    """
    try:
        _expire(ctx)
        in_use = {each.session_id for each in ctx.registry.entries() if each.session_id}
        in_use.update(known.session_id for known in ctx.registry.known())
        ctx.lineage.sweep(in_use)
        if ctx.hosts.are_known():
            ctx.hosts.forget()
    except StoreError as error:
        ctx.trace("housekeeping_failed", error=error.message)


def _expire(ctx: Context) -> None:
    now, longest = ctx.clock.now(), ctx.settings.stored_max_age_s
    for expired in ctx.shelf.expire(_boxes_of_the_running(ctx), now - longest):
        ctx.trace("mail_expired", box=expired.box, messages=list(expired.message_ids))
        ctx.notices.say(_notice(ctx, expired, int(now)))


def _boxes_of_the_running(ctx: Context) -> set[str]:
    """Return the boxes that a running session reads, those of its earlier ids among them."""
    boxes = set(ctx.session.boxes())
    for entry in ctx.registry.entries():
        boxes.add(entry.box)
        if entry.session_id:
            ids: Iterable[str] = (entry.session_id, *ctx.lineage.former(entry.session_id))
            boxes.update(map(session_box, ids))
    return boxes


def _notice(ctx: Context, expired: Expired, now: int) -> Notice:
    from oxtail.core.notice import Notice

    session_id = next(
        (k.session_id for k in ctx.registry.known() if session_box(k.session_id) == expired.box),
        None,
    )
    count = len(expired.message_ids)
    text = (
        f"{count} message{'s' if count > 1 else ''} for {session_id or expired.box} expired unread "
        f"after {ctx.settings.stored_max_age_s // 86_400} days; kept for 30 days in {expired.path}"
    )
    return Notice(now, "expired", text, session_id)
