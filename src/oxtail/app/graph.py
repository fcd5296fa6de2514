"""Collect who waits for whom, and draw the conclusions of :mod:`oxtail.core.graph`.

It reads only, and takes no lock: what changes meanwhile may be seen before or after the change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from oxtail.app.answered import is_answered
from oxtail.app.elsewhere import names, standings
from oxtail.app.ids import all_ids, heir_of
from oxtail.core.graph import Graph, build
from oxtail.core.names import held_box
from oxtail.core.scope import contains, same_project
from oxtail.core.value import Value
from oxtail.core.waits import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oxtail.app.context import Context
    from oxtail.core.correlation import OpenAsk
    from oxtail.core.envelope import Envelope
    from oxtail.core.work import Owed

ASKS_MAX: Final = 2_000
"""Most open questions that are looked at."""

SESSIONS_MAX: Final = 256
"""Most sessions whose ledgers are read for open work: those that run, then the latest others."""


class WaitsResult(Value):
    """Who waits for whom.

    Attributes:
        project_root: The project, or None for all of them.
        graph: The waits.
    """

    project_root: str | None
    graph: Graph

    def as_dict(self) -> dict[str, Any]:
        """Return the members of the graph, and whose it is."""
        members = self.graph.as_dict()
        return {
            "schema_version": members.pop("schema_version"),
            "ok": True,
            "project_root": self.project_root,
            **members,
        }


class _Person(Value):
    """A session that runs or may come back."""

    session_id: str
    name: str | None
    cwd: str
    standing: Standing


def wait_graph(
    ctx: Context, *, project_root: str | None = None, everywhere: bool = False
) -> WaitsResult:
    """Return who waits for whom in the project at *project_root*, or in the caller's project.

    A wait belongs to a project if one of its two sessions does.  Sessions appear under the ids
    that they go by now.

    Args:
        ctx: The caller's context.
        project_root: The folder of another project.
        everywhere: Look at all projects.

    Raises:
        StoreError: the records could not be read.
    """
    heirs: dict[str, str] = {}

    def heir(session_id: str) -> str:
        if session_id not in heirs:
            heirs[session_id] = heir_of(ctx, session_id)
        return heirs[session_id]

    people = _people(ctx)
    root, is_here = _scope(ctx, project_root, everywhere)
    here = [each for each in people.values() if is_here(each.cwd)]
    ours = {each.session_id for each in here}

    def concerns(*session_ids: str | None) -> bool:
        return everywhere or any(each and heir(each) in ours for each in session_ids)

    asks = ctx.store.all_asks(ASKS_MAX + 1)
    open_asks = [
        one
        for one in asks[:ASKS_MAX]
        if concerns(one.ask.session_id, one.ask.target) and not is_answered(ctx, one.ask)
    ]
    owners = dict.fromkeys(each.session_id for each in here)
    targets = dict.fromkeys(one.ask.target for one in open_asks if one.ask.target)
    readable = list({**owners, **targets})
    ledgers = dict.fromkeys(
        former
        for each in readable[:SESSIONS_MAX]
        for former in (each, *ctx.lineage.former(heir(each)))
    )
    owed = [
        each
        for each in ctx.work.open_of(tuple(ledgers))
        if concerns(each.session_id, each.message.from_session_id)
    ]
    graph = build(
        int(ctx.clock.now()),
        [_asked_now(_asked_first(ctx, one), heir) for one in open_asks],
        [_owed_now(each, heir) for each in owed],
        standings(ctx) | {each.session_id: each.standing for each in people.values()},
        names(ctx) | {each.session_id: each.name for each in here if each.name},
        held=_held(ctx, open_asks),
        truncated=len(asks) > ASKS_MAX or len(readable) > SESSIONS_MAX,
    )
    return WaitsResult(root, graph)


def _held(ctx: Context, asks: Sequence[OpenAsk]) -> dict[str, Envelope]:
    """Return the messages that policies hold for those who are asked, by id."""
    targets = dict.fromkeys(one.ask.target for one in asks if one.ask.target)
    boxes = dict.fromkeys(held_box(name) for each in targets for name in all_ids(ctx, each))
    full = [box for box in boxes if ctx.store.has_mail(box)]
    return {message.id: message for message in ctx.store.peek(full).messages} if full else {}


def _people(ctx: Context) -> dict[str, _Person]:
    """Return all sessions that run or may come back; those that run first, then the latest."""
    found: dict[str, _Person] = {}
    for entry in sorted(ctx.registry.entries(), key=lambda entry: entry.session_id or ""):
        if entry.session_id:
            session_id = entry.session_id
            person = _Person(session_id, entry.name, entry.client.cwd, Standing.RUNNING)
            found.setdefault(session_id, person)
    latest = sorted(ctx.registry.known(), key=lambda known: (-known.last_seen, known.session_id))
    for known in latest:
        person = _Person(known.session_id, known.name, known.cwd, Standing.AWAY)
        found.setdefault(known.session_id, person)
    return found


def _scope(
    ctx: Context, project_root: str | None, everywhere: bool
) -> tuple[str | None, Callable[[str], bool]]:
    """Return the root of the project that is meant, and what tells whether a folder is in it."""
    if everywhere:
        return None, lambda _: True
    here = ctx.projects.place(project_root or ctx.session.entry.client.cwd)
    if project_root:
        here = here._replace(root=here.cwd)
    known: dict[str, bool] = {}

    def is_here(cwd: str) -> bool:
        if cwd not in known:
            place = ctx.projects.place(cwd)
            known[cwd] = same_project(here, place) or contains(here, place)
        return known[cwd]

    return here.root, is_here


def _asked_first(ctx: Context, one: OpenAsk) -> OpenAsk:
    """Return *one* with the time at which it was asked: a pending ask has that of its record."""
    sent = ctx.store.sent(one.ask.message_id) if not one.waited_on and one.ask.message_id else None
    return one._replace(since=min(one.since, sent.enqueued_at)) if sent else one


def _asked_now(one: OpenAsk, heir: Callable[[str], str]) -> OpenAsk:
    ask = one.ask
    target = heir(ask.target) if ask.target else ""
    return one._replace(ask=ask._replace(session_id=heir(ask.session_id), target=target))


def _owed_now(owed: Owed, heir: Callable[[str], str]) -> Owed:
    requester = owed.message.from_session_id
    message = owed.message._replace(from_session_id=heir(requester) if requester else None)
    return owed._replace(session_id=heir(owed.session_id), message=message)
