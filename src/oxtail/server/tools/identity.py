"""Tools about the caller itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oxtail.app import identity as app_identity

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.server.calls import Call


def register_my_session(ctx: Context, call: Call, arguments: dict[str, Any]) -> None:
    """Claim a session id and answer with the whole entry."""
    entry = app_identity.claim(ctx, **arguments)
    shown = {
        "server_pid": entry.server_pid,
        "started_at": entry.started_at,
        "tmux_session": entry.tmux_session,
        "client": entry.client._asdict(),
    }
    if entry.name:
        shown["name"] = entry.name
    call.answer({"schema_version": 1, "ok": True, "entry": shown})


def claim_session(ctx: Context, call: Call, arguments: dict[str, Any]) -> None:
    """Claim a session id and answer briefly."""
    entry = app_identity.claim(ctx, **arguments)
    members = {
        "schema_version": 1,
        "ok": True,
        "session_id": entry.client.session_id,
        "transcript_path": entry.client.transcript_path,
    }
    if entry.name:
        members["name"] = entry.name
    call.answer(members)


def get_my_session(ctx: Context, call: Call, arguments: dict[str, Any]) -> None:  # noqa: ARG001 - one shape for all tools
    """Answer with the own entry and how its identity was found."""
    call.answer(app_identity.describe(ctx))


def set_my_state(ctx: Context, call: Call, arguments: dict[str, Any]) -> None:
    """Show a purpose to the peers."""
    state = app_identity.set_purpose(ctx, arguments.get("purpose"))
    call.answer({"schema_version": 1, "ok": True, "state": state._asdict()})
