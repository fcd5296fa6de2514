"""Look again at an agent of a fleet in the moment in which something is done with it.

A snapshot is seconds old, and its agent may have ended since, or another process may have its pid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.fleet_facts import one_per_session
from oxtail.core.liveness import Life
from oxtail.errors import AgentDead, AgentGone, AgentReplaced

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.core.census import Counted
    from oxtail.core.fleet_agent import Agent


def present(ctx: Context, agent: Agent) -> Counted:
    """Return the registry entry of *agent* as it is now; its process runs.

    An agent that has said who it is is looked for by its session id, or the one that it goes by
    now; any other by its process.

    Raises:
        AgentGone: there is no entry of it any more.
        AgentDead: its process has ended.
        AgentReplaced: its pid belongs to another process.
        StoreError: the registry cannot be read.
    """
    found = _entry_of(ctx, agent)
    if found is None:
        raise AgentGone(agent=agent.key)
    if found.life is Life.REUSED:
        raise AgentReplaced(agent=agent.key, server_pid=found.entry.server_pid)
    if found.life is Life.EXITED:
        raise AgentDead(agent=agent.key, server_pid=found.entry.server_pid)
    return found


def _entry_of(ctx: Context, agent: Agent) -> Counted | None:
    counted = ctx.registry.census().counted
    if agent.session_id is None:
        by_pid = (each for each in counted if each.entry.server_pid == agent.server_pid)
        return next(by_pid, None)
    lineage = ctx.lineage
    now = lineage.heir(agent.session_id)
    ids = {agent.session_id, now, *lineage.former(now)}
    named = [each for each in counted if each.entry.session_id in ids]
    heirs = dict.fromkeys(ids, now)
    return next(iter(one_per_session(named, heirs)), None)
