"""What is wrong with a fleet, in numbers and in words, and what a person knows of already.

The rule: trouble is what nobody in the fleet will end by themselves: a deadlock, a wait for
somebody who does not run, and work or mail of such a one.  Everything else is a hint.  Open work
of an agent that runs is normal.

A trouble has a key for each of its parts, so that acknowledging it hides no part that comes later.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final

from oxtail.core.graph import CircleKind
from oxtail.core.liveness import Liveness
from oxtail.core.names import hash32
from oxtail.core.value import Value
from oxtail.core.waits import Orphan, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from oxtail.core.fleet_agent import Agent
    from oxtail.core.graph import Graph
    from oxtail.core.waits import Wait

NAMES_SHOWN: Final = 3
"""Most agents that one remark names."""

SUBJECTS_SHOWN: Final = 20
"""Most ids of messages that a trouble tells programs."""


class Kind(enum.Enum):
    """A kind of trouble."""

    DEADLOCK = "deadlock"
    """Sessions that are blocked on each other."""

    ORPHANED_WAIT = "orphaned_wait"
    """A wait that nobody will end."""

    STRANDED_WORK = "stranded_work"
    """Open work of somebody who does not run."""

    STRANDED_MAIL = "stranded_mail"
    """Unread mail of somebody who does not run."""


class Part(Value):
    """A part of a trouble.

    Attributes:
        key: What names it in the record of what a person knows.
        subject: The message that it is about, or None.
        known: Whether a person has acknowledged it.
    """

    key: str
    subject: str | None
    known: bool


class Trouble(Value):
    """Something that is wrong.

    Attributes:
        kind: What.
        agents: Session ids, or keys of agents, whom it concerns.
        text: It in words.
        parts: What it consists of, at least one.
    """

    kind: Kind
    agents: tuple[str, ...]
    text: str
    parts: tuple[Part, ...]

    @property
    def is_open(self) -> bool:
        """Whether a part of it is not acknowledged."""
        return not all(part.known for part in self.parts)

    @property
    def open_parts(self) -> int:
        """How many parts are not acknowledged."""
        return sum(not part.known for part in self.parts)

    def as_dict(self) -> dict[str, Any]:
        """Return the members for programs."""
        subjects = [part.subject for part in self.parts if part.subject]
        return {
            "kind": self.kind.value,
            "session_ids": list(self.agents),
            "text": self.text,
            "message_ids": subjects[:SUBJECTS_SHOWN],
            "count": len(self.parts),
            "acknowledged": len(self.parts) - self.open_parts,
        }


class Counts(Value):
    """A fleet in numbers; those without background in their comment leave background agents out.

    Attributes:
        agents: Agents, and of these *active*, *idle* and *dead* ones.
        background: Agents in the background.
        deadlocks: Deadlocks.
        mutual: Circles of waits among sessions that run, of which one at least blocks nobody.
        stale_cycles: Circles with a session that does not run.
        orphaned: Waits that nobody will end.
        stranded: Open work of agents that do not run, and how many *stranded_owners* these are.
        stranded_mail: Unread mail of such agents, and how many *stranded_mail_owners* these are.
        overdue: Work past its deadline.
        stalled: Agents that may be stuck.
        awaiting: Agents that wait for a person.
        acknowledged: Parts of troubles that a person knows of.
        held: Messages that policies hold, also for agents in the background.
    """

    agents: int
    active: int
    idle: int
    dead: int
    background: int
    deadlocks: int
    mutual: int
    stale_cycles: int
    orphaned: int
    stranded: int
    stranded_owners: int
    stranded_mail: int
    stranded_mail_owners: int
    overdue: int
    stalled: int
    awaiting: int
    acknowledged: int
    held: int = 0


class Remark(Value):
    """One thing that a person should look at.

    Attributes:
        level: ``bad``, ``warn``, ``hint``, ``you`` or ``fine``, from the worst.
        kind: A stable word.
        text: A few words.
    """

    level: str
    kind: str
    text: str


def key_of(kind: Kind, *about: str | None) -> str:
    """Return the key of a part of a trouble; of a fixed form, whatever others' texts hold."""
    return f"{kind.value}:{hash32(repr(about))}"


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def troubles_of(
    agents: Sequence[Agent],
    unread: Callable[[Agent], Iterable[str]],
    graph: Graph,
    label: Callable[[str], str],
    acknowledged: frozenset[str],
) -> tuple[Trouble, ...]:
    """Return what is wrong, the worst first.

    Args:
        agents: The fleet without its background.
        unread: Returns the ids of the messages that wait for an agent.
        graph: Who waits for whom.
        label: Returns what people call a session.
        acknowledged: Keys that a person knows of.
    """

    def part(subject: str | None, kind: Kind, *about: str | None) -> Part:
        key = key_of(kind, *about)
        return Part(key, subject, key in acknowledged)

    found = []
    for circle in graph.deadlocks:
        # The same sessions may lock each other up again later, with other questions.
        members = set(circle.members)
        blocking = sorted(
            wait.request_id or wait.message_id or ""
            for wait in graph.waits
            if wait.stage is Stage.WAITING and wait.waiter in members and wait.target in members
        )
        names = ", ".join(map(label, circle.members))
        one = part(None, Kind.DEADLOCK, *circle.members, *blocking)
        text = f"{names} wait for each other's answers"
        found.append(Trouble(Kind.DEADLOCK, circle.members, text, (one,)))
    for wait in graph.orphans:
        target, message = wait.target, wait.message_id
        one = part(message, Kind.ORPHANED_WAIT, wait.waiter, target, message or wait.request_id)
        concerned = (wait.waiter, *([target] if target else []))
        found.append(Trouble(Kind.ORPHANED_WAIT, concerned, _orphan(wait, label), (one,)))
    for agent in agents:
        if agent.is_dead and agent.obligations:
            ids = [each.message_id for each in agent.obligations]
            parts = tuple(part(each, Kind.STRANDED_WORK, agent.key, each) for each in ids)
            text = f"{agent.label} does not run and owes {_plural(len(ids), 'piece')} of work"
            found.append(Trouble(Kind.STRANDED_WORK, (agent.key,), text, parts))
    for agent in agents:
        if agent.is_dead and agent.unread:
            parts = tuple(part(i, Kind.STRANDED_MAIL, agent.key, i) for i in unread(agent))
            text = f"{agent.label} does not run and has {agent.unread} unread"
            found.append(Trouble(Kind.STRANDED_MAIL, (agent.key,), text, parts))
    return tuple(found)


