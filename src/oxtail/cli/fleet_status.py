"""``oxtail status`` without a message: the fleet, once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from oxtail.app.acknowledge import acknowledge
from oxtail.app.fleet import Collector
from oxtail.cli.fleet_table import table, terminal_width
from oxtail.cli.opening import looking
from oxtail.cli.output import Outcome
from oxtail.core.fleet_facts import Alert

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oxtail.app.context import Context
    from oxtail.cli.parser import Options
    from oxtail.core.trouble import Trouble

WRONG: Final = 2
"""Exit status of a check that finds something wrong."""


def examiner(ctx: Context) -> Callable[[], Sequence[Alert]]:
    """Return what finds what doctor finds."""

    def examine() -> Sequence[Alert]:
        from oxtail.cli.doctor import findings_of

        return [Alert(*finding) for finding in findings_of(ctx.settings)]

    return examine


def _said(troubles: Sequence[Trouble]) -> str:
    if not troubles:
        return "nothing is wrong, so there is nothing to acknowledge"
    return "\n".join(["acknowledged:", *(f"  {trouble.text}" for trouble in troubles)])


def show(options: Options) -> Outcome:
    """Look at the fleet, acknowledge what is wrong if that is asked for, and tell."""
    ctx = looking(options)
    collector = Collector(
        ctx,
        project_root=os.path.abspath(options.project) if options.project else None,
        everywhere=options.everywhere,
        activity=not options.no_activity,
        examine=examiner(ctx) if options.doctor else None,
    )
    comms = options.limit if options.log else 0
    fleet = collector.look(comms=comms)
    said = ""
    members: dict[str, Any] = {}
    if options.ack:
        troubles = acknowledge(ctx, fleet, options.message_id)
        members["acknowledged"] = [trouble.as_dict() for trouble in troubles]
        said = _said(troubles) + "\n\n"
        fleet = collector.look(comms=comms)
    return Outcome(
        {**fleet.as_dict(comms=options.log), **members},
        said + table(fleet, options.width or terminal_width(), log=options.log),
        exit_status=WRONG if options.check and not fleet.healthy else 0,
    )
