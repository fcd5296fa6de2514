"""Say who one is, and show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from oxtail.app.session import SURE_SOURCES
from oxtail.core.entry import NAME_MAX_CHARS, PURPOSE_MAX_CHARS, Entry, State
from oxtail.core.names import is_uuid_shape
from oxtail.errors import BadArgument, SessionIdTaken

if TYPE_CHECKING:
    from oxtail.app.context import Context

SESSION_ID_MAX_CHARS: Final = 200


def check_session_id(session_id: str, field: str = "session_id") -> str:
    """Return *session_id* if a session may be called so.

    Raises:
        BadArgument: it is empty, too long or holds control characters.
    """
    if not session_id or len(session_id) > SESSION_ID_MAX_CHARS:
        raise BadArgument(field, f"must have 1 to {SESSION_ID_MAX_CHARS} characters")
    if not session_id.isprintable():
        raise BadArgument(field, "must not hold control characters")
    return session_id


def check_name(name: str, field: str = "name") -> str:
    """Return *name* if a session may be called so.

    Raises:
        BadArgument: it is empty, too long, unprintable, or has the form of a session id.
    """
    if not name or len(name) > NAME_MAX_CHARS or not name.isprintable():
        raise BadArgument(field, f"must have 1 to {NAME_MAX_CHARS} printable characters")
    if is_uuid_shape(name):
        raise BadArgument(field, "must not look like a session id")
    return name


def claim(ctx: Context, session_id: str, *, name: str | None = None, force: bool = False) -> Entry:
    """Be *session_id* from now on; an explicit claim replaces what was detected.

    Args:
        ctx: The caller's context.
        session_id: The id that the client knows this session by.
        name: A name that peers may use as a target.
        force: Claim it although a live session in another process tree holds it.

    Raises:
        SessionIdTaken: somebody else holds it, and *force* is not set; nothing changed.
        BadArgument: an argument is malformed; nothing changed.
        StoreError: the entry could not be published.
    """
    check_session_id(session_id)
    if name is not None:
        check_name(name)
    holder = ctx.registry.holder(session_id)
    if holder and not force:
        raise SessionIdTaken(
            f"Session id {session_id} is held by a running {holder.client.type} session "
            f"(process {holder.server_pid}). Claim your own id; force takes it over.",
            holder_pid=holder.server_pid,
        )
    return ctx.session.claim(session_id, name)


def set_purpose(ctx: Context, purpose: str | None = None) -> State:
    """Show *purpose* to the peers; None keeps the text and renews its time.

    Raises:
        BadArgument: it has more than 200 characters.
        StoreError: the entry could not be published.
    """
    if purpose is not None and len(purpose) > PURPOSE_MAX_CHARS:
        raise BadArgument("purpose", f"must have at most {PURPOSE_MAX_CHARS} characters")
    return ctx.session.show(purpose)


def describe(ctx: Context) -> dict[str, Any]:
    """Return the own entry and how its identity was found, or why it was not.

    Runs detection once more first; a known identity does not change by that.
    """
    ctx.session.refresh()
    entry = ctx.session.entry
    client = entry.client
    diagnosis: dict[str, Any]
    if client.session_id:
        source = client.session_id_source or "self-register"
        diagnosis = {
            "per_strategy": {},
            "winning": {
                "session_id": client.session_id,
                "source": source,
                "confidence": "high" if source in SURE_SOURCES else "medium",
                "strategy": source,
            },
            "next_step": None,
        }
    elif client.type == "unknown":
        diagnosis = {"per_strategy": {}, "winning": None, "next_step": None}
    else:
        diagnosis = ctx.session.diagnose()
    return {
        "schema_version": 1,
        "entry": {
            "server_pid": entry.server_pid,
            "started_at": entry.started_at,
            "tmux_pane": entry.tmux_pane,
            "tmux_session": entry.tmux_session,
            "client": client._asdict(),
            "state": entry.state._asdict() if entry.state else None,
            **({"name": entry.name} if entry.name else {}),
        },
        "detect_diagnosis": diagnosis,
    }
