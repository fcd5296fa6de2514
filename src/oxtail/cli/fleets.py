"""What the verbs about a fleet share: how it is looked at."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from oxtail.app.fleet import Collector

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.cli.parser import Options
    from oxtail.core.fleet import Fleet


def fleet_of(ctx: Context, options: Options) -> Fleet:
    """Return the fleet that *options* mean, as far as choosing an agent needs it."""
    collector = Collector(
        ctx,
        project_root=os.path.abspath(options.project) if options.project else None,
        everywhere=options.everywhere,
        activity=False,
    )
    return collector.look(comms=0)
