"""Tools that look at peers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oxtail.app import peers as app_peers
from oxtail.app import read_session as app_read_session
from oxtail.app.results import PeersResult, SessionText
from oxtail.errors import BadArgument, OxtailError

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.server.calls import Call


def list_project_sessions(ctx: Context, call: Call, arguments: dict[str, Any]) -> None:
    """Answer with the sessions of a project; a failure is a text in ``error``."""
    compact = arguments.pop("compact", False)
    try:
        result = app_peers.list_peers(ctx, **arguments)
    except BadArgument:
        raise
    except OxtailError as error:
        root = arguments.get("project_root")
        result = PeersResult(root or "", root is None, (), f"{error.code}: {error.message}")
    call.answer(result.as_dict(compact))


def read_session(ctx: Context, call: Call, arguments: dict[str, Any]) -> None:
    """Answer with what a session shows; a failure is a text in ``error``."""
    try:
        result = app_read_session.read_session(ctx, **arguments)
    except BadArgument:
        raise
    except OxtailError as error:
        root = arguments.get("project_root")
        result = SessionText(
            session=arguments["name"],
            mode="none",
            client_type=None,
            messages=None,
            pane_text=None,
            truncated=False,
            count_truncated=False,
            bytes_truncated=False,
            total_messages=None,
            total_messages_exact=False,
            project_root=root or "",
            inferred=root is None,
            error=f"{error.code}: {error.message}",
        )
    call.answer(result.as_dict())
