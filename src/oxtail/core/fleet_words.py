"""A fleet in words: ages, states, badges, waits.  What every front end says in the same way.

The rule: snapshot in, plain text out.  No color, no width, no widget.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.graph import CircleKind
from oxtail.core.liveness import Liveness, Reason
from oxtail.core.value import Value
from oxtail.core.waits import Kind, Orphan, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from oxtail.core.fleet import Fleet, Line
    from oxtail.core.fleet_agent import Agent, Waiting
    from oxtail.core.graph import Circle
    from oxtail.core.waits import Wait

UNKNOWN_AGE: Final = "—"

MARKS: Final = {Liveness.ACTIVE: "●", Liveness.IDLE: "○", Liveness.DEAD: "×"}  # noqa: RUF001
"""One column before each agent; the state in words stands beside it."""

CLIENTS: Final = {"claude-code": "claude", "codex": "codex"}

FILES_NAMED: Final = 5
"""Most files that are named where some cannot be read."""

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"))


class Badge(Value):
    """A few words about an agent, and their kind.

    Attributes:
        kind: ``tool``, ``mail``, ``work``, ``wait``, ``deadlock``, ``orphan``, ``cycle`` or
            ``stalled``.
        text: The words.
    """

    kind: str
    text: str


def age(seconds: float | None) -> str:
    """Return an age in its largest unit, rounded down."""
    if seconds is None:
        return UNKNOWN_AGE
    whole = max(int(seconds), 0)
    for size, unit in _UNITS:
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def client(agent: Agent) -> str:
    """Return the short name of an agent's client."""
    return CLIENTS.get(agent.client_type, "?")


def state(agent: Agent) -> str:
    """Return the state of an agent with the age that it rests on, in at most 13 columns."""
    verdict = agent.verdict
    spoken = {
        Reason.EXITED: "dead, gone",
        Reason.PID_REUSED: "dead, reused",
        Reason.NO_TRANSCRIPT: "idle, no log",
        Reason.PANE_FRESH: f"active pane {age(agent.transcript_age_s)}",
        Reason.TOOL_RUNNING: f"active tool {age(agent.transcript_age_s)}",
        Reason.MARKED_BUSY: f"active hook {age(agent.transcript_age_s)}",
    }
    other = f"{verdict.liveness.value} {age(agent.transcript_age_s)}"
    return spoken.get(verdict.reason, other)


def caption(agent: Agent) -> str:
    """Return what an agent is at: what its client shows of a turn, or else what it said itself."""
    if agent.tail:
        return agent.tail
    old = "(old) " if agent.purpose_stale else ""
    return old + agent.purpose if agent.purpose else ""


def badges(agent: Agent, at: float) -> tuple[Badge, ...]:
    """Return what is to be said of an agent beside its state, in a fixed order."""
    found = []
    if agent.tool:
        found.append(Badge("tool", agent.tool.label + ("…" if agent.tool.running else "")))
    if agent.unread or not agent.unread_sure:
        found.append(Badge("mail", f"mail {agent.unread}{'' if agent.unread_sure else '?'}"))
    if agent.held:
        found.append(Badge("you", f"held {agent.held}"))
    if agent.obligations:
        late = f" ({agent.overdue} overdue)" if agent.overdue else ""
        found.append(Badge("work", f"owes {len(agent.obligations)}{late}"))
    if agent.waits:
        found.append(_wait_badge(agent.waits, at))
    if agent.possibly_stalled:
        found.append(Badge("stalled", "stalled?"))
    return tuple(found)


def sums(agents: Iterable[Agent]) -> str:
    """Return what agents that share one line have in sum, for the end of that line; or nothing.

    Whatever asks a person to look at one of them is in it, so that folding hides none of that.
    """
    mail = held = work = late = 0
    is_sure = True
    for each in agents:
        mail += each.unread
        is_sure &= each.unread_sure
        held += each.held
        work += len(each.obligations)
        late += each.overdue
    said = f", mail {mail}{'' if is_sure else '?'}" if mail or not is_sure else ""
    said += f", held {held}" if held else ""
    said += f", owes {work}" if work else ""
    return said + (f" ({late} overdue)" if late else "")


def _wait_badge(waits: tuple[Waiting, ...], at: float) -> Badge:
    first = waits[0]
    wait = first.wait
    more = f" +{len(waits) - 1}" if len(waits) > 1 else ""
    if first.deadlocked:
        return Badge("deadlock", f"DEADLOCK {first.label}{more}")
    if wait.orphan:
        return Badge("orphan", f"waits {first.label} ({_orphan(wait.orphan)}){more}")
    if first.in_cycle and not first.cycle_all_live:
        return Badge("cycle", f"cycle? {first.label}{more}")
    again = f" x{wait.attempts}" if wait.attempts else ""
    again += " held" if wait.stage is Stage.HELD else ""
    return Badge("wait", f"waits {first.label} {age(at - wait.since)}{again}{more}")


def _orphan(orphan: Orphan) -> str:
    return {
        Orphan.TARGET_AWAY: "not running",
        Orphan.TARGET_GONE: "gone",
        Orphan.ASKER_GONE: "asker gone",
    }[orphan]


_CIRCLES: Final = {
    CircleKind.DEADLOCK: "DEADLOCK",
    CircleKind.MUTUAL: "mutual delegation",
    CircleKind.STALE: "possible cycle",
}


def waits(fleet: Fleet, label: Callable[[str], str]) -> tuple[str, ...]:
    """Return who waits for whom, a line each: circles first, then every wait outside of them."""
    lines = [_circle(each, label) for each in fleet.graph.circles]
    inside = {
        (one, other)
        for circle in fleet.graph.circles
        for one, other in zip(circle.members, (*circle.members[1:], circle.members[0]), strict=True)
    }
    return (
        *lines,
        *(
            _wait(wait, fleet.at, label)
            for wait in fleet.graph.waits
            if (wait.waiter, wait.target) not in inside
        ),
    )


def _circle(circle: Circle, label: Callable[[str], str]) -> str:
    members = (*circle.members, circle.members[0])
    return f"{_CIRCLES[circle.kind]}: {' > '.join(map(label, members))}"


def _wait(wait: Wait, at: float, label: Callable[[str], str]) -> str:
    target = label(wait.target) if wait.target else "somebody unresolved"
    what = "an answer" if wait.kind is Kind.QUESTION else "work"
    words = f"{label(wait.waiter)} awaits {what} of {target}, {age(at - wait.since)}"
    if wait.deadline is not None:
        left = wait.deadline - at
        words += f", overdue {age(-left)}" if wait.overdue else f", due in {age(left)}"
    if wait.attempts:
        words += f", woken {wait.attempts}x"
    if wait.stage is Stage.HELD:
        words += ", held until a person lets it through"
    return words + (f", {_orphan(wait.orphan)}" if wait.orphan else "")


def unreadable(names: Sequence[str]) -> str:
    """Return the warning that the registry entries in the files *names* cannot be read."""
    some = f"{len(names)} registry entries" if len(names) != 1 else "1 registry entry"
    more = f" and {len(names) - FILES_NAMED} more" if len(names) > FILES_NAMED else ""
    return f"{some} cannot be read: {', '.join(names[:FILES_NAMED])}{more}"


def comms(line: Line) -> str:
    """Return what kind of message a line of the comms log is, in a word, or nothing."""
    if line.action_required:
        return f"work, {line.closed}" if line.closed else "work"
    if line.reply_to:
        return "reply"
    return "question" if line.request_id else ""
