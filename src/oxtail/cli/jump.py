"""``oxtail jump``: show an agent's pane in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.app.jump import jump
from oxtail.cli.fleets import fleet_of
from oxtail.cli.opening import looking
from oxtail.cli.output import Outcome, Output, one_line
from oxtail.core.operator import choose

if TYPE_CHECKING:
    from oxtail.cli.parser import Options


def run(options: Options, output: Output) -> Outcome:  # noqa: ARG001 - as all verbs
    """Go there, or say where that is."""
    ctx = looking(options)
    agent = choose(fleet_of(ctx, options), options.target)
    done = jump(ctx, agent, client=options.client, dry_run=options.dry_run)
    spot = done.spot
    where = f"pane {spot.pane_id} of tmux session {one_line(spot.session)}"
    name = one_line(done.terminal.name) if done.terminal else "no terminal"
    verb = "would show" if options.dry_run else "shows"
    return Outcome(done.as_dict(), f"{name} {verb} {agent.label}: {where}")
