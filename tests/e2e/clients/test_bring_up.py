"""Windows with the real Claude Code and the real Codex are brought up, or say why they are not."""

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


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the scenario reports, which is played once."""
    return play("bring_up", tmp_path_factory.mktemp("bring_up"), where("clients"))


def test_codex_is_up_by_its_first_turn_and_before_its_model_answers(facts: dict[str, Any]) -> None:
    assert facts["codex"]["state"] == "up"
    assert facts["codex"]["session_id"] == facts["codex thread"]
    assert facts["codex is told"]


def test_what_is_up_is_found_again_and_told_nothing(facts: dict[str, Any]) -> None:
    assert facts["codex again"]["state"] == "up"
    assert facts["codex again"]["session_id"] == facts["codex thread"]
    assert not any("types" in line for line in facts["codex again"]["told"])
    assert facts["codex turns"] == 1


@pytest.mark.parametrize(
    ("window", "reason", "shown"),
    [
        ("claude asks", "trust-prompt", "Yes, I trust this folder"),
        ("codex asks", "hooks-prompt", "Trust all and continue"),
    ],
)
def test_a_question_ends_the_wait_long_before_its_time(
    facts: dict[str, Any], window: str, reason: str, shown: str
) -> None:
    """The wait lasts 45 s; a client that asks never joins, so only the question can end it."""
    launch = facts[window]
    assert (launch["state"], launch["reason"]) == ("failed", reason)
    assert shown in launch["screen"]


def test_nothing_of_another_agent_reaches_the_new_one(facts: dict[str, Any]) -> None:
    gone = "unset CLAUDECODE CLAUDE_CODE_SESSION_ID CODEX_THREAD_ID"
    assert facts["claude asks"]["told"][0] == f"types: {gone}; claude"
    assert facts["codex thread"] not in ("", "parent")
