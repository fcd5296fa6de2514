"""``oxtail peers``: who is here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from oxtail.app.peers import list_peers
from oxtail.cli.opening import looking
from oxtail.cli.output import Outcome, Output, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.app.results import PeerRow, PeersResult
    from oxtail.cli.parser import Options

_HEAD = ("NAME", "CLIENT", "SESSION ID", "PRESENCE", "FOLDER", "PURPOSE")


def _columns(cell: str) -> int:
    """Return how many columns of a terminal *cell* takes."""
    if cell.isascii():
        return len(cell)
    # Agents wait for this verb, and few names need the tables of Unicode.
    from oxtail.core.plain import columns

    return columns(cell)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    sizes = [[_columns(cell) for cell in row] for row in rows]
    widths = [max(column) for column in zip(*sizes, strict=True)]
    return [
        "  ".join(
            cell + " " * (width - size)
            for cell, size, width in zip(row, taken, widths, strict=True)
        ).rstrip()
        for row, taken in zip(rows, sizes, strict=True)
    ]


def _cells(row: PeerRow, root: str) -> tuple[str, ...]:
    is_here = row.host_id is None and row.path.startswith("/")
    folder = os.path.relpath(row.path, root) if is_here else row.path
    name = row.peer_name or row.name
    purpose = row.state.purpose if row.state else None
    return tuple(
        one_line(text) if text else "-"
        for text in (
            f"{name} (me)" if name and row.is_me else name,
            row.client_type or "no agent",
            row.client_session_id,
            row.presence,
            folder,
            purpose,
        )
    )


def text_of(result: PeersResult) -> str:
    """Return the table of *result*."""
    if not result.rows:
        return f"no sessions in {one_line(result.project_root)}"
    head = f"{one_line(result.project_root)}:"
    table = [_HEAD, *(_cells(row, result.project_root) for row in result.rows)]
    if any(row.host_id for row in result.rows):
        hosts = ["HOST", *(_host(row) for row in result.rows)]
        table = [(*cells[:3], host, *cells[3:]) for cells, host in zip(table, hosts, strict=True)]
    return "\n".join([head, *_table(table), *_keys(result.rows)])


def _keys(rows: Sequence[PeerRow]) -> list[str]:
    """Return what people of two hosts compare to know that nobody stands between them."""
    hosts = {row.host_id: row for row in rows if row.fingerprint}
    return [
        f"key of host {one_line(row.host or '')} ({host_id}): {row.fingerprint}"
        for host_id, row in hosts.items()
    ]


def _host(row: PeerRow) -> str:
    """Return where the session of *row* is, and whether it is known to be there now."""
    if row.host_id is None:
        return "this one"
    return one_line(row.host or row.host_id) + ("" if row.is_seen else " (not seen lately)")


def run(options: Options, output: Output) -> Outcome:  # noqa: ARG001 - as all verbs
    """List the sessions."""
    project = os.path.abspath(options.project) if options.project else None
    ctx = looking(options)
    result = list_peers(ctx, project)
    remark = f"tmux could not be asked: {result.error}" if result.error else None
    return Outcome(result.as_dict(compact=options.compact), text_of(result), remark=remark)
