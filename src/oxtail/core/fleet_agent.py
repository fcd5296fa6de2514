"""One agent of a fleet, as a snapshot shows it.

Belongs here: frozen values and how programs see them.  Never here: what decides them; that is in
:mod:`oxtail.core.snapshot`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oxtail.core.graph import SHORT_ID_CHARS
from oxtail.core.liveness import Liveness, Verdict
from oxtail.core.value import Value

if TYPE_CHECKING:
    from oxtail.core.activity import Tool
    from oxtail.core.fleet_facts import Alert
    from oxtail.core.waits import Wait


class Obligation(Value):
    """Open work that an agent owes.

    Attributes:
        message_id: The delegation.
        requester: Who gave it, or None.
        requester_label: The same for people.
        state: ``open`` or ``closing``.
        since: When it was given, in unix seconds.
        deadline: When it is due, in unix seconds, or None.
        overdue: Whether that has passed.
        text: The beginning of what is to be done.
    """

    message_id: str
    requester: str | None
    requester_label: str
    state: str
    since: int
    deadline: int | None
    overdue: bool
    text: str


class Waiting(Value):
    """A wait of an agent, with what people call the one it waits for.

    Attributes:
        wait: The wait.
        label: Who is waited for.
        in_cycle: Whether it is part of a circle of waits.
        cycle_all_live: Whether that is a circle in which everybody runs.
        deadlocked: Whether that is a deadlock.
    """

    wait: Wait
    label: str
    in_cycle: bool = False
    cycle_all_live: bool = False
    deadlocked: bool = False


class Agent(Value):
    """One agent.

    Attributes:
        key: What names it from one snapshot to the next: its session id, or ``pid:`` and its pid.
        label: What people call it; unique in the fleet.
        verdict: Its liveness, and why.
        waits: All its waits, the worst first.
        proc_sig: ``ok``, ``reused`` or ``unknown``.
        hooks_say: ``busy``, ``idle``, ``stale`` or ``unknown``.
        findings: What doctor found about its files.
        held: How many messages for it a policy holds; a person has to let them through.
        tail: What its client says of the turn that goes on, if its pane shows one.
        window_shown: Whether somebody looks at its window; None where that is not known.

    The others are those of ``docs/reference/fleet.md``.
    """

    key: str
    session_id: str | None
    short_id: str
    name: str | None
    label: str
    window_name: str | None
    client_type: str
    server_pid: int | None
    cwd: str
    is_self: bool
    verdict: Verdict
    transcript_age_s: int | None
    transcript_path: str | None
    proc_sig: str
    pane_activity_age_s: int | None
    pane_activity_at: int | None
    purpose: str | None
    purpose_age_s: int | None
    purpose_stale: bool
    possibly_stalled: bool
    awaiting_human: bool
    hooks_say: str
    tool: Tool | None
    unread: int
    unread_sure: bool
    obligations: tuple[Obligation, ...]
    waits: tuple[Waiting, ...]
    tmux_pane: str | None
    tmux_session: str | None
    window_index: int | None
    findings: tuple[Alert, ...] = ()
    tail: str | None = None
    held: int = 0
    window_shown: bool | None = None

    @property
    def is_dead(self) -> bool:
        """Whether it does not run."""
        return self.verdict.liveness is Liveness.DEAD

    @property
    def overdue(self) -> int:
        """How much of its open work is past its deadline."""
        return sum(each.overdue for each in self.obligations)

    def as_dict(self, at: float) -> dict[str, Any]:
        """Return the members for programs."""
        return {
            "session_id": self.session_id,
            "short_id": self.short_id,
            "name": self.name,
            "label": self.label,
            "window_name": self.window_name,
            "client_type": self.client_type,
            "server_pid": self.server_pid,
            "cwd": self.cwd,
            "is_self": self.is_self,
            "liveness": self.verdict.liveness.value,
            "liveness_reason": self.verdict.reason.value,
            "liveness_why": self.verdict.why,
            "transcript_age_s": self.transcript_age_s,
            "transcript_path": self.transcript_path,
            "proc_sig": self.proc_sig,
            "pane_activity_age_s": self.pane_activity_age_s,
            "pane_activity_at": self.pane_activity_at,
            "purpose": self.purpose,
            "purpose_age_s": self.purpose_age_s,
            "purpose_stale": self.purpose_stale,
            "possibly_stalled": self.possibly_stalled,
            "awaiting_human": self.awaiting_human,
            "hooks_say": self.hooks_say,
            "activity": _tool(self.tool),
            "unread": self.unread,
            "unread_confidence": "high" if self.unread_sure else "low",
            "held": self.held,
            "open_work": len(self.obligations),
            "overdue_work": self.overdue,
            "obligations": [each._asdict() for each in self.obligations],
            "waiting": _waiting(self.waits[0], at) if self.waits else None,
            "waits": [_waiting(each, at) for each in self.waits],
            "tmux_pane": self.tmux_pane,
            "tmux_session": self.tmux_session,
            "window_index": self.window_index,
            "tail": self.tail,
            "findings": [each._asdict() for each in self.findings],
        }


def _tool(tool: Tool | None) -> dict[str, Any] | None:
    if tool is None:
        return None
    return {"tool": tool.family.value, "tool_raw": tool.name, "tool_running": tool.running}


def _waiting(waiting: Waiting, at: float) -> dict[str, Any]:
    wait = waiting.wait
    return {
        "target_session_id": wait.target,
        "target_short_id": wait.target[:SHORT_ID_CHARS] if wait.target else None,
        "target_label": waiting.label,
        "age_s": max(int(at) - wait.since, 0),
        "orphaned": wait.orphan is not None,
        "in_cycle": waiting.in_cycle,
        "cycle_all_live": waiting.cycle_all_live,
        "repoke_attempts": wait.attempts,
        "kind": wait.kind.value,
        "stage": wait.stage.value,
        "message_id": wait.message_id,
        "deadline": wait.deadline,
        "overdue": wait.overdue,
        "orphan": wait.orphan.value if wait.orphan else None,
        "deadlocked": waiting.deadlocked,
    }
