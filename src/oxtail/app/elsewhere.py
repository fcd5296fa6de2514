"""Sessions of other hosts, as those need them who look at waits and fleets of this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.waits import Standing

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.core.remote import Neighbor


def neighbors(ctx: Context) -> tuple[Neighbor, ...]:
    """Return the sessions of other hosts; none where there are no other hosts."""
    return ctx.hosts.neighbors() if ctx.hosts.are_known() else ()


def standings(ctx: Context) -> dict[str, Standing]:
    """Return what can be expected of each of them."""
    return {
        each.session_id: Standing.RUNNING if each.is_live else Standing.AWAY
        for each in neighbors(ctx)
    }


def names(ctx: Context) -> dict[str, str]:
    """Return what people call them."""
    return {each.session_id: each.name for each in neighbors(ctx) if each.name}


def heirs(ctx: Context) -> dict[str, str]:
    """Return their former ids, and the ids that they go by now."""
    return {former: each.session_id for each in neighbors(ctx) for former in each.session.former}
