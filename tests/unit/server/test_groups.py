"""The tool that sends, with several targets: what it takes, and what it answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.fakes import ALICE, BOB, CAROL, World
from oxtail.app.context import Context
from oxtail.core.codec import encode_compact
from oxtail.errors import BadArgument
from oxtail.server.catalog import GROUP_MAX, TOOLS
from oxtail.server.schema import check
from oxtail.server.tools.messages import send_message

FIELDS = next(tool for tool in TOOLS if tool.name == "send_message").fields


class Call:
    """Keeps the one answer."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []

    def answer(self, members: dict[str, Any]) -> None:
        self.answers.append(json.loads(encode_compact(members)))


@pytest.fixture
def alice() -> Context:
    world = World()
    world.context(BOB, pid=2, name="reviewer")
    world.context(CAROL, pid=3)
    return world.context(ALICE, pid=1)


def called(ctx: Context, **arguments: Any) -> dict[str, Any]:
    call = Call()
    send_message(ctx, call, check(FIELDS, {"body": "news", **arguments}))  # type: ignore[arg-type]
    (answer,) = call.answers
    return answer


@pytest.mark.parametrize(
    ("target", "targets"),
    [
        (["reviewer", CAROL], ["reviewer", CAROL]),
        (["reviewer"], ["reviewer"]),
        ("all", [BOB, CAROL]),
        (f'["reviewer", "{CAROL}"]', ["reviewer", CAROL]),
    ],
)
def test_a_group_is_answered_with_a_row_for_each(
    alice: Context, target: object, targets: list[str]
) -> None:
    answer = called(alice, target=target)

    assert list(answer) == ["schema_version", "ok", "results"]
    assert [row["target"] for row in answer["results"]] == targets
    assert all(row["ok"] and row["message_id"] for row in answer["results"])


def test_one_target_is_answered_as_ever(alice: Context) -> None:
    assert called(alice, target="reviewer")["target_session_id"] == BOB


@pytest.mark.parametrize(
    "target",
    [[], ["x"] * (GROUP_MAX + 1), [""], ["x", 7], [["x"]], ["x" * 301], "", 7, {}, "[]", '["a",1]'],
)
def test_targets_that_are_none_are_refused_by_name(target: object) -> None:
    with pytest.raises(BadArgument) as caught:
        check(FIELDS, {"target": target, "body": "news"})

    assert caught.value.field == "target"


def test_a_name_that_only_looks_like_a_list_is_a_name() -> None:
    assert check(FIELDS, {"target": "[draft", "body": "x"})["target"] == "[draft"
    assert check(FIELDS, {"target": "[7] x", "body": "x"})["target"] == "[7] x"


def test_a_group_cannot_be_waited_for(alice: Context) -> None:
    with pytest.raises(BadArgument) as caught:
        called(alice, target=[BOB], wait_ms=1)

    assert caught.value.field == "wait_ms"
