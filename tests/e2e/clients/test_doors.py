"""Doors of the real Claude Code and the real Codex: what their models see, and what they do not.

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

KINDS = ["claude", "codex"]


@pytest.fixture(scope="module")
def facts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What a scenario reports, which is played once."""
    return play(request.param, tmp_path_factory.mktemp(request.param), where("clients"))


def scenario(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("facts", [name], indirect=True, scope="module")


@scenario("own_doors")
@pytest.mark.parametrize("client", KINDS)
def test_a_server_wakes_its_own_idle_session_without_a_key(
    facts: dict[str, Any], client: str
) -> None:
    for number in range(4):
        arrived = facts[client][f"idle {number}"]
        assert arrived["available"]
        assert (arrived["outcome"], arrived["seen"]) == ("accepted", True)


@scenario("own_doors")
def test_claude_code_sees_a_text_during_its_turn_and_codex_after_it(facts: dict[str, Any]) -> None:
    assert facts["claude"]["busy"]["seen"]
    assert not facts["codex"]["busy"]["seen"]
    assert facts["codex"]["after the turn"]["seen"]


@scenario("own_doors")
def test_no_token_is_traced(facts: dict[str, Any]) -> None:
    assert facts["events"] == 12
    assert not facts["token is traced"]


@scenario("held")
def test_a_door_that_the_user_has_closed_is_said_to_be_closed(facts: dict[str, Any]) -> None:
    assert not facts["offered"]["available"]
    assert facts["offered"]["outcome"] == "unavailable"
    assert "hold" in facts["offered"]["detail"]


@scenario("held")
def test_claude_code_takes_a_held_text_and_says_nothing(facts: dict[str, Any]) -> None:
    assert facts["posted"]["outcome"] == "accepted"
    assert facts["turns"] == 0


@scenario("keystrokes")
@pytest.mark.parametrize("client", KINDS)
def test_typing_reaches_the_model_each_time_and_once(facts: dict[str, Any], client: str) -> None:
    """Also the check that Codex does not take the Enter after our paste for a line of it."""
    told = 0
    for number in range(3):
        for strategy in ("auto", "legacy"):
            wake = facts[client][f"{strategy} {number}"]
            told += 1
            assert (wake["status"], wake["told"]) == ("fired", told)
            if strategy == "auto":
                assert wake["enters"] == [1]


@scenario("keystrokes")
@pytest.mark.parametrize("client", KINDS)
def test_a_busy_client_keeps_what_is_typed_for_later(facts: dict[str, Any], client: str) -> None:
    wake = facts[client]["busy"]
    assert (wake["status"], wake["told"]) == ("fired", 7)


@scenario("keystrokes")
@pytest.mark.parametrize("client", KINDS)
@pytest.mark.parametrize(
    ("what", "reason"),
    [("draft", "pane-draft"), ("copy mode", "pane-in-mode"), ("dialog", "pane-dialog")],
)
def test_no_key_goes_where_it_could_do_harm(
    facts: dict[str, Any], client: str, what: str, reason: str
) -> None:
    wake = facts[client][what]
    assert (wake["status"], wake["reason"]) == ("skipped_no_target", reason)
    assert wake["enters"] == []
    assert not wake["appeared"]


@scenario("keystrokes")
def test_a_server_in_the_daemon_of_codex_proves_no_pane(facts: dict[str, Any]) -> None:
    assert facts["daemon"]["reason"] == "no-verified-pane"
    assert facts["daemon"]["enters"] == []
