"""The tool that the client's hooks call: events in, hook output out; listed nowhere.

It fails open as the command does: whatever happens, the answer is a hook's output, and an empty one
leaves the agent's turn as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oxtail.app.hook import LOCK_BUDGET_MS, handle
from oxtail.core.hook import CLAUDE, CODEX, parse
from oxtail.errors import NotEmitted, OxtailError
from oxtail.server.calls import CallState

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.server.calls import Call


def hook(ctx: Context, call: Call, arguments: dict[str, Any]) -> None:
    """Handle one event, and learn from it what the client calls the session."""
    name, client = arguments.get("event"), arguments.get("client")
    members = {key: value for key, value in arguments.items() if key not in ("event", "client")}
    try:
        event = parse(
            name if isinstance(name, str) else "", CODEX if client == CODEX else CLAUDE, members
        )
        # A client that names the session on the call itself has been believed already.
        if call.request.caller is None and not event.is_subagent:
            ctx.session.named_by_hook(event.session_id)
        hurried = ctx._replace(store=ctx.store.hurried(LOCK_BUDGET_MS))
        drained = handle(hurried, event, call.answer)
    except NotEmitted:
        raise
    except OxtailError as error:
        ctx.trace("hook_failed", hook_event=name, code=error.code, error=error.message)
        call.answer({})
        return
    if drained.messages:
        call.showed(drained)
    elif call.state is CallState.OPEN:
        call.answer({})
