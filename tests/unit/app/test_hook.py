"""One event on a context: what is shown, what stays, what the marker says."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.fakes import ALICE, BOB, World
from oxtail.app import hook as app_hook
from oxtail.app.context import Context
from oxtail.app.drain import Drained
from oxtail.core.address import Route
from oxtail.core.correlation import Ask
from oxtail.core.envelope import Envelope
from oxtail.core.hook import HookEvent
from oxtail.core.names import session_box
from oxtail.errors import LockBusy, NotEmitted, StoreError

BOX = session_box(BOB)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def bob(world: World) -> Context:
    return world.context(BOB, pid=42)


def mail(world: World, body: str, *, at: int = 1_800_000_000, **members: Any) -> str:
    message = Envelope(world.ids.new_id(), body, at, from_session_id=ALICE, **members)
    world.store.put(Route(BOX, BOB, 42), message)
    return message.id


class Hook:
    """Handles events, and keeps what was put out."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.outputs: list[dict[str, Any]] = []
        self.effects: list[Any] = []

    def __call__(self, name: str, was_seen: bool = False, **members: Any) -> Drained:
        client = members.pop("client", "claude")
        event = HookEvent(name, client, members.pop("session_id", BOB), **members)
        return app_hook.handle(self.ctx, event, self.emit, was_seen=was_seen)

    def emit(self, output: dict[str, Any]) -> None:
        if self.effects:
            self.effects.pop(0)()
        self.outputs.append(output)

    @property
    def text(self) -> str:
        (output,) = self.outputs
        self.outputs = []
        text: str = output["hookSpecificOutput"]["additionalContext"]
        return text


def marker(world: World, session_id: str = BOB) -> str | None:
    found = world.presence.read(session_id)
    return found.state if found else None


def unread(world: World) -> list[str]:
    return [message.body for message in world.store.peek([BOX]).messages]


def test_mail_is_shown_oldest_first_and_has_receipts(world: World, bob: Context) -> None:
    late, early = mail(world, "late", at=2), mail(world, "early", at=1)
    hook = Hook(bob)

    hook("PostToolUse")

    text = hook.text
    assert text.index("early") < text.index("late")
    assert {world.store.receipt(each).via for each in (late, early)} == {"hook"}  # type: ignore[union-attr]
    assert world.trace.named("hook_delivered")[0]["messages"] == [early, late]


def test_the_end_of_a_turn_says_that_it_is_prolonged(world: World, bob: Context) -> None:
    mail(world, "hello")
    hook = Hook(bob)

    hook("Stop")

    assert "as you finished" in hook.text
    assert marker(world) == "busy"
    hook("Stop", is_prolonged=True)
    assert hook.outputs == []
    assert marker(world) == "idle"


