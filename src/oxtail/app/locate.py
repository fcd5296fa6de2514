"""From a target to the one peer that is meant, in the caller's project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.address import resolve
from oxtail.core.entry import Entry
from oxtail.core.scope import same_project
from oxtail.errors import CrossProject, SelfSend, TargetNotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.app.context import Context
    from oxtail.core.entry import Known
    from oxtail.core.envelope import Envelope
    from oxtail.core.remote import Neighbor, Peer


def project_test(ctx: Context) -> Callable[[str], bool]:
    """Return the test whether a folder belongs to the project of the caller."""
    own = ctx.session.entry.client.cwd

    def in_project(cwd: str) -> bool:
        return cwd == own or same_project(ctx.projects.place(own), ctx.projects.place(cwd))

    return in_project


def project_key(ctx: Context, peer: Entry | Known) -> str | None:
    """Return what the project of a session of this host is called between hosts, or None.

    That is the name that its user has given it, else that of its repository.
    """
    return peer.project or ctx.projects.key(
        peer.client.cwd if isinstance(peer, Entry) else peer.cwd
    )


def locate(ctx: Context, target: str) -> Entry | Known:
    """Return the running peer, or the session known to return, that *target* names on this host.

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


def find(ctx: Context, target: str) -> Peer:
    """Return the session that *target* names, on this host or else on another one.

    ``<target>@<host>`` names one on that host.

    Raises:
        TargetError, BadArgument: as for :func:`locate`.
    """
    try:
        return locate(ctx, target)
    except (TargetNotFound, CrossProject, SelfSend):
        neighbor = _elsewhere(ctx, target) if ctx.hosts.are_known() else None
        if neighbor is None:
            raise
        return neighbor


def _elsewhere(ctx: Context, target: str) -> Neighbor | None:
    from oxtail.core.neighbors import choose

    return choose(target, ctx.hosts.neighbors(), project_key(ctx, ctx.session.entry))


def find_sender(ctx: Context, original: Envelope) -> Peer:
    """Return the session that sent *original*; one on another host only there.

    Raises:
        TargetError, BadArgument: as for :func:`locate`.
    """
    sender = original.from_session_id or ""
    if not any(name == "from_host" for name, _ in original.extra):
        return find(ctx, sender)
    from oxtail.core.remote import origin_host

    host = origin_host(original)
    neighbor = on_host(ctx, host, sender) if host else None
    if neighbor is None:
        raise TargetNotFound("The host that sent this message has not been heard of for a week.")
    return neighbor


def on_host(ctx: Context, host: str, session_id: str) -> Neighbor | None:
    """Return the session *session_id* of *host*, or None if that host is not known any more.

    A former id stands for the session that goes on for it; a session that its host speaks of no
    more is one that does not run.
    """
    name, can = host, None
    for neighbor in ctx.hosts.neighbors():
        if neighbor.host_id != host:
            continue
        if neighbor.session.went_by(session_id):
            return neighbor
        name, can = neighbor.host_name, neighbor.can
    if can is None and host not in ctx.hosts.hosts():
        return None
    from oxtail.core.remote import Neighbor, RemoteSession

    gone = RemoteSession(session_id, is_live=False)
    return Neighbor(host, name, gone, is_live=False, can=can or ())
