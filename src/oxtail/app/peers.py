"""Who is here: the sessions of one project, from the registry; tmux only adds to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.app.locate import project_key
from oxtail.app.results import PeerRow, PeersResult
from oxtail.core.presence import classify
from oxtail.core.scope import contains, same_project
from oxtail.errors import PaneError

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.core.entry import Entry
    from oxtail.core.pane import Pane


def _row(ctx: Context, entry: Entry, pane: Pane | None) -> PeerRow:
    session_id = entry.session_id
    marker = ctx.presence.read(session_id) if session_id else None
    row = PeerRow(
        name=entry.name or session_id,
        path=entry.client.cwd,
        attached=False,
        created_at=entry.started_at,
        windows=0,
        client_type=entry.client.type,
        client_session_id=session_id,
        state=entry.state,
        peer_name=entry.name,
        presence=classify(marker, ctx.clock.now(), ctx.settings.busy_ttl_ms).value,
        is_me=entry.server_pid == ctx.session.entry.server_pid,
    )
    return _placed(row, pane) if pane else row._replace(name=entry.tmux_session or row.name)


def _placed(row: PeerRow, pane: Pane) -> PeerRow:
    return row._replace(
        name=pane.session,
        path=pane.session_path,
        attached=pane.attached,
        created_at=pane.created_at,
        windows=pane.windows,
    )


def list_peers(ctx: Context, project_root: str | None = None) -> PeersResult:
    """Return the sessions of the project at *project_root*, or of the caller's project.

    A session belongs to a project by its own working folder, wherever its terminal sits.  Where
    tmux cannot be asked, ``error`` says why and the rows of all agents are there all the same.

    Raises:
        StoreError: the registry could not be read.
    """
    here = ctx.projects.place(project_root or ctx.session.entry.client.cwd)
    if project_root:
        here = here._replace(root=here.cwd)
    panes: tuple[Pane, ...] = ()
    error = None
    try:
        panes = ctx.panes.list()
    except PaneError as problem:
        error = problem.message
    by_session = {pane.session: pane for pane in reversed(panes)}
    rows = []
    taken = set()
    for entry in ctx.registry.entries():
        place = ctx.projects.place(entry.client.cwd)
        if not (same_project(here, place) or contains(here, place)):
            continue
        pane = by_session.get(entry.tmux_session) if entry.tmux_session else None
        if entry.tmux_session:
            taken.add(entry.tmux_session)
        rows.append(_row(ctx, entry, pane))
    for name, pane in sorted(by_session.items()):
        if name in taken:
            continue
        paths = {pane.session_path, *(other.path for other in panes if other.session == name)}
        if any(contains(here, ctx.projects.place(path)) for path in paths):
            rows.append(_placed(PeerRow(name, pane.session_path, False, 0, 0), pane))
    if ctx.hosts.are_known():
        rows += _neighbors(ctx, project_root)
    return PeersResult(here.root, project_root is None, tuple(rows), error)


def _neighbors(ctx: Context, folder: str | None) -> list[PeerRow]:
    """Return the sessions of other hosts in the project of *folder*, or of the caller."""
    from oxtail.core.entry import State
    from oxtail.core.remote import fingerprint

    project = ctx.projects.key(folder) if folder else project_key(ctx, ctx.session.entry)
    found = []
    for neighbor in ctx.hosts.neighbors() if project else ():
        session = neighbor.session
        if session.project != project:
            continue
        row = PeerRow(
            name=session.name or session.session_id,
            path=session.cwd,
            attached=False,
            created_at=session.started_at,
            windows=0,
            client_type=session.client_type,
            client_session_id=session.session_id,
            state=State(session.purpose, session.purpose_at) if session.purpose else None,
            peer_name=session.name,
            presence=session.activity if neighbor.is_live else "stale",
            host=neighbor.host_name,
            host_id=neighbor.host_id,
            is_seen=neighbor.is_live,
            fingerprint=fingerprint(neighbor.key) if neighbor.key else None,
        )
        found.append(row)
    return sorted(found, key=lambda row: (not row.is_seen, row.host or "", row.name or ""))
