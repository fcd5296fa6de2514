"""The tools about work: from checked arguments to the use case and back."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.fakes import ALICE, BOB, CAROL, World
from oxtail.app.context import Context
from oxtail.errors import BadArgument
from oxtail.server import catalog
from oxtail.server.schema import check
from oxtail.server.tools.table import RUN

TOOLS = {tool.name: tool for tool in catalog.TOOLS}


class Answered:
    """Stands for a call, and keeps what it was answered with."""

    def __init__(self) -> None:
        self.members: dict[str, Any] = {}

    def answer(self, members: dict[str, Any]) -> None:
        self.members = members

    def showed(self, mail: object) -> None:
        """Forget what could be put back."""


def call(ctx: Context, tool: str, **arguments: Any) -> dict[str, Any]:
    answered = Answered()
    RUN[tool](ctx, answered, check(TOOLS[tool].fields, arguments))  # type: ignore[arg-type]
    return answered.members


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def alice(world: World) -> Context:
    return world.context(ALICE, pid=1)


@pytest.fixture
def bob(world: World) -> Context:
    return world.context(BOB, pid=2)


def delegate(ctx: Context, **arguments: Any) -> dict[str, Any]:
    return call(ctx, "send_message", target=BOB, body="do", action_required=True, **arguments)


def test_work_is_sent_listed_and_completed(world: World, alice: Context, bob: Context) -> None:
    sent = delegate(alice, due_in_s=60, idempotency_key="k")
    assert sent["deadline"] == int(world.clock.now()) + 60
    assert delegate(alice, due_in_s=60, idempotency_key="k")["repeated"] is True

    (item,) = call(bob, "my_open_work")["open"]
    assert item["message_id"] == sent["message_id"]
    done = call(bob, "complete_work", message_id=sent["message_id"], body="42")
    assert (done["obligation_state"], done["requester_session_id"]) == ("done", ALICE)
    assert call(bob, "my_open_work")["count"] == 0


@pytest.mark.parametrize(
    ("arguments", "state", "body"),
    [
        ({}, "blocked", "[blocked] why"),
        ({"decline": False}, "blocked", "[blocked] why"),
        ({"decline": True}, "declined", "[declined] why"),
        ({"reassign_to": CAROL}, "reassigned", f"[reassigned] to {CAROL}: why"),
    ],
)
def test_work_that_is_not_done_here(
    world: World, alice: Context, bob: Context, arguments: Any, state: str, body: str
) -> None:
    world.context(CAROL, pid=3)
    sent = delegate(alice)

    result = call(bob, "block_work", message_id=sent["message_id"], reason="why", **arguments)

    assert result["obligation_state"] == state
    assert [m["body"] for m in call(alice, "read_my_messages")["messages"]] == [body]


def test_work_cannot_be_declined_and_handed_on(world: World, alice: Context, bob: Context) -> None:
    world.context(CAROL, pid=3)
    sent = delegate(alice)

    with pytest.raises(BadArgument) as caught:
        call(
            bob,
            "block_work",
            message_id=sent["message_id"],
            reason="why",
            decline=True,
            reassign_to=CAROL,
        )

    assert caught.value.field == "decline"
    assert call(bob, "my_open_work")["count"] == 1


def test_a_due_time_without_work_is_refused_by_its_name(alice: Context, bob: Context) -> None:
    with pytest.raises(BadArgument) as caught:
        call(alice, "send_message", target=BOB, body="fyi", due_in_s=60)

    assert caught.value.field == "due_in_s"
    assert call(bob, "read_my_messages")["messages"] == []


def test_a_repeated_delegation_tells_when_the_first_one_is_due(
    world: World, alice: Context, bob: Context
) -> None:
    first = delegate(alice, due_in_s=60, idempotency_key="k")
    world.clock.advance(30)
    again = delegate(alice, due_in_s=60, idempotency_key="k")

    assert (again["message_id"], again["repeated"]) == (first["message_id"], True)
    assert again["deadline"] == first["deadline"]


@pytest.mark.parametrize("due", [0, -1, 2_592_001, "soon", True])
def test_a_due_time_has_limits(alice: Context, bob: Context, due: object) -> None:
    with pytest.raises(BadArgument) as caught:
        delegate(alice, due_in_s=due)

    assert caught.value.field == "due_in_s"
