"""What a person has chosen to see: which agent, table or dock, what is folded.

The rule: a value and what becomes of it; a selection is a key of an agent, never a place in a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.trouble_order import trouble_first
from oxtail.core.value import Value

if TYPE_CHECKING:
    from oxtail.core.fleet import Fleet
    from oxtail.core.fleet_agent import Agent


TROUBLE_FIRST: Final = "trouble first"
"""How that order is called."""


class View(Value):
    """What is to be seen of a fleet.

    Attributes:
        selected: The key of the agent with the cursor, or None.
        dock: Whether the strip is shown instead of the table.
        shows_background: Whether agents in the background have rows.
        folds_dead: Whether agents that do not run share one line.
        trouble_first: Whether agents that need somebody come before the others.
    """

    selected: str | None = None
    dock: bool = False
    shows_background: bool = False
    folds_dead: bool = True
    trouble_first: bool = False

    @property
    def order(self) -> str:
        """The order of the agents in words; nothing for the stable one."""
        return TROUBLE_FIRST if self.trouble_first else ""


class Home(Value):
    """Where in tmux a strip is.

    Attributes:
        session: The name of its session.
        window_index: The place of its window there.
        is_strip: Whether its pane was made for a strip, and may be made smaller.
    """

    session: str
    window_index: int
    is_strip: bool


def at_home(view: View, fleet: Fleet, home: Home) -> View:
    """Return *view* with the cursor on the agent in the window of *home*; one that runs first."""
    there = [each for each in listed(fleet, view) if _is_in(each, home)]
    chosen = next((each for each in there if not each.is_dead), there[0] if there else None)
    return view._replace(selected=chosen.key) if chosen else view


def is_left(fleet: Fleet, home: Home) -> bool:
    """Tell whether nobody looks at the window of *home*, as its agents' panes say."""
    said = [each.window_shown for each in fleet.agents if _is_in(each, home)]
    return False in said and True not in said


def _is_in(agent: Agent, home: Home) -> bool:
    return (agent.tmux_session, agent.window_index) == (home.session, home.window_index)


def listed(fleet: Fleet, view: View) -> tuple[Agent, ...]:
    """Return the agents that have a row, in their order."""
    agents, background = _ordered(fleet, view)
    if view.folds_dead:
        agents = tuple(each for each in agents if not each.is_dead)
    return (*agents, *background) if view.shows_background else agents


def _ordered(fleet: Fleet, view: View) -> tuple[tuple[Agent, ...], tuple[Agent, ...]]:
    """Return the agents and those in the background, which stay below; each in their order."""
    if not view.trouble_first:
        return fleet.agents, fleet.background
    return (
        trouble_first(fleet.agents, fleet.troubles),
        trouble_first(fleet.background, fleet.troubles),
    )


def folded(fleet: Fleet, view: View) -> tuple[Agent, ...]:
    """Return the agents that share one line because they do not run."""
    return tuple(each for each in fleet.agents if each.is_dead) if view.folds_dead else ()


def settled(view: View, fleet: Fleet) -> View:
    """Return *view* with its selection on an agent that has a row: the same one, else the first."""
    keys = [each.key for each in listed(fleet, view)]
    if view.selected in keys:
        return view
    return view._replace(selected=keys[0] if keys else None)


def place(view: View, agents: tuple[Agent, ...]) -> int:
    """Return which of *agents* has the cursor; the first, if none has."""
    return next((i for i, each in enumerate(agents) if each.key == view.selected), 0)


def moved(view: View, fleet: Fleet, by: int, *, wraps: bool = True) -> View:
    """Return *view* with the cursor *by* rows further down, around the ends if it *wraps*."""
    agents = listed(fleet, view)
    if not agents:
        return view
    at = place(view, agents) + by
    at = at % len(agents) if wraps else min(max(at, 0), len(agents) - 1)
    return view._replace(selected=agents[at].key)


def next_in_trouble(view: View, fleet: Fleet) -> View:
    """Return *view* with the cursor on the next agent that something is wrong with, if any.

    Agents that are folded are unfolded for it.
    """
    wrong = {key for trouble in fleet.troubles if trouble.is_open for key in trouble.agents}
    agents, background = _ordered(fleet, view)
    everybody = (*agents, *background)
    at = place(view, everybody)
    for agent in (*everybody[at + 1 :], *everybody[: at + 1]):
        if agent.key in wrong:
            behind = agent in fleet.background
            return view._replace(
                selected=agent.key,
                folds_dead=view.folds_dead and not agent.is_dead,
                shows_background=view.shows_background or behind,
            )
    return view
