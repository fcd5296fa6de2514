"""The card of one agent: why it is in its state, and everything that is known to be owed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.cockpit.shapes.head import name_of
from oxtail.cockpit.shapes.rows import Row, Span, row, wrapped
from oxtail.core.fleet_words import CLIENTS, age, client, state
from oxtail.core.liveness import Liveness
from oxtail.core.plain import plain
from oxtail.core.waits import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oxtail.core.fleet import Fleet
    from oxtail.core.fleet_agent import Agent, Obligation, Waiting

INDENT: Final = 2
_LOOKS: Final = {Liveness.ACTIVE: "active", Liveness.IDLE: "idle", Liveness.DEAD: "dead"}


def card(fleet: Fleet, agent: Agent, width: int) -> list[Row]:
    """Return everything that is known of *agent*, in lines of at most *width* columns."""
    rows: list[Row] = []
    for title, kind, text in _said(fleet, agent):
        if title:
            rows.append(row(Span(title, "dim")))
        rows += [
            row(" " * INDENT, Span(line, kind)) for line in wrapped(text, max(width - INDENT, 8))
        ]
    return rows


def _said(fleet: Fleet, agent: Agent) -> Iterator[tuple[str, str, str]]:
    """Yield titles with what stands below them; no title continues the one before."""
    at = fleet.at
    yield from _identity(agent)
    yield "why this state", _LOOKS[agent.verdict.liveness], state(agent)
    yield "", "text", agent.verdict.why
    yield from _evidence(agent)
    if agent.purpose:
        old = ", older than its work" if agent.purpose_stale else ""
        since = f", {age(agent.purpose_age_s)} old" if agent.purpose_age_s is not None else ""
        yield f"purpose{since}{old}", "text", plain(agent.purpose)
    if agent.possibly_stalled:
        yield "hint", "stalled", "perhaps stalled: nothing came since it said what it does"
    yield "inbox", "mail" if agent.unread else "text", _inbox(agent)
    if agent.held:
        yield "held", "you", f"{agent.held} for it: oxtail policy lets them through"
    for number, wait in enumerate(agent.waits):
        yield "waits" if number == 0 else "", _wait_kind(wait), _wait(wait, at)
    for number, owed in enumerate(agent.obligations):
        kind = "bad" if owed.overdue else "work"
        yield "owes" if number == 0 else "", kind, _owed(owed, at)
    wrong = [each for each in fleet.troubles if agent.key in each.agents]
    for number, trouble in enumerate(wrong):
        known = "" if trouble.is_open else " (acknowledged)"
        kind = "bad" if trouble.is_open else "dim"
        yield "wrong" if number == 0 else "", kind, trouble.text + known
    for number, found in enumerate(agent.findings):
        kind = "bad" if found.level == "wrong" else "warn"
        yield "doctor" if number == 0 else "", kind, f"{found.level}: {plain(found.problem)}"
        yield "", "dim", f"remedy: {plain(found.remedy)}"
    yield from _said_last(fleet, agent)


def _identity(agent: Agent) -> Iterator[tuple[str, str, str]]:
    who = f"{agent.label}{' (this session)' if agent.is_self else ''}"
    yield "agent", "strong", who
    process = f", process {agent.server_pid}" if agent.server_pid else ""
    what = client(agent) if agent.client_type in CLIENTS else "client unknown"
    yield "", "dim", f"{what}{process}"
    yield "", "dim", plain(agent.session_id or "no session id yet")
    yield "", "dim", plain(agent.cwd)
    if agent.tmux_pane:
        window = f" ({plain(agent.window_name)})" if agent.window_name else ""
        place = f"{plain(agent.tmux_session or '?')}:{agent.window_index}{window}"
        yield "", "dim", f"pane {plain(agent.tmux_pane)} in {place}, verified"
    elif not agent.is_dead:
        yield "", "dim", "no pane: it provably runs in none that tmux knows"


def _evidence(agent: Agent) -> Iterator[tuple[str, str, str]]:
    written = agent.transcript_age_s
    said = "none is known" if written is None else f"{age(written)} since it was written to"
    yield "", "dim", f"transcript: {said}"
    if agent.tool:
        how = "running" if agent.tool.running else "ended"
        yield "", "tool", f"tool: {plain(agent.tool.name)} ({how})"
    if agent.tail:
        yield "", "tool", f"its pane shows: {plain(agent.tail)}"
    yield "", "dim", f"hooks say: {agent.hooks_say}"
    if agent.pane_activity_age_s is not None:
        yield "", "dim", f"pane: {age(agent.pane_activity_age_s)} since it last changed"
    sure = {"ok": "start time compared", "reused": "another process", "unknown": "not compared"}
    yield "", "dim", f"process id: {sure.get(agent.proc_sig, agent.proc_sig)}"


def _inbox(agent: Agent) -> str:
    sure = "" if agent.unread_sure else ", perhaps more: a box could not be read whole"
    return f"{agent.unread} unread{sure}"


def _wait_kind(waiting: Waiting) -> str:
    if waiting.deadlocked:
        return "deadlock"
    return "orphan" if waiting.wait.orphan else "wait"


def _wait(waiting: Waiting, at: float) -> str:
    wait = waiting.wait
    what = "an answer" if wait.kind is Kind.QUESTION else "work"
    text = f"{what} of {waiting.label}, {age(at - wait.since)}, {wait.stage.value}"
    if wait.deadline is not None:
        left = wait.deadline - at
        text += f", overdue {age(-left)}" if wait.overdue else f", due in {age(left)}"
    if wait.attempts:
        text += f", woken {wait.attempts}x"
    if waiting.deadlocked:
        text += ", DEADLOCK"
    elif waiting.in_cycle:
        text += ", mutual delegation" if waiting.cycle_all_live else ", possible cycle"
    return text + (f", {wait.orphan.value.replace('_', ' ')}" if wait.orphan else "")


def _owed(owed: Obligation, at: float) -> str:
    due = ""
    if owed.deadline is not None:
        left = owed.deadline - at
        due = f", overdue {age(-left)}" if owed.overdue else f", due in {age(left)}"
    state_word = "" if owed.state == "open" else f", {owed.state}"
    head = f"to {owed.requester_label}, {age(at - owed.since)}{due}{state_word}"
    return f"{head}: {plain(owed.text)}"


def _said_last(fleet: Fleet, agent: Agent) -> Iterator[tuple[str, str, str]]:
    name = name_of(fleet)
    mine = [each for each in fleet.comms if agent.key in (each.sender, each.receiver)]
    for number, line in enumerate(reversed(mine[-3:])):
        who = line.receiver_label if line.sender == agent.key else name(line.sender or "")
        way = f"to {who}" if line.sender == agent.key else f"from {line.sender_label}"
        words = plain(line.body, 200)
        title = "latest messages (w shows all)" if number == 0 else ""
        yield title, "text", f"{age(fleet.at - line.at)} ago {way}: {words}"
