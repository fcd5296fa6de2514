"""Results for Codex stay below what it passes on to its model."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.fakes import ALICE, BOB, World
from oxtail.app.send import send
from oxtail.core.codec import encode_compact
from oxtail.server import catalog
from oxtail.server.schema import check
from oxtail.server.tools.messages import CODEX_RESULT_BYTES
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


def read(ctx: Any) -> dict[str, Any]:
    answered = Answered()
    fields = check(TOOLS["read_my_messages"].fields, {})
    RUN["read_my_messages"](ctx, answered, fields)  # type: ignore[arg-type]
    return answered.members


def size(members: dict[str, Any]) -> int:
    return len(encode_compact(members))


BODIES = st.lists(
    st.builds(
        lambda piece, n: (piece * n)[:8_192],
        st.sampled_from(["x", "\n", '"', "é", "🦊", "a\x01"]),
        st.integers(1, 2_048),
    ),
    min_size=1,
    max_size=12,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(BODIES, st.booleans())
def test_several_messages_fit_and_all_come_in_order(bodies: list[str], work: bool) -> None:
    world = World()
    alice, codex = world.context(ALICE, pid=1), world.context(BOB, pid=2, kind="codex")
    for body in bodies:
        send(alice, BOB, body, action_required=work)

    seen: list[str] = []
    while seen != bodies:
        result = read(codex)
        assert result["messages"]
        assert result["count"] == 1 or size(result) <= CODEX_RESULT_BYTES
        seen += [message["body"] for message in result["messages"]]
        assert result.get("deferred_count", 0) == len(bodies) - len(seen)


@pytest.mark.parametrize("kind", ["claude-code", "unknown"])
def test_other_clients_get_all_at_once(kind: str) -> None:
    world = World()
    alice, bob = world.context(ALICE, pid=1), world.context(BOB, pid=2, kind=kind)
    for number in range(6):
        send(alice, BOB, str(number) * 6_000)

    assert read(bob)["count"] == 6


def test_one_message_of_the_longest_prose_fits_alone() -> None:
    world = World()
    alice, codex = world.context(ALICE, pid=1), world.context(BOB, pid=2, kind="codex")
    body = ("A sentence of prose, as agents write it.\n" * 300)[:8_192]
    send(alice, BOB, body)

    assert size(read(codex)) <= CODEX_RESULT_BYTES


def test_the_text_that_is_counted_is_the_text_that_is_sent() -> None:
    from oxtail.server.results import answer

    members = {"body": 'é"\n🦊'}
    text = answer(members)["content"][0]["text"]
    assert len(text.encode()) == size(members)
    assert json.loads(text) == members
