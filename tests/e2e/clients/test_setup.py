"""The real clients find what ``oxtail setup`` wrote, and nothing of it once it is taken out."""

from __future__ import annotations

import json
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

PEOPLE = ("new", "used")
OURS = 9
"""How many hooks Codex gets: four events by call and by command, the end by command alone."""


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return play("setup", tmp_path_factory.mktemp("setup"), where("clients"))


@pytest.mark.parametrize("person", PEOPLE)
def test_both_clients_start_the_server_that_setup_registered(
    facts: dict[str, Any], person: str
) -> None:
    seen = facts[person]
    assert "Connected" in seen["claude"]
    (server,) = [one for one in seen["codex"] if one["name"] == "oxtail"]
    command, *arguments = seen["setup"]["command"]
    assert server["enabled"]
    assert (server["transport"]["command"], server["transport"]["args"]) == (command, arguments)


@pytest.mark.parametrize("person", PEOPLE)
def test_codex_trusts_the_hooks_of_setup_and_no_others(facts: dict[str, Any], person: str) -> None:
    status, untrusted = facts[person]["not asked"]
    others = [["/bin/true mine", "untrusted"]] if person == "used" else []

    assert status == "not-asked"
    assert [trust for _, trust in untrusted] == ["untrusted"] * (OURS + len(others))
    assert facts[person]["setup"]["codex_trust"] == "trusted"
    trusted = [one for one in facts[person]["hooks"] if one[1] == "trusted"]
    assert len(trusted) == OURS
    assert [one for one in facts[person]["hooks"] if one not in trusted] == others


@pytest.mark.parametrize("person", PEOPLE)
def test_the_hooks_run_when_a_session_starts(facts: dict[str, Any], person: str) -> None:
    seen = facts[person]
    assert seen["claude starts"] == [seen["claude session"]]
    assert len(seen["codex starts"]) == 1


@pytest.mark.parametrize("person", PEOPLE)
def test_doctor_finds_the_missing_trust_and_nothing_once_it_is_there(
    facts: dict[str, Any], person: str
) -> None:
    assert "codex-trust" in facts[person]["deaf"]
    assert facts[person]["doctor"] == []


@pytest.mark.parametrize("person", PEOPLE)
def test_a_second_setup_changes_nothing(facts: dict[str, Any], person: str) -> None:
    changed, files = facts[person]["again"]

    assert changed == []
    for place in (".claude/settings.json", ".codex/config.toml", ".codex/hooks.json"):
        assert files[place] == facts[person]["after"][place]


@pytest.mark.parametrize("person", PEOPLE)
def test_uninstall_gives_the_files_back(facts: dict[str, Any], person: str) -> None:
    left = dict(facts[person]["left"])

    # Claude Code writes its own file whenever it runs, so that one is not what it was.
    own = json.loads(left.pop(".claude.json"))
    assert "mcpServers" not in own
    assert left == facts[person]["before"]
    assert [hook for hook, _ in facts[person]["hooks left"]] == (
        ["/bin/true mine"] if person == "used" else []
    )
