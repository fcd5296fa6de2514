"""What a session is reminded of when it starts or goes on."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.fakes import ALICE, BOB, CAROL, World
from oxtail.app.reminder import left_open, remind
from oxtail.app.send import send
from oxtail.core.correlation import Ask
from oxtail.core.hook import HookEvent
from oxtail.core.reminder import Left

EVENT = HookEvent("SessionStart", "claude", CAROL)


@pytest.fixture
def world() -> World:
    return World()


def test_what_the_earlier_ids_left_open_is_named_the_overdue_first(world: World) -> None:
    alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2)
    later = send(alice, BOB, "some day", action_required=True)
    soon = send(alice, BOB, "soon", action_required=True, deadline=int(world.clock.now()) + 5)
    question = Ask(BOB, "request-1", ALICE, "00000000000000aa", 1, 1)
    world.store.open_ask(question)
    world.store.suspend_ask(question)
    world.clock.advance(10)
    bob.session.named_by_hook(CAROL)

    found = left_open(bob)

    assert found == Left((soon.message_id, later.message_id), 1, ("00000000000000aa",), 2)
    said: list[dict[str, Any]] = []
    assert remind(bob, EVENT, said.append)
    (output,) = said
    text = output["hookSpecificOutput"]["additionalContext"]
    assert output["hookSpecificOutput"]["hookEventName"] == "SessionStart"
    assert "2 open, 1 overdue" in text
    assert "some day" not in text
    assert left_open(bob) == found, "nothing was taken"


def test_a_session_with_nothing_open_hears_nothing(world: World) -> None:
    def never(_: object) -> None:
        raise AssertionError

    assert not remind(world.context(BOB, pid=2), EVENT, never)
