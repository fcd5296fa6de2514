"""Bring a terminal of the person at the screen to the pane of an agent.

Rules of this file:

* The agent and its pane are proved in the moment of going there, by the processes of that moment;
  what an entry or a snapshot says about its pane is a claim.
* All is resolved before anything is changed, so a refusal has changed nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oxtail.app.present import present
from oxtail.core.jump import (
    NOT_PROVED,
    PANE_GONE,
    REFUSALS,
    Scene,
    Spot,
    Terminal,
    attach_command,
    choose,
)
from oxtail.core.plain import plain
from oxtail.core.value import Value
from oxtail.errors import JumpRefused, PaneError

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.core.fleet_agent import Agent


class Jump(Value):
    """A pane of an agent, and the terminal that shows it now.

    Attributes:
        agent: The agent, by its key.
        spot: What is shown: its pane, or the dock in its window.
        terminal: Which terminal shows it; None where none had to be moved.
        is_done: False after a dry run.
    """

    agent: str
    spot: Spot
    terminal: Terminal | None
    is_done: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Return the members that apply."""
        return {
            "schema_version": 1,
            "ok": True,
            "agent": self.agent,
            "tmux_pane": self.spot.pane_id,
            "tmux_window": self.spot.window_id,
            "tmux_session": self.spot.session,
            "tmux_session_id": self.spot.session_id,
            "client": self.terminal.name if self.terminal else None,
            "dry_run": not self.is_done,
        }


def jump(
    ctx: Context,
    agent: Agent,
    *,
    client: str | None = None,
    dry_run: bool = False,
    dock: bool = False,
) -> Jump:
    """Show the pane of *agent* in a terminal; see :func:`oxtail.core.jump.choose` for which one.

    Args:
        ctx: The context of whoever looks at the fleet.
        agent: The agent.
        client: The name of the terminal that is to go there.
        dry_run: Resolve everything and change nothing.
        dock: This program is a dock.  An agent in the dock's own tmux session is then shown there,
            with the dock of its window in front, and no terminal goes to another session.

    Raises:
        AgentGone, AgentDead, AgentReplaced: the agent does not run any more.
        JumpRefused: nothing was changed; ``reason`` is one of :data:`oxtail.core.jump.REFUSALS`,
            ``command`` shows the pane in another terminal, ``clients`` are those to choose from.
        PaneError: tmux failed; ``command`` as above, once the pane was found.
        StoreError: the registry cannot be read.
    """
    scene, spot = _find(ctx, agent)
    if dock and client is None and spot.session_id in scene.own_sessions:
        shown, terminal = scene.dock_of(spot) or spot, None
    else:
        shown, terminal = spot, choose(scene, spot, client)
    if not dry_run:
        try:
            ctx.terminals.show(shown._replace(session_id=spot.session_id), terminal)
        except PaneError as error:
            error.fields["command"] = attach_command(spot, scene.socket)
            raise
    return Jump(agent.key, shown, terminal, is_done=not dry_run)


def whereabouts(ctx: Context, agent: Agent) -> Spot:
    """Return the pane of *agent*, proved by the processes of this moment; changes nothing.

    Raises:
        AgentGone, AgentDead, AgentReplaced: the agent does not run any more.
        JumpRefused: no pane is proved to be its own.
        PaneError: tmux failed.
        StoreError: the registry cannot be read.
    """
    return _find(ctx, agent)[1]


def _find(ctx: Context, agent: Agent) -> tuple[Scene, Spot]:
    counted = present(ctx, agent)
    pid = counted.entry.server_pid
    # Without a signature of its start another process may have the pid unnoticed.
    hosts = dict(ctx.panes.hosts([pid]).hosts) if counted.is_proved else {}
    host = hosts.get(pid)
    if host is None:
        raise _refused(NOT_PROVED, agent)
    scene = ctx.terminals.scene()
    spot = scene.spot_of(host.pane_id, host.pane_pid)
    if spot is None:
        raise _refused(PANE_GONE, agent)
    return scene, spot


def _refused(reason: str, agent: Agent) -> JumpRefused:
    return JumpRefused(
        f"{plain(agent.label)}: {REFUSALS[reason]}", reason=reason, command=None, clients=[]
    )
