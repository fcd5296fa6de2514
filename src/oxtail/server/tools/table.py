"""Which function does the work of which tool in :mod:`oxtail.server.catalog`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from oxtail.server.tools import hook, identity, messages, peers, work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from oxtail.app.context import Context
    from oxtail.server.calls import Call

Run: TypeAlias = "Callable[[Context, Call, dict[str, Any]], None]"
"""Does the work of a call and answers it; the arguments are checked and may be changed."""

RUN: Final[Mapping[str, Run]] = {
    "list_project_sessions": peers.list_project_sessions,
    "read_session": peers.read_session,
    "register_my_session": identity.register_my_session,
    "claim_session": identity.claim_session,
    "get_my_session": identity.get_my_session,
    "set_my_state": identity.set_my_state,
    "send_message": messages.send_message,
    "reply_to_message": messages.reply_to_message,
    "read_my_messages": messages.read_my_messages,
    "ask_peer": messages.ask_peer,
    "message_status": messages.message_status,
    "my_open_work": work.my_open_work,
    "complete_work": work.complete_work,
    "block_work": work.block_work,
    "hook": hook.hook,
}
