"""Who waits for whom: waits, deadlocks, mutual delegation, orphans, and what is overdue.

The rule: facts in, a graph out; nothing is asked or read here, and the same facts in any order
give the same graph.  A *deadlock* is a circle of live sessions in which each one is blocked on a
question that it waits on now, so that none of them can answer.  Delegated work and pending asks
block nobody: a circle with one of those among live sessions is *mutual delegation*, however long it
is.  A circle with a session that does not run is *stale*.

:mod:`oxtail.core.drawing` shows a graph to people; ``docs/concepts.md`` explains it.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final

from oxtail.core.circles import on_circles, shortest_circles
from oxtail.core.value import Value
from oxtail.core.waits import Kind, Orphan, Stage, Standing, Wait
from oxtail.core.work import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from oxtail.core.census import Letter
    from oxtail.core.correlation import OpenAsk
    from oxtail.core.envelope import Envelope
    from oxtail.core.work import Owed

CIRCLES_MAX: Final = 50
"""Most circles of one kind that are listed; :attr:`Graph.deadlocked` names all members anyway."""

SHORT_ID_CHARS: Final = 8
"""How much of a session id names a session to people."""


class CircleKind(enum.Enum):
    """What a circle of waits means."""

    DEADLOCK = "deadlock"
    """Each member runs and is blocked on a question to the next: none of them can answer."""

    MUTUAL = "mutual"
    """Each member runs, and one of the waits at least blocks nobody."""

    STALE = "stale"
    """A member does not run, so the circle may never have closed, or is over."""


class Circle(Value):
    """Sessions of which each waits for the next, and the last for the first; smallest id first."""

    kind: CircleKind
    members: tuple[str, ...]


class Member(Value):
    """A session that waits or is waited for."""

    session_id: str
    name: str | None
    standing: Standing


class Graph(Value):
    """All waits at one moment.

    Attributes:
        at: That moment, in unix seconds.
        sessions: Whoever waits or is waited for, by id.
        waits: By waiter, then target.
        circles: Deadlocks first; each wait that is part of a circle is in one of them, unless
            there are more than :data:`CIRCLES_MAX` of a kind.
        deadlocked: All sessions in a deadlock.
        truncated: Whether there were more facts than were looked at.
    """

    at: int
    sessions: tuple[Member, ...]
    waits: tuple[Wait, ...]
    circles: tuple[Circle, ...]
    deadlocked: tuple[str, ...]
    truncated: bool = False

    @property
    def deadlocks(self) -> tuple[Circle, ...]:
        """The circles that nobody in them can end."""
        return tuple(each for each in self.circles if each.kind is CircleKind.DEADLOCK)

    @property
    def orphans(self) -> tuple[Wait, ...]:
        """The waits that nobody will end."""
        return tuple(wait for wait in self.waits if wait.orphan)

    @property
    def overdue(self) -> tuple[Wait, ...]:
        """The waits for work whose deadline has passed."""
        return tuple(wait for wait in self.waits if wait.overdue)

    @property
    def held(self) -> tuple[Wait, ...]:
        """The waits whose message a person has to let through first."""
        return tuple(wait for wait in self.waits if wait.stage is Stage.HELD)

    def as_dict(self) -> dict[str, Any]:
        """Return the graph for programs; members may be added, none changes its meaning."""
        return {
            "schema_version": 1,
            "at": self.at,
            "sessions": [
                {
                    "session_id": each.session_id,
                    "short_id": each.session_id[:SHORT_ID_CHARS],
                    "name": each.name,
                    "standing": each.standing.value,
                    "deadlocked": each.session_id in self.deadlocked,
                }
                for each in self.sessions
            ],
            "waits": [_wait_as_dict(wait, self.at) for wait in self.waits],
            "circles": [
                {"kind": each.kind.value, "members": list(each.members)} for each in self.circles
            ],
            "counts": {
                "waits": len(self.waits),
                "deadlocks": len(self.deadlocks),
                "orphaned": len(self.orphans),
                "overdue": len(self.overdue),
                "held": len(self.held),
            },
            "truncated": self.truncated,
        }


def _wait_as_dict(wait: Wait, at: int) -> dict[str, Any]:
    return {
        "from_session_id": wait.waiter,
        "to_session_id": wait.target,
        "kind": wait.kind.value,
        "stage": wait.stage.value,
        "request_id": wait.request_id,
        "message_id": wait.message_id,
        "since": wait.since,
        "age_seconds": max(at - wait.since, 0),
        "deadline": wait.deadline,
        "overdue": wait.overdue,
        "attempts": wait.attempts,
        "orphaned": wait.orphan.value if wait.orphan else None,
    }


def build(
    at: int,
    asks: Iterable[OpenAsk],
    owed: Iterable[Owed],
    standings: Mapping[str, Standing],
    names: Mapping[str, str] | None = None,
    *,
    held: Mapping[str, Envelope | Letter] | None = None,
    truncated: bool = False,
) -> Graph:
    """Return the graph of these facts; their order does not matter.

    The pending ask that a delegation leaves is the same wait as the work that it is about, and is
    shown once, as work.

    Args:
        at: Now, in unix seconds.
        asks: Open questions, of anybody.
        owed: Open work, in anybody's ledger.
        standings: What can be expected of each session; one that is missing is gone.
        names: What users call the sessions, where they have a name.
        held: Messages that a policy holds, by id; nobody who owes them knows of them.
        truncated: Whether there were more facts than these.
    """
    asks, owed = tuple(asks), tuple(owed)
    # Who waits now is alive, whatever the registry says: a command has no entry for long.
    live = {one.ask.session_id for one in asks if one.waited_on}

    def standing(session_id: str) -> Standing:
        if session_id in live:
            return Standing.RUNNING
        return standings.get(session_id, Standing.GONE)

    found = _waits_for_work(owed, asks, at)
    work = {(wait.waiter, wait.message_id) for wait in found}
    found += [
        _wait_for_answer(one, at, (held or {}).get(one.ask.message_id))
        for one in asks
        if one.waited_on or (one.ask.session_id, one.ask.message_id or None) not in work
    ]
    waits = sorted(
        {wait._replace(orphan=_orphan(wait, standing)) for wait in found if _is_wait(wait)},
        key=_order,
    )
    ids = {wait.waiter for wait in waits} | {wait.target for wait in waits if wait.target}
    blocking = [wait for wait in waits if wait.stage is Stage.WAITING and _all_run(wait, standing)]
    return Graph(
        at=at,
        sessions=tuple(
            Member(each, (names or {}).get(each), standing(each)) for each in sorted(ids)
        ),
        waits=tuple(waits),
        circles=_circles(blocking, [wait for wait in waits if _all_run(wait, standing)], waits),
        deadlocked=tuple(sorted(on_circles(_arcs(blocking)))),
        truncated=truncated,
    )


def _is_wait(wait: Wait) -> bool:
    """Tell whether *wait* leads from one session to another; a forged record may not."""
    return bool(wait.waiter) and wait.waiter != wait.target


def _waits_for_work(owed: Sequence[Owed], asks: Sequence[OpenAsk], at: int) -> list[Wait]:
    attempts = {
        (one.ask.session_id, one.ask.message_id): one.attempts for one in asks if not one.waited_on
    }
    found = []
    for each in owed:
        message = each.message
        waiter = message.from_session_id
        if waiter is None or not each.is_work or each.has_ended:
            continue
        found.append(
            Wait(
                waiter=waiter,
                target=each.session_id,
                kind=Kind.WORK,
                stage=Stage.CLOSING if each.state is State.CLOSING else Stage.OPEN,
                request_id=message.request_id,
                message_id=message.id,
                since=message.enqueued_at,
                deadline=message.deadline,
                overdue=each.is_overdue(at),
                attempts=attempts.get((waiter, message.id), 0),
            )
        )
    return found


def _wait_for_answer(one: OpenAsk, at: int, held: Envelope | Letter | None) -> Wait:
    ask = one.ask
    stage = Stage.WAITING if one.waited_on else Stage.PENDING
    is_work = held is not None and held.action_required
    deadline = held.deadline if held is not None and is_work else None
    return Wait(
        waiter=ask.session_id,
        target=ask.target or None,
        kind=Kind.WORK if is_work else Kind.QUESTION,
        stage=stage if held is None or one.waited_on else Stage.HELD,
        request_id=ask.request_id or None,
        message_id=ask.message_id or None,
        since=int(one.since),
        deadline=deadline,
        overdue=deadline is not None and deadline <= at,
        attempts=one.attempts,
    )


def _orphan(wait: Wait, standing: Callable[[str], Standing]) -> Orphan | None:
    if wait.target and standing(wait.target) is Standing.GONE:
        return Orphan.TARGET_GONE
    if standing(wait.waiter) is Standing.GONE:
        return Orphan.ASKER_GONE
    if wait.target and standing(wait.target) is Standing.AWAY:
        return Orphan.TARGET_AWAY
    return None


def _all_run(wait: Wait, standing: Callable[[str], Standing]) -> bool:
    return wait.target is not None and all(
        standing(each) is Standing.RUNNING for each in (wait.waiter, wait.target)
    )


def _order(wait: Wait) -> tuple[object, ...]:
    return (
        wait.waiter,
        wait.target or "",
        wait.kind.value,
        wait.since,
        wait.message_id or "",
        wait.request_id or "",
        wait.stage.value,
        wait.attempts,
        wait.deadline or 0,
    )


def _arcs(waits: Iterable[Wait]) -> set[tuple[str, str]]:
    return {(wait.waiter, wait.target) for wait in waits if wait.target}


def _circles(
    blocking: Sequence[Wait], running: Sequence[Wait], waits: Sequence[Wait]
) -> tuple[Circle, ...]:
    """Return a shortest circle for each wait that is part of one, of the worst kind it can be in.

    A circle of a milder kind goes through a wait that is in none of the worse ones.
    """
    found: list[Circle] = []
    before: set[tuple[str, str]] = set()
    for kind, chosen in (
        (CircleKind.DEADLOCK, blocking),
        (CircleKind.MUTUAL, running),
        (CircleKind.STALE, waits),
    ):
        arcs = _arcs(chosen)
        found += [Circle(kind, each) for each in shortest_circles(arcs, arcs - before, CIRCLES_MAX)]
        before = arcs
    return tuple(found)
