"""What a person says reaches the real clients once and framed, and their work is seen as it is."""

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


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the scenario reports, which is played once."""
    return play("told", tmp_path_factory.mktemp("told"), where("clients"))


@pytest.mark.parametrize("client", CLIENTS)
def test_the_pane_of_a_real_client_shows_work_and_no_work(
    facts: dict[str, Any], client: str
) -> None:
    """The model says the very words that the client shows while it works."""
    work, done = facts[client]["at work"], facts[client]["done"]
    assert work["liveness"] == "active"
    assert work["tail"]
    assert (done["liveness"], done["tail"]) == ("idle", None)
    assert work["tmux_pane"] == done["tmux_pane"]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_message_is_seen_once_in_its_frame_and_cannot_be_answered(
    facts: dict[str, Any], client: str
) -> None:
    seen = facts[client]
    assert seen["times"] == 1
    assert f"message_id={seen['told']['message_id']}" in seen["header"]
    assert "origin=operator (oxpit)" in seen["header"]
    assert "from_session_id" not in seen["header"]
    assert (seen["reply"]["ok"], seen["reply"]["error"]) == (False, "no-reply-target")
    assert seen["status"]["status"] in ("shown", "in_context")
    assert seen["nudge is seen"] == 1


def test_the_clients_own_doors_bring_it_in_and_nobody_types(facts: dict[str, Any]) -> None:
    told = [facts[client][what]["wake_status"] for client in CLIENTS for what in ("told", "nudged")]
    assert told == ["left_to_receiver"] * 4
    assert not [event for event in facts["events"] if event["event"] == "tmux_door_typed"]


@pytest.mark.parametrize("client", CLIENTS)
def test_the_way_to_its_pane_is_known(facts: dict[str, Any], client: str) -> None:
    """Nobody is attached, so there is a command for whoever wants to be."""
    refused = facts[client]["jump"]
    assert refused["reason"] == "no-client"
    assert f"'={client}:" in refused["command"]
    assert refused["command"].endswith(f".{facts[client]['at work']['tmux_pane']}'")
