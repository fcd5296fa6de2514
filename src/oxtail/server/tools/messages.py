"""Tools that send and read mail.

The two that show mail answer from inside the use case: mail counts as shown only when the answer
is out, and goes back if it is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from oxtail.app import ask as app_ask
from oxtail.app import group as app_group
from oxtail.app import read as app_read
from oxtail.app import send as app_send
from oxtail.app import status as app_status
from oxtail.core.codec import encode_compact
from oxtail.core.evidence import Stage
from oxtail.errors import BadArgument
from oxtail.server.catalog import WAIT

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.app.results import ReadResult
    from oxtail.server.calls import Call

CODEX_RESULT_BYTES: Final = 10_000
"""Longest result with several messages for Codex, which cuts the middle out of over 12,000 bytes.

The bytes are those of the JSON text, its escapes included.  One message alone is shown whatever it
takes, because a reader must get on; ``docs/concepts.md`` says what is then known of it."""


DUE: Final = "due_in_s"
"""The argument that says in how many seconds work is due."""


def send_message(ctx: Context, call: Call, arguments: dict[str, Any]) -> None:
    """Send a message to one peer, or to several."""
    if (due_in := arguments.pop(DUE, None)) is not None:
        if not arguments.get("action_required"):
            raise BadArgument(DUE, "needs action_required: only work is due")
        arguments["deadline"] = int(ctx.clock.now()) + due_in
    wait_ms = arguments.pop(WAIT, None)
    if app_group.is_group(arguments["target"]):
        if wait_ms is not None:
            raise BadArgument(WAIT, "waits for one receiver only")
        call.answer(app_group.send_many(ctx, arguments.pop("target"), **arguments).as_dict())
        return
    result = app_send.send(ctx, **arguments)
    if wait_ms is not None:
        seconds = min(wait_ms, ctx.settings.ask_max_timeout_ms) / 1000
        result = app_status.with_receipt(
            ctx, result, Stage.SHOWN, seconds, cancelled=call.cancellation
        )
    call.answer(result.as_dict())


def reply_to_message(ctx: Context, call: Call, arguments: dict[str, Any]) -> None:
    """Answer a message by its id."""
    call.answer(app_send.reply(ctx, **arguments).as_dict())


def read_my_messages(ctx: Context, call: Call, arguments: dict[str, Any]) -> None:  # noqa: ARG001 - one shape for all tools
    """Show waiting mail."""
    drained = app_read.read(
        ctx,
        lambda result: call.answer(result.as_dict()),
        fits=_fits_codex if ctx.session.entry.client.type == "codex" else None,
    )
    if drained.messages:
        call.showed(drained)


def _fits_codex(result: ReadResult) -> bool:
    return len(encode_compact(result.as_dict())) <= CODEX_RESULT_BYTES


def ask_peer(ctx: Context, call: Call, arguments: dict[str, Any]) -> None:
    """Ask, wait, and show the answer."""
    drained = app_ask.ask(
        ctx,
        emit=lambda result: call.answer(result.as_dict()),
        cancelled=call.cancellation,
        **arguments,
    )
    if drained.messages:
        call.showed(drained)


def message_status(ctx: Context, call: Call, arguments: dict[str, Any]) -> None:
    """Say what is known of a message."""
    call.answer(app_status.message_status(ctx, **arguments).as_dict())
