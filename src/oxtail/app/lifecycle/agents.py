"""The fleet of an agent that somebody points at.

The rule: its pane is proved by the processes of this moment.  The pane that a snapshot names may be
another agent's by now, so it decides nothing; and an agent that does not run has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.app.jump import whereabouts
from oxtail.app.lifecycle.plans import Aim, described, root_of

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.app.lifecycle.plans import Means
    from oxtail.core.fleet_agent import Agent
    from oxtail.core.fleet_spec import FleetSpec


def aim_at_pane(means: Means, ctx: Context, agent: Agent) -> Aim:
    """Return the aim of closing the window of *agent*.

    Raises:
        AgentGone, AgentDead, AgentReplaced: the agent does not run any more.
        JumpRefused: no pane is proved to be its own.
        PaneError: tmux failed.
        StoreError: the registry cannot be read.
    """
    spot = whereabouts(ctx, agent)
    return Aim(root_of(means, agent.cwd), spot.session, window=spot.pane_id)


def aim_at_fleet(means: Means, ctx: Context, agent: Agent, spec: FleetSpec | None = None) -> Aim:
    """Return the aim of a run on the whole tmux session of *agent*, in the agent's own project.

    Args:
        means: What to act with.
        ctx: The context of whoever looks at the fleet.
        agent: The agent.
        spec: What the fleet is to be; what the file of its project says, without.

    Raises:
        FileTrouble, BadFleet: see :func:`oxtail.app.lifecycle.plans.described`.
        AgentGone, AgentDead, AgentReplaced, JumpRefused, PaneError: see :func:`aim_at_pane`.
    """
    spot = whereabouts(ctx, agent)
    if spec is not None:
        return Aim(root_of(means, agent.cwd), spot.session, spec)
    found = described(means, agent.cwd)
    return Aim(found.root, spot.session, found.spec)
