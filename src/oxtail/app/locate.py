"""From a target to the one peer that is meant, in the caller's project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.address import resolve
from oxtail.core.scope import same_project
from oxtail.errors import CrossProject, TargetNotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.app.context import Context
    from oxtail.core.entry import Entry, Known


def project_test(ctx: Context) -> Callable[[str], bool]:
    """Return the test whether a folder belongs to the project of the caller."""
    own = ctx.session.entry.client.cwd

    def in_project(cwd: str) -> bool:
        return cwd == own or same_project(ctx.projects.place(own), ctx.projects.place(cwd))

    return in_project


def locate(ctx: Context, target: str) -> Entry | Known:
    """Return the running peer, or the session known to return, that *target* names.

    A target that goes by another id now leads to that one.

    Raises:
        TargetNotFound: nobody answers to it.
        AmbiguousTarget: several do; ``candidates`` has their session ids.
        CrossProject: it works in another project.
        SelfSend: it is the caller.
        BadArgument: it is empty or too long.
    """
    me, in_project = ctx.session.entry, project_test(ctx)
    try:
        return resolve(target, me, ctx.registry.answering(target), (), in_project)
    except (TargetNotFound, CrossProject):
        # The rest is read only here: most targets run, and this is the path of each send.
        heir = ctx.lineage.heir(target)
        known = ctx.registry.known()
        entries = ctx.registry.entries()
        return resolve(heir, me, entries, known, in_project, heir=ctx.lineage.heir)
