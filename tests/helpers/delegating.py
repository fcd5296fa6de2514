"""Delegating between sessions of one :class:`~helpers.fakes.World`."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.fakes import ALICE, BOB, World
from oxtail.app.context import Context
from oxtail.app.read import read
from oxtail.app.results import ReadResult, SendResult
from oxtail.app.send import send
from oxtail.core.correlation import Ask
from oxtail.errors import StoreError


def inbox(ctx: Context) -> ReadResult:
    """Take the mail of *ctx*."""
    shown: list[ReadResult] = []
    read(ctx, shown.append)
    return shown[0]


def delegate(
    ctx: Context, target: str = BOB, body: str = "please do", **options: Any
) -> SendResult:
    return send(ctx, target, body, action_required=True, **options)


def pending(world: World, session_id: str = ALICE) -> list[Ask]:
    """Return what *session_id* waits for and nobody polls for."""
    return list(world.store.pending_asks(session_id))


def become(world: World, ctx: Context, **capabilities: bool) -> None:
    """Make the peer behind *ctx* one of fewer abilities."""
    entry = world.entries[ctx.session.entry.server_pid]
    less = entry.capabilities._replace(**capabilities)
    world.entries[entry.server_pid] = entry._replace(capabilities=less)


def fail_once(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """Make the next call of a method fail as a full disk does."""
    real, left = getattr(owner, name), [StoreError("disk full")]

    def failing(*arguments: Any, **options: Any) -> Any:
        if left:
            raise left.pop()
        return real(*arguments, **options)

    monkeypatch.setattr(owner, name, failing)
