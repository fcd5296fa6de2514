"""From facts to a fleet: the one place that decides what a fleet looks like.

The rule: a pure function.  It reads nothing, asks nobody and raises nothing, whatever the facts
hold; the same facts in any order give the same fleet.  One broken record makes one agent less sure,
and no snapshot impossible.  ``docs/reference/fleet.md`` lists what comes out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.fleet import Fleet, Line
from oxtail.core.fleet_agent import Agent, Obligation
from oxtail.core.fleet_labels import labeller, labels_of, short_id
from oxtail.core.fleet_waits import graph_of, waits_of
from oxtail.core.history import Record
from oxtail.core.liveness import Life, Liveness, Observed, Reason, age_of, decide
from oxtail.core.plain import plain, plain_lines
from oxtail.core.presence import Presence, classify
from oxtail.core.trouble import attention_of, counts_of, troubles_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from oxtail.core.census import Letter
    from oxtail.core.fleet_agent import Waiting
    from oxtail.core.fleet_facts import AgentFacts, Alert, Facts
    from oxtail.core.liveness import Verdict
    from oxtail.core.work import Owed

PURPOSE_MAX_CHARS: Final = 200
"""Longest purpose that is shown."""

TEXT_MAX_CHARS: Final = 160
"""How much of an obligation is shown."""

PATH_MAX_CHARS: Final = 4_096
"""Longest path that is shown; no system opens a longer one."""

OPERATOR: Final = "operator"
WORKING: Final = "working"
"""Who is named as the sender of what a person sent, and of nothing else."""

_LAST: Final = 1 << 40
"""Stands for the number of a window that is not known: behind all others."""


def snapshot(facts: Facts) -> Fleet:
    """Return the fleet that *facts* show."""
    agents = _chosen(facts)
    facts = facts._replace(agents=agents)
    labels = labels_of(agents)
    label = labeller(labels)
    graph = graph_of(
        facts, {a.session_id: labels[a.key] for a in agents if a.session_id and a.name}
    )
    waits = waits_of(graph, label)
    concerned = {each.session_id for each in graph.sessions}
    letters = {each.key: _letters(each) for each in agents}
    shown = [
        _agent(each, facts, labels[each.key], waits.get(each.key, ()), letters[each.key], label)
        for each in agents
    ]
    # A session of which only a record is left is shown while something is left of it to see.
    records = {each.key for each in agents if each.server_pid is None}
    shown = [
        each
        for each in shown
        if each.key not in records
        or each.unread
        or each.held
        or each.obligations
        or each.key in concerned
    ]
    shown.sort(key=_order)
    foreground, background = _split(shown, facts)

    def unread(agent: Agent) -> Iterator[str]:
        return (letter.id for letter in letters[agent.key])

    troubles = troubles_of(foreground, unread, graph, label, facts.acknowledged)
    counts = counts_of(foreground, background, graph, troubles)
    matched = {alert for agent in shown for alert in agent.findings}
    return Fleet(
        at=facts.at,
        project_root=facts.project_root,
        self_session_id=facts.self_session_id,
        agents=foreground,
        background=background,
        graph=graph,
        comms=_comms(facts, labels, label),
        counts=counts,
        troubles=troubles,
        attention=attention_of((*foreground, *background), counts, troubles),
        notices=tuple(
            notice._replace(text=plain(notice.text), kind=plain(notice.kind))
            for notice in facts.notices
        ),
        findings=tuple(each for each in map(_safe, facts.findings) if each not in matched),
        warnings=tuple(map(plain, facts.warnings)),
        truncated=facts.truncated,
    )


def _chosen(facts: Facts) -> tuple[AgentFacts, ...]:
    """Return the agents in a fixed order, each key once; one that runs goes before one that not."""
    chosen: dict[str, AgentFacts] = {}
    for agent in facts.agents:
        other = chosen.get(agent.key)
        if other is None or _rank(agent) > _rank(other):
            chosen[agent.key] = agent
    return tuple(chosen[key] for key in sorted(chosen))


def _rank(agent: AgentFacts) -> tuple[bool, int, str]:
    return agent.life is Life.RUNNING, agent.server_pid or 0, repr(agent)


def _letters(agent: AgentFacts) -> tuple[Letter, ...]:
    """Return the messages that wait for an agent, each once, in all its boxes."""
    found = {letter.id: letter for view in agent.boxes for letter in view.letters}
    return tuple(found[each] for each in sorted(found))


def _agent(
    seen: AgentFacts,
    facts: Facts,
    label: str,
    waits: tuple[Waiting, ...],
    letters: Sequence[Letter],
    name_of: Callable[[str], str],
) -> Agent:
    at, limits = facts.at, facts.limits
    is_running = seen.life is Life.RUNNING
    # What is left of a dead agent's pane or last call says nothing about it.
    pane = seen.pane if is_running else None
    tool = seen.activity.tool if is_running else None
    age = age_of(seen.activity.modified_at, at)
    said = classify(seen.marker, at, int(limits.busy * 1000))
    verdict = decide(
        Observed(
            life=seen.life,
            transcript_age=age,
            pane_busy=seen.pane_busy and pane is not None,
            tool_running=tool is not None and tool.running,
            busy_age=at - seen.marker.at if seen.marker and said is Presence.BUSY else None,
        ),
        limits,
    )
    purpose = plain(seen.purpose, PURPOSE_MAX_CHARS) if seen.purpose else None
    purpose_age = age_of(seen.purpose_at, at) if purpose else None
    is_stalled = _is_stalled(verdict, age, purpose_age, limits.stall) and not waits
    is_sure = all(view.is_sure for view in seen.boxes)
    return Agent(
        key=seen.key,
        session_id=seen.session_id,
        short_id=short_id(seen.session_id, seen.server_pid),
        name=plain(seen.name) or None if seen.name else None,
        label=label,
        window_name=plain(pane.window) or None if pane else None,
        client_type=seen.client_type,
        server_pid=seen.server_pid,
        cwd=plain(seen.cwd, PATH_MAX_CHARS),
        is_self=seen.is_self,
        verdict=verdict,
        transcript_age_s=age,
        transcript_path=plain(seen.transcript_path, PATH_MAX_CHARS)
        if seen.transcript_path
        else None,
        proc_sig=_proc_sig(seen),
        pane_activity_age_s=age_of(pane.output_at, at) if pane else None,
        pane_activity_at=pane.output_at if pane else None,
        purpose=purpose,
        purpose_age_s=purpose_age,
        purpose_stale=(
            purpose_age is not None and age is not None and purpose_age - age > limits.caption
        ),
        possibly_stalled=is_stalled,
        awaiting_human=(
            verdict.liveness is Liveness.IDLE
            and verdict.reason is not Reason.NO_TRANSCRIPT
            and not waits
            and not is_stalled
            and not (tool and tool.running)
        ),
        hooks_say=said.value,
        tool=tool,
        unread=len(letters),
        unread_sure=is_sure,
        obligations=_obligations(seen, facts, name_of),
        waits=waits,
        tmux_pane=pane.pane_id if pane else None,
        tmux_session=plain(pane.session) if pane else None,
        window_index=pane.window_index if pane else None,
        window_shown=pane.shown if pane else None,
        tail=_tail(seen) if verdict.liveness is Liveness.ACTIVE and pane else None,
        findings=tuple(_safe(each) for each in facts.findings if _file(each) in seen.files),
        held=_held(seen, facts),
    )


def _held(seen: AgentFacts, facts: Facts) -> int:
    """Return how many messages policies hold for an agent, under any of its ids."""
    views = (facts.held[each] for each in seen.ids if each in facts.held)
    return len({letter.id for view in views for letter in view.letters})


def _tail(seen: AgentFacts) -> str | None:
    """Return what a pane that shows work says of it."""
    if not seen.pane_busy:
        return None
    return plain(seen.pane_tail or "", PURPOSE_MAX_CHARS) or WORKING


def _is_stalled(verdict: Verdict, age: int | None, purpose_age: int | None, stall: float) -> bool:
    """Tell whether nothing was written for long, and nothing since a purpose was declared."""
    return (
        verdict.liveness is Liveness.IDLE
        and age is not None
        and age > stall
        and purpose_age is not None
        and purpose_age <= age
    )


def _proc_sig(seen: AgentFacts) -> str:
    if seen.life is Life.REUSED:
        return "reused"
    return "ok" if seen.is_proved and seen.life is Life.RUNNING else "unknown"


def _obligations(
    seen: AgentFacts, facts: Facts, name_of: Callable[[str], str]
) -> tuple[Obligation, ...]:
    owed: dict[str, Owed] = {}
    for session_id in seen.ids:
        view = facts.ledgers.get(session_id)
        for each in view.owed if view else ():
            if each.is_work and not each.has_ended:
                owed.setdefault(each.message.id, each)
    found = []
    for each in owed.values():
        message = each.message
        requester = message.from_session_id
        requester = facts.heirs.get(requester, requester) if requester else None
        found.append(
            Obligation(
                message_id=message.id,
                requester=requester,
                requester_label=name_of(requester) if requester else "unknown",
                state=each.state.value,
                since=message.enqueued_at,
                deadline=message.deadline,
                overdue=each.is_overdue(facts.at),
                text=plain(message.body, TEXT_MAX_CHARS),
            )
        )
    return tuple(sorted(found, key=lambda each: (each.since, each.message_id)))


def _order(agent: Agent) -> tuple[object, ...]:
    """Return where an agent stands: a state moves no row, but that the dead come last."""
    index = agent.window_index
    return (
        agent.is_dead,
        index is None,
        agent.tmux_session or "",
        _LAST if index is None else index,
        agent.short_id,
        agent.key,
    )


def _split(agents: Sequence[Agent], facts: Facts) -> tuple[tuple[Agent, ...], tuple[Agent, ...]]:
    """Return who is shown, and who runs outside every pane and waits for nobody.

    Without panes to tell, or where nobody else would be left, nobody is hidden.
    """
    behind = {
        agent.key
        for agent in agents
        if not agent.is_dead and agent.tmux_pane is None and not agent.waits
    }
    is_told = facts.panes_known and any(agent.is_dead or agent.tmux_pane for agent in agents)
    if not is_told:
        return tuple(agents), ()
    return (
        tuple(agent for agent in agents if agent.key not in behind),
        tuple(agent for agent in agents if agent.key in behind),
    )


def _comms(facts: Facts, labels: dict[str, str], name_of: Callable[[str], str]) -> tuple[Line, ...]:
    found: dict[str, Line] = {}
    # A message that stands in two ledgers is shown where it was received last.
    for record in facts.records:
        receiver = record.receiver
        receiver = facts.heirs.get(receiver, receiver) if receiver else None
        called = name_of(receiver) if receiver else "unknown"
        line = _line(record, receiver, called, facts, name_of)
        other = found.get(line.message_id)
        if other is None or (other.receiver or "") < (receiver or ""):
            found[line.message_id] = line
    for key, message in facts.unclaimed:
        line = _line(Record(None, "", message), None, labels.get(key, plain(key)), facts, name_of)
        found.setdefault(line.message_id, line)
    # Of one second, the order of the facts is that of the ledgers.
    return tuple(sorted(found.values(), key=lambda line: line.at))


def _line(
    record: Record,
    receiver: str | None,
    called: str,
    facts: Facts,
    name_of: Callable[[str], str],
) -> Line:
    message = record.message
    sender = message.from_session_id
    sender = facts.heirs.get(sender, sender) if sender else None
    by_operator = message.origin == "operator"
    return Line(
        message_id=message.id,
        at=message.enqueued_at,
        sender=sender,
        sender_label=OPERATOR if by_operator else _peer(sender, name_of),
        receiver=receiver,
        receiver_label=called,
        body=plain_lines(message.body),
        origin=message.origin,
        request_id=message.request_id,
        reply_to=message.reply_to,
        action_required=message.action_required,
        closed=record.outcome,
    )


def _peer(sender: str | None, name_of: Callable[[str], str]) -> str:
    """Return who sent a message that no person sent, also where a session is called as one is."""
    if sender is None:
        return "unknown"
    name = name_of(sender)
    return f"session {name}" if name == OPERATOR else name


def _file(alert: Alert) -> str:
    return (alert.path or "").rpartition("/")[2]


def _safe(alert: Alert) -> Alert:
    path = plain(alert.path, PATH_MAX_CHARS) if alert.path else None
    return alert._replace(problem=plain(alert.problem), remedy=plain(alert.remedy), path=path)
