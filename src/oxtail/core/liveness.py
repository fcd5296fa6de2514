"""Whether an agent works, idles or is gone, and which observation says so.

The rule: observed facts decide, in a fixed order, and the first that matches counts.  What an
agent says of itself is a caption.  A state always comes with its evidence.
"""

from __future__ import annotations

import enum
from typing import Final

from oxtail.core.value import Value

SKEW_SECONDS: Final = 2.0
"""How far in the future a time of change may lie; clocks of file systems differ a little."""


class Life(enum.Enum):
    """What is known of the process of a registry entry."""

    RUNNING = "running"
    """It is alive, and not provably another one."""

    EXITED = "exited"
    """There is no such process."""

    REUSED = "pid_reused"
    """Another process has its pid."""


class Liveness(enum.Enum):
    """What an agent does, in one word."""

    ACTIVE = "active"
    IDLE = "idle"
    DEAD = "dead"


class Reason(enum.Enum):
    """Which observation decided."""

    EXITED = "exited"
    PID_REUSED = "pid_reused"
    TRANSCRIPT_FRESH = "transcript_fresh"
    PANE_FRESH = "pane_fresh"
    TOOL_RUNNING = "tool_running"
    MARKED_BUSY = "marked_busy"
    NO_TRANSCRIPT = "no_transcript"
    IDLE = "idle"


class Limits(Value):
    """How long observations count, in seconds.

    Attributes:
        active: How long a transcript that was written to means work.
        stall: How long a busy pane or a tool that runs means work without a word written.
        caption: How much older than the transcript a purpose may be.
        busy: How long a busy marker is believed.
    """

    active: float = 20
    stall: float = 600
    caption: float = 120
    busy: float = 600


class Observed(Value):
    """What was observed of one agent.

    Attributes:
        life: Its process.
        transcript_age: Whole seconds since its transcript was written to, or None.
        pane_busy: Whether its verified pane shows that it works.
        tool_running: Whether its latest tool call has no result yet.
        busy_age: Seconds since its hooks said that it is busy, or None if they do not.
    """

    life: Life
    transcript_age: int | None = None
    pane_busy: bool = False
    tool_running: bool = False
    busy_age: float | None = None


class Verdict(Value):
    """The state of an agent, the observation that decided it, and that in words."""

    liveness: Liveness
    reason: Reason
    why: str


def age_of(at: float | None, now: float) -> int | None:
    """Return whole seconds from *at* to *now*, or None where *at* is unknown or in the future."""
    if at is None:
        return None
    age = now - at
    if not -SKEW_SECONDS <= age < float("inf"):
        return None
    return max(int(age), 0)


def decide(seen: Observed, limits: Limits) -> Verdict:
    """Return what *seen* amounts to; of several matching rules the first counts."""
    age = seen.transcript_age
    if seen.life is Life.EXITED:
        return Verdict(Liveness.DEAD, Reason.EXITED, "its process is gone")
    if seen.life is Life.REUSED:
        why = "another process has its process id"
        return Verdict(Liveness.DEAD, Reason.PID_REUSED, why)
    if age is not None and age <= limits.active:
        why = f"its transcript was written to {age} s ago, at most {limits.active:g} s"
        return Verdict(Liveness.ACTIVE, Reason.TRANSCRIPT_FRESH, why)
    is_recent = age is not None and age <= limits.stall
    if seen.pane_busy and is_recent:
        why = f"its pane shows that it works, and its transcript is {age} s old"
        return Verdict(Liveness.ACTIVE, Reason.PANE_FRESH, why)
    if seen.tool_running and is_recent:
        why = f"its tool call has no result yet, and its transcript is {age} s old"
        return Verdict(Liveness.ACTIVE, Reason.TOOL_RUNNING, why)
    if seen.busy_age is not None and 0 <= seen.busy_age < limits.busy:
        why = f"its hooks said that it is busy {int(seen.busy_age)} s ago"
        return Verdict(Liveness.ACTIVE, Reason.MARKED_BUSY, why)
    if age is None:
        why = "it runs, and nothing tells when it last worked: no transcript is known"
        return Verdict(Liveness.IDLE, Reason.NO_TRANSCRIPT, why)
    why = f"its transcript was last written to {age} s ago, and nothing says that it works"
    return Verdict(Liveness.IDLE, Reason.IDLE, why)
