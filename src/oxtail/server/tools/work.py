"""Tools about delegated work: what is owed, and how it is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oxtail.errors import BadArgument

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.server.calls import Call


def my_open_work(ctx: Context, call: Call, arguments: dict[str, Any]) -> None:  # noqa: ARG001 - one shape for all tools
    """Show what the caller owes."""
    from oxtail.app.work import open_work

    call.answer(open_work(ctx).as_dict())


def complete_work(ctx: Context, call: Call, arguments: dict[str, Any]) -> None:
    """Close work as done."""
    from oxtail.app.work import complete

    call.answer(complete(ctx, **arguments).as_dict())


def block_work(ctx: Context, call: Call, arguments: dict[str, Any]) -> None:
    """Close work that is not done here: it is blocked, declined, or handed on."""
    from oxtail.app.work import block, decline, reassign

    declined, target = arguments.pop("decline", False), arguments.pop("reassign_to", None)
    if declined and target is not None:
        raise BadArgument("decline", "cannot go with reassign_to")
    if target is not None:
        result = reassign(ctx, target=target, **arguments)
    else:
        result = (decline if declined else block)(ctx, **arguments)
    call.answer(result.as_dict())
