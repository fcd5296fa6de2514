"""What people call the agents of a fleet: short, safe to show, and each label once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from oxtail.core.graph import SHORT_ID_CHARS
from oxtail.core.liveness import Life
from oxtail.core.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from oxtail.core.fleet_facts import AgentFacts

LABEL_MAX_CHARS: Final = 40
"""Longest name that a label is made of."""

_TELLING_CHARS: Final = 4
"""How much of a short id tells apart agents of one name."""


def short_id(session_id: str | None, pid: int | None) -> str:
    """Return the beginning of a session id, or which process it is."""
    return plain(session_id[:SHORT_ID_CHARS]) or "?" if session_id else f"pid:{pid}"


def labels_of(agents: Sequence[AgentFacts]) -> dict[str, str]:
    """Return the label of each agent by its key.

    A chosen name goes before the name of the window.  A name that several agents have is followed
    by the beginning of the id, and one that runs keeps it before one that does not.
    """
    names = {}
    for agent in agents:
        window = agent.pane.window if agent.pane else ""
        names[agent.key] = plain(agent.name or window, LABEL_MAX_CHARS)
    times = Counter(names.values())
    found: dict[str, str] = {}
    taken: set[str] = set()
    for agent in sorted(agents, key=lambda each: (each.life is not Life.RUNNING, each.key)):
        key, name = agent.key, names[agent.key]
        short = short_id(agent.session_id, agent.server_pid)
        shared = name and times[name] > 1
        label = f"{name}·{short[:_TELLING_CHARS]}" if shared else name or short
        # The beginnings of two ids may be alike.
        tries = (label, f"{name}·{short}" if name else short, plain(key))
        chosen = next((each for each in tries if each not in taken), "")
        number = 2
        while not chosen or chosen in taken:
            chosen = f"{label}#{number}"
            number += 1
        taken.add(chosen)
        found[key] = chosen
    return found


def labeller(labels: Mapping[str, str]) -> Callable[[str], str]:
    """Return what gives the label of a session, also of one that is not in the fleet."""

    def label(session_id: str) -> str:
        return labels.get(session_id) or short_id(session_id, None)

    return label
