"""The tool that hooks call: through the protocol, as a client would."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.fakes import ALICE, BOB, CAROL, World
from oxtail.core.address import Route
from oxtail.core.envelope import Envelope
from oxtail.core.names import session_box
from oxtail.errors import NotEmitted, StoreError
from oxtail.server import catalog
from oxtail.server.calls import Call, CallRequest
from oxtail.server.tools.table import RUN


class Lines:
    """Where answers go."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.is_broken = False

    def write(self, line: bytes) -> None:
        if self.is_broken:
            raise NotEmitted
        self.lines.append(line)


@pytest.fixture
def world() -> World:
    return World()


def call(world: World, ctx: Any, lines: Lines, caller: str | None = None, **given: Any) -> Call:
    (tool,) = catalog.UNLISTED
    made = Call(CallRequest(1, tool, given, caller), lines)  # type: ignore[arg-type]
    RUN["hook"](ctx, made, given)
    return made


def answer(lines: Lines) -> Any:
    (line,) = lines.lines
    (content,) = json.loads(line)["result"]["content"]
    return json.loads(content["text"])


def mail(world: World, body: str = "hello", session_id: str = BOB) -> str:
    message = Envelope(world.ids.new_id(), body, 1, from_session_id=ALICE)
    world.store.put(Route(session_box(session_id), session_id, 42), message)
    return message.id


def test_mail_is_the_answer_and_can_be_taken_back(world: World) -> None:
    ctx, lines = world.context(BOB, pid=42), Lines()
    message_id = mail(world)

    made = call(world, ctx, lines, event="PostToolUse", client="claude", session_id=BOB)

    text = answer(lines)["hookSpecificOutput"]["additionalContext"]
    assert "hello" in text
    assert world.store.receipt(message_id)
    made.take_back()
    assert world.store.receipt(message_id) is None
    assert [m.id for m in world.store.peek(ctx.session.boxes()).messages] == [message_id]


def test_a_notice_is_the_only_answer(world: World) -> None:
    ctx, lines = world.context(BOB, pid=42), Lines()
    message_id = mail(world, "x" * 12_000)

    made = call(world, ctx, lines, event="Stop", client="claude", session_id=BOB)

    assert message_id in answer(lines)["hookSpecificOutput"]["additionalContext"]
    assert not made.has_shown


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"event": "Stop"},
        {"event": 7, "client": [], "session_id": BOB},
        {"event": "Nothing", "client": "claude", "session_id": BOB},
        {"event": "Stop", "client": "claude", "session_id": ["x"]},
        {"event": "Stop", "client": "claude", "session_id": "${session_id}\n"},
        {"event": "PostToolUse", "client": "claude", "session_id": BOB, "agent_id": "a1"},
        {"event": "Stop", "client": "claude", "session_id": BOB, "stop_hook_active": "true"},
    ],
)
def test_what_asks_for_no_mail_is_answered_with_nothing(world: World, given: Any) -> None:
    ctx, lines = world.context(BOB, pid=42), Lines()
    mail(world)

    call(world, ctx, lines, **given)

    assert answer(lines) == {}
    assert len(world.store.peek(ctx.session.boxes()).messages) == 1


def test_a_new_id_is_taken_on_and_old_mail_comes_along(world: World) -> None:
    ctx, lines = world.context(BOB, pid=42), Lines()
    mail(world, "for the old id")

    call(world, ctx, lines, event="UserPromptSubmit", client="claude", session_id=CAROL)

    assert "for the old id" in answer(lines)["hookSpecificOutput"]["additionalContext"]
    assert ctx.session.id == CAROL
    assert world.presence.markers[CAROL].state == "busy"


def test_a_subagent_does_not_rename_the_session(world: World) -> None:
    ctx, lines = world.context(BOB, pid=42), Lines()
    call(world, ctx, lines, event="PostToolUse", client="claude", session_id=CAROL, agent_id="a1")
    assert ctx.session.id == BOB


def test_the_session_that_is_named_on_the_call_is_not_renamed_by_its_payload(world: World) -> None:
    ctx, lines = world.context(BOB, pid=42), Lines()
    call(world, ctx, lines, caller=BOB, event="Stop", client="codex", session_id=CAROL)
    assert ctx.session.id == BOB


def test_an_answer_that_nobody_takes_keeps_the_mail(world: World) -> None:
    ctx, lines = world.context(BOB, pid=42), Lines()
    lines.is_broken = True
    message_id = mail(world)

    with pytest.raises(NotEmitted):
        call(world, ctx, lines, event="Stop", client="claude", session_id=BOB)

    assert world.store.receipt(message_id) is None
    assert len(world.store.peek(ctx.session.boxes()).messages) == 1


def test_a_store_that_fails_leaves_the_turn_as_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx, lines = world.context(BOB, pid=42), Lines()
    mail(world)

    def fail(*_: object) -> None:
        raise StoreError("full")

    monkeypatch.setattr(world.store, "claim", fail)
    call(world, ctx, lines, event="Stop", client="claude", session_id=BOB)

    assert answer(lines) == {}
    assert world.trace.named("hook_failed")[0]["code"] == "store-error"
