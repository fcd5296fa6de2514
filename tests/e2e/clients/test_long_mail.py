"""More mail than the real clients pass on at once still reaches the model whole.

Every arrival is asserted on the body of a request that a model received.
"""

from __future__ import annotations

from typing import Any

import pytest

from e2e.clients.runner import SCENARIO_SECONDS, play
from helpers.capabilities import needs, where

pytestmark = [
    needs("clients", "tmux"),
    pytest.mark.clients,
    pytest.mark.slow,
    pytest.mark.timeout(SCENARIO_SECONDS + 10),
]

CLIENTS = ["claude", "codex"]
WAYS = ["hooks", "reads"]


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the scenario reports, which is played once."""
    return play("long_mail", tmp_path_factory.mktemp("long_mail"), where("clients"))


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("way", WAYS)
def test_each_message_arrives_whole_once_and_in_order(
    facts: dict[str, Any], client: str, way: str
) -> None:
    found = facts[client][way]

    assert set(found["times"].values()) == {1}
    requests = [found["requests"][name] for name in found["sent"]]
    assert requests == sorted(requests)
    if way == "hooks":
        # Within one request Codex puts what a hook says before the result of the tool call.
        assert found["order"] == found["sent"]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("way", WAYS)
def test_no_receipt_comes_before_the_model_has_the_message(
    facts: dict[str, Any], client: str, way: str
) -> None:
    assert facts[client][way]["receipts before"] == []


@pytest.mark.parametrize("client", CLIENTS)
def test_hooks_and_nudges_bring_all_of_it_without_a_call(
    facts: dict[str, Any], client: str
) -> None:
    found = facts[client]["hooks"]

    assert set(found["via"].values()) == {"hook"}
    assert len(set(found["requests"].values())) > 1


def test_codex_gets_no_more_in_an_answer_than_it_passes_on(facts: dict[str, Any]) -> None:
    counts = facts["codex"]["reads"]["counts"]

    assert max(count for count, _ in counts) == 1
    assert counts[0][1] > 0


def test_the_witness_finds_no_message_that_was_cut(facts: dict[str, Any]) -> None:
    assert not [event for event in facts["events"] if event["event"] == "message_cut"]
