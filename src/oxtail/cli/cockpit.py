"""``oxtail cockpit``: the fleet on one screen; where there is no terminal, once as text."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from oxtail.app.fleet import Collector
from oxtail.cli.fleet_status import examiner
from oxtail.cli.fleet_table import table, terminal_width
from oxtail.cli.opening import looking
from oxtail.cli.output import Outcome, Output
from oxtail.errors import ExtraMissing
from oxtail.wiring import lifecycle

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.cli.parser import Options
    from oxtail.cockpit.app import Cockpit

COMMS_SHOWN = 200
"""Messages that the cockpit has at hand."""

MISSING = "the package textual is not installed: pip install 'oxtail[cockpit]'"


def _has_terminal() -> bool:
    try:
        return os.isatty(0) and os.isatty(1) and sys.stdin is not None and sys.stdout is not None
    except OSError:
        return False


def collector(options: Options, ctx: Context) -> Collector:
    """Return what looks at the fleet that *options* ask for."""
    return Collector(
        ctx,
        project_root=os.path.abspath(options.project) if options.project else None,
        everywhere=options.everywhere,
        examine=None if options.no_doctor else examiner(ctx),
    )


def application(options: Options, *, reads_only: bool = False) -> Cockpit:
    """Return the cockpit that *options* ask for.

    Raises:
        ExtraMissing: Textual is not installed.
    """
    try:
        from oxtail.cockpit.acting import ContextActions
        from oxtail.cockpit.feed import Source
        from oxtail.cockpit.living import MeansLife
        from oxtail.cockpit.run import build
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] in ("textual", "rich"):
            raise ExtraMissing(MISSING) from error
        raise
    from oxtail.disk.layout import Layout
    from oxtail.disk.stamp import stamp

    ctx = looking(options)
    looks = collector(options, ctx)
    layout = Layout(ctx.settings.home)
    source = Source(lambda: looks.look(comms=COMMS_SHOWN), lambda: stamp(layout), ctx.trace)
    actions = ContextActions(lambda: looking(options), options.client)
    life = MeansLife(
        lambda: lifecycle(ctx.settings),
        lambda: looking(options),
        os.path.abspath(options.project) if options.project else os.getcwd(),
    )
    return build(
        source, actions, dock=options.dock, light=options.light, reads_only=reads_only, life=life
    )


def run(options: Options, output: Output) -> Outcome:
    """Show the fleet until a person quits."""
    if output.as_json or not _has_terminal():
        fleet = collector(options, looking(options)).look()
        return Outcome(fleet.as_dict(), table(fleet, terminal_width()))
    from_screen = application(options)
    from oxtail.cockpit.run import run as run_on_terminal

    return output.ended(run_on_terminal(from_screen))
