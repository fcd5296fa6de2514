"""The waits of a fleet: from asks and ledgers to one graph.

The rule: all waits of everybody stay; a wait ends only by an answer in its waiter's ledger or by
the end of the work.  Sessions appear under the ids that they go by now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.fleet_agent import Waiting
from oxtail.core.graph import CircleKind, build
from oxtail.core.liveness import Life
from oxtail.core.waits import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from oxtail.core.correlation import Ask, OpenAsk
    from oxtail.core.fleet_facts import Facts
    from oxtail.core.graph import Graph
    from oxtail.core.work import Owed


class _Ids:
    """Which ids name the same conversation."""

    def __init__(self, facts: Facts) -> None:
        self._heirs = facts.heirs
        self._all: dict[str, set[str]] = {}
        for former, heir in facts.heirs.items():
            self._all.setdefault(heir, set()).add(former)

    def now(self, session_id: str) -> str:
        return self._heirs.get(session_id, session_id)

    def all(self, session_id: str) -> set[str]:
        heir = self.now(session_id)
        return {session_id, heir, *self._all.get(heir, ())}


def graph_of(facts: Facts, names: Mapping[str, str]) -> Graph:
    """Return the waits that concern the agents of *facts*.

    Args:
        facts: What is known.
        names: What people call the sessions.
    """
    ids = _Ids(facts)
    ours = {agent.session_id for agent in facts.agents if agent.session_id}
    standings = dict(facts.standings)
    for agent in facts.agents:
        if agent.session_id:
            is_here = agent.life is Life.RUNNING
            standings[agent.session_id] = Standing.RUNNING if is_here else Standing.AWAY
    asks = [
        one
        for one in (
            _resolved(one, facts, ids) for one in facts.asks if not _answered(one, facts, ids)
        )
        if one.ask.session_id in ours or one.ask.target in ours
    ]
    owed = [
        each
        for each in _owed(facts, ids)
        if each.session_id in ours or each.message.from_session_id in ours
    ]
    held = {letter.id: letter for each in sorted(facts.held) for letter in facts.held[each].letters}
    return build(int(facts.at), asks, owed, standings, names, held=held, truncated=facts.truncated)


def _answered(one: OpenAsk, facts: Facts, ids: _Ids) -> bool:
    """Tell whether a ledger of the asker holds an answer; doubt means that it waits."""
    ask = one.ask
    if not ask.request_id:
        return False
    targets = ids.all(ask.target) if ask.target else None
    for asker in ids.all(ask.session_id):
        view = facts.ledgers.get(asker)
        for reply_to, sender in view.answered if view else ():
            if reply_to == ask.request_id and (targets is None or sender in targets):
                return True
    return False


def _resolved(one: OpenAsk, facts: Facts, ids: _Ids) -> OpenAsk:
    """Return *one* under the ids of now; records of old peers do not name their target."""
    ask = one.ask
    target = ids.now(ask.target) if ask.target else _target(ask, facts, ids)
    return one._replace(ask=ask._replace(session_id=ids.now(ask.session_id), target=target))


def _target(ask: Ask, facts: Facts, ids: _Ids) -> str:
    """Return who has received the question, as the ledgers tell, or nothing."""
    askers = ids.all(ask.session_id)
    found = (
        ids.now(owner)
        for owner in sorted(facts.ledgers)
        if owner not in askers
        and any((ask.request_id, asker) in facts.ledgers[owner].asked for asker in askers)
    )
    return next(found, "") if ask.request_id else ""


def _owed(facts: Facts, ids: _Ids) -> Iterator[Owed]:
    for owner in sorted(facts.ledgers):
        for each in facts.ledgers[owner].owed:
            requester = each.message.from_session_id
            message = each.message._replace(
                from_session_id=ids.now(requester) if requester else None
            )
            yield each._replace(session_id=ids.now(owner), message=message)


def waits_of(graph: Graph, label: Callable[[str], str]) -> dict[str, tuple[Waiting, ...]]:
    """Return the waits of each waiter, the worst first: deadlocks, orphans, then the longest."""
    arcs: dict[tuple[str, str], set[CircleKind]] = {}
    for circle in graph.circles:
        members = circle.members
        for one, other in zip(members, (*members[1:], members[0]), strict=True):
            arcs.setdefault((one, other), set()).add(circle.kind)
    found: dict[str, list[Waiting]] = {}
    for wait in graph.waits:
        kinds = arcs.get((wait.waiter, wait.target or ""), set())
        found.setdefault(wait.waiter, []).append(
            Waiting(
                wait,
                label(wait.target) if wait.target else "unresolved",
                in_cycle=bool(kinds),
                cycle_all_live=bool(kinds - {CircleKind.STALE}),
                deadlocked=CircleKind.DEADLOCK in kinds,
            )
        )
    return {waiter: tuple(sorted(waits, key=_worst)) for waiter, waits in found.items()}


def _worst(waiting: Waiting) -> tuple[object, ...]:
    wait = waiting.wait
    return (
        not waiting.deadlocked,
        wait.orphan is None,
        not wait.overdue,
        wait.since,
        wait.target or "",
        wait.message_id or "",
        wait.request_id or "",
    )