def test_mail_that_comes_as_the_session_says_idle_is_not_left_behind(
    world: World, bob: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = world.presence.write

    def write_and_send(session_id: str, state: str) -> None:
        write(session_id, state)
        if state == "idle":
            mail(world, "in the last moment")

    monkeypatch.setattr(world.presence, "write", write_and_send)
    hook = Hook(bob)

    hook("Stop")

    assert "in the last moment" in hook.text
    assert marker(world) == "busy"


def test_mail_that_the_other_hook_took_leaves_the_marker_to_it(world: World, bob: Context) -> None:
    hook = Hook(bob)
    world.presence.write(BOB, "busy")

    hook("Stop", was_seen=True)
    assert marker(world) == "busy"

    hook("Stop", was_seen=False)
    assert marker(world) == "idle"


def test_a_session_that_said_so_already_is_not_marked_busy_again(
    world: World, bob: Context
) -> None:
    mail(world, "hello")
    hook = Hook(bob)

    hook("PostToolUse", was_seen=True)

    assert "hello" in hook.text
    assert marker(world) is None


def test_mail_that_was_seen_and_is_reserved_does_not_keep_the_session_busy(
    world: World, bob: Context
) -> None:
    ask = Ask(BOB, "00112233445566ff", ALICE, "00000000000000aa", 1, 1)
    world.store.open_ask(ask)
    mail(world, "the answer", reply_to=ask.request_id)
    hook = Hook(bob)

    hook("Stop", was_seen=True)

    assert hook.outputs == []
    assert marker(world) == "idle"
    assert unread(world) == ["the answer"]


@pytest.mark.parametrize("name", ["PostToolUse", "Stop"])
def test_output_that_is_refused_keeps_the_mail(world: World, bob: Context, name: str) -> None:
    message_id = mail(world, "hello")
    hook = Hook(bob)

    def refuse() -> None:
        raise NotEmitted

    hook.effects.append(refuse)
    with pytest.raises(NotEmitted):
        hook(name)

    assert unread(world) == ["hello"]
    assert world.store.receipt(message_id) is None
    assert marker(world) == ("idle" if name == "Stop" else "busy")


def test_a_box_that_is_locked_ends_the_turn(
    world: World, bob: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail(world, "hello")

    def busy(*_: object) -> None:
        raise LockBusy

    monkeypatch.setattr(world.store, "claim", busy)
    with pytest.raises(LockBusy):
        Hook(bob)("Stop")

    assert marker(world) == "idle"


def test_a_batch_that_exceeds_the_budget_is_shown_in_part(world: World) -> None:
    bob = world.context(BOB, pid=42, hook_max_body_chars=2_000)
    for number in range(3):
        mail(world, str(number) * 600)
    hook = Hook(bob)

    drained = hook("PostToolUse")

    assert len(drained.messages) == 2
    text = hook.text
    assert len(text) <= 2_000
    assert "1 more message stays queued" in text
    assert unread(world) == ["2" * 600]


def test_one_message_is_shown_whatever_its_size(world: World) -> None:
    bob = world.context(BOB, pid=42, hook_max_body_chars=10)
    mail(world, "x" * 600)
    mail(world, "y" * 600)
    hook = Hook(bob)

    hook("PostToolUse")

    assert "x" * 600 in hook.text
    assert unread(world) == ["y" * 600]


def test_a_message_that_would_be_cut_stays_and_is_named_where_no_tool_call_asks(
    world: World, bob: Context
) -> None:
    too_long = mail(world, "[oxtail\n" * 2_000)
    mail(world, "behind it")
    hook = Hook(bob)

    hook("PostToolUse")
    assert hook.outputs == []

    drained = hook("UserPromptSubmit")

    assert too_long in hook.text
    assert drained.messages == ()
    assert world.store.receipt(too_long) is None
    assert len(unread(world)) == 2


def test_a_turn_is_prolonged_once_for_a_message_that_would_be_cut(
    world: World, bob: Context
) -> None:
    too_long = mail(world, "x" * 12_000)
    hook = Hook(bob)

    hook("Stop")
    assert too_long in hook.text
    assert marker(world) == "busy"

    hook("Stop", is_prolonged=True)
    assert hook.outputs == []
    assert marker(world) == "idle"


def test_what_a_client_passes_on_is_the_default(world: World, bob: Context) -> None:
    for number in range(6):
        mail(world, str(number) * 6_000)
    hook = Hook(bob)

    for number in range(6):
        hook("PostToolUse")
        text = hook.text
        assert str(number) * 6_000 in text
        assert len(text.encode()) <= 9_000
    assert unread(world) == []


def test_mail_that_somebody_else_took_meanwhile_is_not_shown(
    world: World, bob: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = mail(world, "first")
    mail(world, "second")
    claim = world.store.claim

    def claim_late(boxes: Any, ids: Any) -> Any:
        claim(boxes, [first])
        return claim(boxes, ids)

    monkeypatch.setattr(world.store, "claim", claim_late)
    hook = Hook(bob)

    hook("PostToolUse")

    text = hook.text
    assert "second" in text
    assert "first" not in text


def test_a_session_with_two_ids_marks_both(world: World, bob: Context) -> None:
    hook = Hook(bob)
    hook("UserPromptSubmit", session_id=ALICE)
    assert (marker(world, ALICE), marker(world, BOB)) == ("busy", "busy")
    hook("SessionEnd", session_id=ALICE)
    assert (marker(world, ALICE), marker(world, BOB)) == (None, None)


def test_a_marker_that_cannot_be_written_keeps_no_mail_back(
    world: World, bob: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("full")

    monkeypatch.setattr(world.presence, "write", refuse)
    mail(world, "hello")
    hook = Hook(bob)

    hook("PostToolUse")

    assert "hello" in hook.text
    assert world.trace.named("marker_failed")
