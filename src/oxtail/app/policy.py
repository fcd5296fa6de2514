"""Policies at work: what a sender is told, what a receiver is not shown, and letting mail through.

A sender that knows policies asks before it sends: a refusal stores nothing, and held mail goes into
a box of its own, which no session reads.  Other senders put their mail into the receiver's box; it
is moved out of there by whoever looks first, before it is shown.  The rules are in
:mod:`oxtail.core.policy`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.app.ids import all_ids
from oxtail.app.owed import is_owed
from oxtail.core.address import Route, route_to, route_to_known
from oxtail.core.entry import Entry, Known
from oxtail.core.names import held_box
from oxtail.core.notice import Notice
from oxtail.core.policy import ACCEPT, RELEASED, Policy, Rule, Sender, decisive
from oxtail.core.value import Value
from oxtail.errors import MailboxFull, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oxtail.app.context import Context
    from oxtail.core.envelope import Envelope

HELD: Final = "held"
"""Kind of the notice that somebody's mail waits for a person."""


def _policies(ctx: Context, session_ids: Sequence[str], cwd: str | None) -> tuple[Policy, ...]:
    """Return the policies of a session, the decisive one first."""
    found = [ctx.policies.of_session(each) for each in session_ids]
    if cwd:
        found.append(ctx.policies.of_project(ctx.projects.place(cwd).root))
    return tuple(policy for policy in found if policy.rules)


# ---------------------------------------------------------------------- before a message is sent


def rule_about_me(ctx: Context, peer: Entry | Known) -> Rule | None:
    """Return the rule of *peer* about mail of this session, or None where it accepts.

    Raises:
        StoreError: a policy cannot be read.
    """

    def me() -> Sender:
        entry = ctx.session.entry
        return Sender(ctx.session.ids(), entry.name, ctx.projects.place(entry.client.cwd).root)

    return rule_about(ctx, peer, me)


def rule_about(ctx: Context, peer: Entry | Known, sender: Callable[[], Sender]) -> Rule | None:
    """Return the rule of *peer* about mail of *sender*, or None where it accepts.

    Raises:
        StoreError: a policy cannot be read.
    """
    cwd = peer.client.cwd if isinstance(peer, Entry) else peer.cwd
    policies = _policies(ctx, _ids_of(ctx, peer.session_id), cwd)
    if not policies:
        return None
    rule = decisive(policies, sender())
    return rule if rule and rule.action != ACCEPT else None


def _ids_of(ctx: Context, session_id: str | None) -> tuple[str, ...]:
    return (session_id, *ctx.lineage.former(session_id)) if session_id else ()


# ---------------------------------------------------------------------- before mail is shown


def visible(
    ctx: Context, boxes: Sequence[str], messages: tuple[Envelope, ...]
) -> tuple[Envelope, ...]:
    """Return those of *messages*, which lie in *boxes* of this session, that may be shown.

    The others are moved to the box of held mail, so that the next look costs nothing.  An answer
    to an open question and the end of work stay, and so does what the human wrote.

    Raises:
        StoreError: a policy or a ledger cannot be read; nothing may be shown.
    """
    session_id = ctx.session.id
    if session_id is None or not messages or not ctx.policies.are_set():
        return messages
    ids = ctx.session.ids()
    policies = _policies(ctx, ids, _cwd_of(ctx, ids))
    if not policies:
        return messages
    rules: dict[str | None, Rule | None] = {}
    back: list[Envelope] = []
    for message in messages:
        if message.origin == "operator" or (RELEASED, True) in message.extra:
            continue
        who = message.from_session_id
        if who not in rules:
            rules[who] = decisive(policies, _sender(ctx, who))
        rule = rules[who]
        if rule is None or rule.action == ACCEPT:
            continue
        if not is_owed(ctx, message, all_ids(ctx, who) if who else (), ids):
            back.append(message)
    if back:
        _keep_back(ctx, boxes, session_id, back)
    held = {message.id for message in back}
    return tuple(message for message in messages if message.id not in held)


def _keep_back(
    ctx: Context, boxes: Sequence[str], session_id: str, messages: Sequence[Envelope]
) -> None:
    ids = frozenset(message.id for message in messages)
    for box in boxes:
        try:
            ctx.store.adopt_box(box, held_box(session_id), ids)
        except StoreError as error:
            # It is not shown all the same, and the next look moves it.
            ctx.trace("holding_failed", box=box, code=error.code, error=error.message)
    for who in dict.fromkeys(message.from_session_id for message in messages):
        tell_of_held(ctx, who, session_id)


