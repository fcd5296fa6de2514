"""Gather what a report of a fleet is made from; reads only, and takes no mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.app.fleet import Collector
from oxtail.app.history import log
from oxtail.app.ids import heir_of
from oxtail.report.facts import Past
from oxtail.report.story import MESSAGES_MAX

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.app.history import Filters
    from oxtail.core.history import Record


def past_of(ctx: Context, filters: Filters) -> Past:
    """Return the fleet as it is now, and what was said in it.

    A folder inside a project means the project.

    Raises:
        TargetNotFound, MessageNotFound, BadArgument, StoreError: as for
            :func:`oxtail.app.history.log`.
    """
    if filters.project:
        filters = filters._replace(project=ctx.projects.place(filters.project).root)
    fleet = Collector(ctx, project_root=filters.project, everywhere=filters.everywhere).look(
        comms=0
    )
    found = log(ctx, filters, limit=MESSAGES_MAX)
    return Past(
        fleet=fleet,
        records=found.records,
        heirs=_heirs(ctx, found.records),
        names=found.scope.names,
        older_left_out=found.is_cut,
        since=filters.since,
        until=filters.until,
        problems=found.problems,
    )


def _heirs(ctx: Context, records: tuple[Record, ...]) -> dict[str, str]:
    """Return the ids among *records* that were followed by another one."""
    named = {each.receiver for each in records}
    named |= {each.message.from_session_id for each in records}
    heirs = {each: heir_of(ctx, each) for each in named if each}
    return {former: heir for former, heir in heirs.items() if heir != former}
