"""Two agents that acknowledge each other for ever are stopped, and can still ask each other.

Every arrival is asserted on the body of a request that a model received.
"""

from __future__ import annotations

from typing import Any

import pytest

from e2e.clients.runner import SCENARIO_SECONDS, play
from e2e.clients.scenarios.loops import LIMIT, STUBBORN
from helpers.capabilities import needs, where
from oxtail.config import NUMBERS

pytestmark = [
    needs("clients", "tmux"),
    pytest.mark.clients,
    pytest.mark.slow,
    pytest.mark.timeout(SCENARIO_SECONDS + 10),
]


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the scenario reports, which is played once."""
    return play("loops", tmp_path_factory.mktemp("loops"), where("clients"))


def test_two_that_acknowledge_for_ever_are_stopped_at_the_documented_limit(
    facts: dict[str, Any],
) -> None:
    stopped = facts["stopped"]

    assert NUMBERS["ack_loop"].default == LIMIT
    assert len(facts["passed"]) == LIMIT
    assert (stopped["error"], stopped["reason"]) == ("damped", "acknowledgements")
    assert stopped["limit"] == LIMIT
    assert stopped["retry_after_s"] > 0


def test_who_goes_on_is_told_so_each_time_and_wakes_nobody(facts: dict[str, Any]) -> None:
    assert [one["error"] for one in facts["stubborn"]] == ["damped"] * STUBBORN
    assert facts["other"]["error"] == "damped"
    # The first request, one for the opening message, one for each that passed, and its result.
    assert facts["turns"]["claude"] == 2 + LIMIT
    assert facts["turns"]["codex"] == 3 + LIMIT + 1 + STUBBORN


def test_the_human_is_told_once(facts: dict[str, Any]) -> None:
    damped = [notice for notice in facts["notices"] if notice["kind"] == "damped"]

    shown = [one for one in facts["doctor"] if one["check"] == "notice-damped"]

    assert len(damped) == 1
    assert [damped[0]["text"] in one["problem"] for one in shown] == [True]


def test_a_question_between_them_is_answered_all_the_same(facts: dict[str, Any]) -> None:
    question = facts["question"]

    assert question["times asked"] == 1
    assert question["replied"]["correlation"] == "correlated"
    assert question["answer"]["reply"]["body"] == "The branch main."


def test_nobody_types(facts: dict[str, Any]) -> None:
    assert not [event for event in facts["events"] if event["event"] == "tmux_door_typed"]
