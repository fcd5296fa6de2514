"""A fleet of one real Claude Code and three fake agents lives its whole life.

Panes that look like the fleet's are planted before and after it starts, and are never touched.
"""

from __future__ import annotations

from typing import Any

import pytest

from e2e.clients.runner import SCENARIO_SECONDS, play
from helpers.capabilities import needs, where
from oxtail.wake.keystrokes import WAKE_TEXT

pytestmark = [
    needs("clients", "tmux"),
    pytest.mark.clients,
    pytest.mark.slow,
    pytest.mark.timeout(SCENARIO_SECONDS + 10),
]


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the scenario reports, which is played once."""
    return play("fleet", tmp_path_factory.mktemp("fleet"), where("clients"))


def _rows(report: dict[str, Any], *members: str) -> list[tuple[Any, ...]]:
    return [tuple(row[member] for member in members) for row in report["rows"]]


def test_a_plan_changes_nothing(facts: dict[str, Any]) -> None:
    names = [step["window"] for step in facts["planned"]["steps"]]
    assert names == ["main", "alpha", "beta", "gamma"]
    assert [line.split(" ", 1)[1] for line in facts["after the plan"]] == [
        *("keep tmux", "crew-2 main", "crew-2 beta")
    ]


def test_status_sees_each_agent_alive_in_the_pane_that_was_made_for_it(
    facts: dict[str, Any],
) -> None:
    spawned = facts["spawned"]
    assert _rows(facts["spawn"], "window", "state") == [
        *(("main", "up"), ("alpha", "up"), ("beta", "up"), ("gamma", "up"))
    ]
    assert _rows(facts["spawn"], "pane_id") == [
        (spawned[name]["tmux_pane"],) for name in ("main", "alpha", "beta", "gamma")
    ]
    assert {agent["tmux_session"] for agent in spawned.values()} == {"crew"}
    assert spawned["main"]["client_type"] == "claude-code"
    assert spawned["main"]["session_id"] == facts["spawn"]["rows"][0]["session_id"]


def test_nobody_is_taken_for_the_agent_that_started_them(facts: dict[str, Any]) -> None:
    ids = {agent["session_id"] for agent in facts["spawned"].values()}
    labels = {agent["label"] for agent in facts["spawned"].values()}
    assert len(ids) == 4
    assert "parent" not in ids | labels


def test_a_message_and_a_nudge_are_in_the_next_requests_of_the_model(
    facts: dict[str, Any],
) -> None:
    assert facts["main is told"]
    assert "origin=operator" in facts["main is nudged"]
    assert facts["nudge"]["message_id"] in facts["main is nudged"]


def test_a_fake_agent_is_woken_in_its_own_pane(facts: dict[str, Any]) -> None:
    assert facts["message to alpha"]["ok"]
    assert facts["alpha is told"] == [WAKE_TEXT]


def test_a_jump_moves_the_terminal_and_a_dry_run_does_not(facts: dict[str, Any]) -> None:
    jump = facts["jump"]
    assert jump["dry"]["tmux_pane"] == jump["real"]["tmux_pane"] == jump["pane"]
    assert jump["between"].split(" ")[:2] == [jump["client"], "crew-2"]
    assert jump["after"] == f"{jump['client']} crew {jump['pane']}"


def test_sync_adds_one_removes_one_and_leaves_the_others_running(facts: dict[str, Any]) -> None:
    assert _rows(facts["sync"], "do", "window", "state") == [
        ("add", "delta", "up"),
        ("keep", "main", "healthy"),
        ("keep", "alpha", "healthy"),
        ("keep", "gamma", "healthy"),
        ("remove", "beta", "removed"),
    ]
    assert facts["kept"] == {"main": True, "alpha": True, "gamma": True, "beta": False}
    for name in ("main", "alpha", "gamma"):
        before, after = facts["spawned"][name], facts["synced"][name]
        assert after["session_id"] == before["session_id"]


def test_reset_starts_each_anew_in_its_pane(facts: dict[str, Any]) -> None:
    assert {row["state"] for row in facts["reset"]["rows"]} == {"up"}
    for name, agent in facts["reset shows"].items():
        assert agent["tmux_pane"] == facts["synced"][name]["tmux_pane"]
        assert agent["session_id"] != facts["synced"][name]["session_id"]
    assert facts["main is told again"]


def test_teardown_leaves_what_is_not_the_fleets_alone(facts: dict[str, Any]) -> None:
    assert facts["planted"].items() <= facts["left"].items()
    # A person works beside alpha, in the same window, which therefore stays as it is.
    assert set(facts["left alive"]) == {"alpha"}
    assert len(facts["left"]) == len(facts["planted"]) + len(("keep", "alpha"))