def _orphan(wait: Wait, label: Callable[[str], str]) -> str:
    waiter, target = label(wait.waiter), label(wait.target) if wait.target else "somebody"
    if wait.orphan is Orphan.ASKER_GONE:
        return f"{target} owes an answer to {waiter}, who is gone"
    how = "is gone" if wait.orphan is Orphan.TARGET_GONE else "does not run"
    return f"{waiter} waits for {target}, who {how}"


def counts_of(
    agents: Sequence[Agent], background: Sequence[Agent], graph: Graph, troubles: Sequence[Trouble]
) -> Counts:
    """Return a fleet in numbers."""
    states = [agent.verdict.liveness for agent in agents]
    kinds = [circle.kind for circle in graph.circles]
    dead = [agent for agent in agents if agent.is_dead]
    return Counts(
        agents=len(agents),
        active=states.count(Liveness.ACTIVE),
        idle=states.count(Liveness.IDLE),
        dead=len(dead),
        background=len(background),
        deadlocks=len(graph.deadlocks),
        mutual=kinds.count(CircleKind.MUTUAL),
        stale_cycles=kinds.count(CircleKind.STALE),
        orphaned=len(graph.orphans),
        stranded=sum(len(agent.obligations) for agent in dead),
        stranded_owners=sum(bool(agent.obligations) for agent in dead),
        stranded_mail=sum(agent.unread for agent in dead),
        stranded_mail_owners=sum(bool(agent.unread) for agent in dead),
        overdue=sum(agent.overdue for agent in agents),
        stalled=sum(agent.possibly_stalled for agent in agents),
        awaiting=sum(agent.awaiting_human for agent in agents),
        acknowledged=sum(len(each.parts) - each.open_parts for each in troubles),
        held=sum(agent.held for agent in (*agents, *background)),
    )


_HARD: Final = (
    (Kind.DEADLOCK, "bad", "deadlock"),
    (Kind.ORPHANED_WAIT, "bad", "wait nobody will end"),
    (Kind.STRANDED_WORK, "bad", "piece of stranded work"),
    (Kind.STRANDED_MAIL, "warn", "stranded message"),
)

_PLURALS: Final = {
    "wait nobody will end": "waits nobody will end",
    "piece of stranded work": "pieces of stranded work",
}


def attention_of(
    agents: Sequence[Agent], counts: Counts, troubles: Sequence[Trouble]
) -> tuple[Remark, ...]:
    """Return what a person should look at, the worst first; nothing for an empty fleet.

    Where there is nothing to look at, that is said, so that silence is seen to be checked.
    """
    found = []
    for kind, level, word in _HARD:
        count = sum(each.open_parts for each in troubles if each.kind is kind)
        if count:
            words = word if count == 1 else _PLURALS.get(word, word + "s")
            found.append(Remark(level, kind.value, f"{count} {words}"))
    if counts.overdue:
        found.append(Remark("warn", "overdue", f"{counts.overdue} overdue"))
    if counts.stale_cycles:
        text = f"{counts.stale_cycles} possible {'cycle' if counts.stale_cycles == 1 else 'cycles'}"
        found.append(Remark("warn", "stale_cycle", text))
    for kind_word, level, lead, chosen in (
        ("stalled", "hint", "perhaps stalled", [a for a in agents if a.possibly_stalled]),
        ("awaiting", "you", "awaiting you", [a for a in agents if a.awaiting_human]),
    ):
        if chosen:
            found.append(Remark(level, kind_word, f"{lead}: {_names(chosen)}"))
    if counts.held:
        text = f"{_plural(counts.held, 'held message')}: oxtail policy"
        found.append(Remark("you", "held", text))
    if not found and agents:
        found.append(Remark("fine", "nominal", f"nominal, {counts.active} active"))
    if counts.acknowledged:
        found.append(Remark("fine", "acknowledged", f"{counts.acknowledged} acknowledged"))
    return tuple(found)


def _names(agents: Sequence[Agent]) -> str:
    shown = ", ".join(agent.label for agent in agents[:NAMES_SHOWN])
    more = len(agents) - NAMES_SHOWN
    return f"{shown} +{more} more" if more > 0 else shown
