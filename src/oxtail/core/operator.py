"""Messages of the person at the screen: whom they mean, and what they say.

The rule: a target names one agent of the fleet that was looked at, or nobody; nothing is guessed.
Where such a message comes from is said in the message (``origin``), and that is provenance, not
authentication: any program of the same user could say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.address import TARGET_MAX_CHARS
from oxtail.errors import AmbiguousTarget, BadArgument, TargetNotFound, TooManyReceivers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oxtail.core.fleet import Fleet
    from oxtail.core.fleet_agent import Agent

ORIGIN: Final = "operator"
SOURCE: Final = "oxpit"
"""What a message of an operator says of its origin; the word that npm peers know."""

NUDGE: Final = (
    "A nudge from the operator: look into your inbox and at your open work, and go on with what "
    "you have."
)
"""The whole message of a nudge."""

BROADCAST_CAP: Final = 10
"""Most receivers of a broadcast, unless told otherwise."""


def _ways(target: str) -> tuple[Callable[[Agent], bool], ...]:
    """Return the tests that *target* is tried with, in order."""
    return (
        lambda agent: target in (agent.session_id, agent.key),
        lambda agent: target == agent.short_id,
        lambda agent: target in (agent.name, agent.label, agent.window_name),
    )


def choose(fleet: Fleet, target: str) -> Agent:
    """Return the agent of *fleet* that *target* names, in the background or not.

    It is tried as an id, as a short id, and then as a name, a label or the name of a window; the
    first kind that matches decides.  An agent that runs goes before those that do not.

    Raises:
        TargetNotFound: it names nobody.
        AmbiguousTarget: it names several; ``candidates`` has their session ids, or ``pid:`` and the
            pid of those that have said none.
        BadArgument: it is empty or too long.
    """
    if not 0 < len(target) <= TARGET_MAX_CHARS:
        raise BadArgument("target", f"must have 1 to {TARGET_MAX_CHARS} characters")
    for answers in _ways(target):
        found = [each for each in (*fleet.agents, *fleet.background) if answers(each)]
        meant = [each for each in found if not each.is_dead] or found
        if len(meant) > 1:
            raise AmbiguousTarget(
                "Several agents of the fleet answer to this target.",
                candidates=sorted(each.key for each in meant),
            )
        if meant:
            return meant[0]
    raise TargetNotFound("No agent of the fleet answers to this target.")


def receivers(
    fleet: Fleet, *, cap: int = BROADCAST_CAP, include_self: bool = False
) -> Sequence[Agent]:
    """Return who gets a broadcast: agents in the foreground that run and have said who they are.

    Args:
        fleet: The fleet.
        cap: Most receivers.
        include_self: Whether whoever looks at the fleet is one of them.

    Raises:
        TooManyReceivers: there are more than *cap*.
        TargetNotFound: there is nobody.
    """
    found = [
        each
        for each in fleet.agents
        if each.session_id and not each.is_dead and (include_self or not each.is_self)
    ]
    if not found:
        raise TargetNotFound("No agent of the fleet runs, has said who it is, and is not you.")
    if len(found) > cap:
        raise TooManyReceivers(count=len(found), cap=cap)
    return found
