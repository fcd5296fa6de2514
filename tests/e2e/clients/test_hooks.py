"""Hooks of the real Claude Code and the real Codex bring mail before the model.

Every assertion is about what a model received in the body of a request, and on receipts.
"""

from __future__ import annotations

from typing import Any

import pytest

from e2e.clients.runner import SCENARIO_SECONDS, play
from helpers.capabilities import needs, where

pytestmark = [
    needs("clients"),
    pytest.mark.clients,
    pytest.mark.slow,
    pytest.mark.timeout(SCENARIO_SECONDS + 10),
]


@pytest.fixture(scope="module")
def facts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What a scenario reports, which is played once."""
    return play(request.param, tmp_path_factory.mktemp(request.param), where("clients"))


WAYS = {"hooks": "with a server to call", "hooks_commands": "as commands"}


@pytest.mark.parametrize("client", ["claude", "codex"])
@pytest.mark.parametrize("facts", WAYS, indirect=True, scope="module")
def test_hooks_bring_mail_once_whenever_a_client_asks_its_model(
    facts: dict[str, Any], client: str
) -> None:
    seen = facts[client]

    for moment in ("tool result", "end of turn", "start", "no server"):
        assert seen[moment]["times"] == 1, moment
        assert seen[moment]["receipt"]["via"] == "hook"
        assert seen[moment]["receipt"]["recipient_session_id"]
    assert (seen["exit code"], seen["exit code again"]) == (0, 0)
    # One for each answer of the model: no hook prolonged a turn without mail, or twice.
    assert seen["turns"] == 7
    assert seen["marker"] is None


@needs("tmux")
@pytest.mark.parametrize("facts", ["hooks_clear"], indirect=True, scope="module")
def test_the_server_follows_its_session_to_a_new_id_and_old_mail_follows_too(
    facts: dict[str, Any],
) -> None:
    new = facts["new id"]
    assert facts["before"]["session_id"] != new
    assert (facts["after"]["session_id"], facts["after"]["session_id_source"]) == (new, "hook")
    assert facts["markers"] == {new: "busy"}
    for mail in ("old mail", "new mail"):
        assert facts[mail]["times"] == 1
        assert facts[mail]["receipt"]["recipient_session_id"] == new