def tell_of_held(ctx: Context, sender: str | None, receiver: str) -> None:
    """Tell the human, once in a while, that mail of *sender* for *receiver* is held."""
    now = ctx.clock.now()
    if not ctx.traffic.is_news(f"{HELD} {sender} {receiver}", now):
        return
    ctx.notices.say(
        Notice(
            int(now),
            HELD,
            f"mail from {sender or 'a sender without session id'} for {receiver} is held: "
            f"oxtail policy held --as {receiver}",
            receiver,
        )
    )


def _cwd_of(ctx: Context, session_ids: Sequence[str]) -> str | None:
    """Return where a session works; a hook knows only what it is called."""
    for entry in ctx.registry.entries():
        if entry.session_id in session_ids:
            return entry.client.cwd
    for known in ctx.registry.known():
        if known.session_id in session_ids:
            return known.cwd
    return None


def _sender(ctx: Context, session_id: str | None) -> Sender:
    """Return by what the sender of a message is known: to the registry, or to those it left."""
    ids = all_ids(ctx, session_id) if session_id else ()
    if not ids:
        return Sender(())
    place = ctx.projects.place
    for entry in ctx.registry.entries():
        if entry.session_id in ids:
            return Sender(ids, entry.name, place(entry.client.cwd).root)
    for known in ctx.registry.known():
        if known.session_id in ids:
            return Sender(ids, known.name, place(known.cwd).root)
    for neighbor in ctx.hosts.neighbors() if ctx.hosts.are_known() else ():
        if neighbor.session_id in ids:
            return Sender(ids, neighbor.name)
    return Sender(ids)


# ---------------------------------------------------------------------- held mail


def check_held_room(ctx: Context, session_id: str) -> None:
    """Refuse to hold more mail for a session than would wait for one that is not running.

    Raises:
        MailboxFull: there is no room; ``waiting`` and ``bytes`` say what lies there.
        StoreError: the box could not be read.
    """
    settings = ctx.settings
    load = ctx.shelf.load(held_box(session_id))
    if load.messages < settings.stored_max_messages and load.size < settings.stored_max_bytes:
        return
    raise MailboxFull(
        f"The policy of {session_id} holds your mail, and {load.messages} held messages wait for a "
        "person: no more are kept. Nothing was stored.",
        target_session_id=session_id,
        waiting=load.messages,
        bytes=load.size,
    )


class Held(Value):
    """A message that waits for a person.

    Attributes:
        message: The message.
        box: Where it waits.
    """

    message: Envelope
    box: str


def held(ctx: Context, session_ids: Sequence[str], who: str | None = None) -> tuple[Held, ...]:
    """Return the held mail for a session, under any of its ids, the oldest first.

    Args:
        ctx: The caller's context.
        session_ids: The session, its present id first.
        who: Only mail of this sender: a session id, a chosen name or a project root.

    Raises:
        StoreError: the boxes could not be read.
    """
    found = [
        Held(message, box)
        for box in dict.fromkeys(map(held_box, session_ids))
        for message in ctx.store.peek((box,)).messages
        if who is None or _sender(ctx, message.from_session_id).answers_to(who)
    ]
    return tuple(sorted(found, key=lambda each: each.message.enqueued_at))


def release(
    ctx: Context, session_ids: Sequence[str], who: str | None = None
) -> tuple[Envelope, ...]:
    """Let the held mail of *who*, or all of it, through to the session; return what went.

    Each message is received now: it is put into ledger and box as by a sender, with the same id,
    and then taken out of the box of held mail.  A crash in between leaves it in both, and the next
    release takes it out.

    Raises:
        StoreError: a message could not be put; those before it are through.
    """
    chosen = held(ctx, session_ids, who)
    if not chosen:
        return ()
    route = _route(ctx, session_ids[0])
    for each in chosen:
        message = each.message
        extra = (*(m for m in message.extra if m[0] != RELEASED), (RELEASED, True))
        ctx.store.put(route, message._replace(extra=extra), repeat=True)
        ctx.store.adopt_box(each.box, route.box, (message.id,))
    return tuple(each.message for each in chosen)


def _route(ctx: Context, session_id: str) -> Route:
    for entry in ctx.registry.answering(session_id):
        if entry.session_id == session_id:
            return route_to(entry)
    return route_to_known(Known(session_id, None, "unknown", "", 0))
