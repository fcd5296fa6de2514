"""The agents of a fleet in the order in which they need somebody.

The rule: a pure order and nothing else.  It leaves nobody out, and among agents that need the same
it keeps the stable order of the fleet.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from oxtail.core.trouble import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oxtail.core.fleet_agent import Agent
    from oxtail.core.trouble import Trouble


class Need(enum.IntEnum):
    """What is the worst about an agent; what a person has acknowledged counts no more."""

    DEADLOCK = 0
    """It is part of a deadlock."""

    ORPHAN = 1
    """It has part in a wait that nobody will end."""

    STRANDED = 2
    """It does not run and has mail or owes work, or its work is past its deadline."""

    AWAITING = 3
    """It waits for a person, or a person has to let its mail through."""

    NOTHING = 4
    """None of these."""


_NEEDS: Final = {
    Kind.DEADLOCK: Need.DEADLOCK,
    Kind.ORPHANED_WAIT: Need.ORPHAN,
    Kind.STRANDED_WORK: Need.STRANDED,
    Kind.STRANDED_MAIL: Need.STRANDED,
}


def needs(agents: Iterable[Agent], troubles: Iterable[Trouble]) -> dict[str, Need]:
    """Return the worst need of each of *agents*, by key."""
    found: dict[str, Need] = {}
    for trouble in troubles:
        if trouble.is_open:
            need = _NEEDS[trouble.kind]
            for key in trouble.agents:
                found[key] = min(need, found.get(key, need))
    return {each.key: min(_own(each), found.get(each.key, Need.NOTHING)) for each in agents}


def _own(agent: Agent) -> Need:
    if agent.overdue:
        return Need.STRANDED
    return Need.AWAITING if agent.awaiting_human or agent.held else Need.NOTHING


def trouble_first(agents: tuple[Agent, ...], troubles: Iterable[Trouble]) -> tuple[Agent, ...]:
    """Return all of *agents*, those first that need somebody most; else in the given order."""
    rank = needs(agents, troubles)
    return tuple(sorted(agents, key=lambda agent: rank[agent.key]))
