"""A session that is given a new id, or is resumed, keeps its mail, its handles and its work.

Every arrival is asserted on the body of a request that a model received.
"""

from __future__ import annotations

from typing import Any

import pytest

from e2e.clients.runner import SCENARIO_SECONDS, play
from e2e.clients.scenarios.continuity import BETWEEN
from helpers.capabilities import needs, where

pytestmark = [
    needs("clients", "tmux"),
    pytest.mark.clients,
    pytest.mark.slow,
    pytest.mark.timeout(SCENARIO_SECONDS + 10),
]


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a conversation and its forks report, which is played once."""
    return play("forks", tmp_path_factory.mktemp("forks"), where("clients"))


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the scenario reports, which is played once."""
    return play("continuity", tmp_path_factory.mktemp("continuity"), where("clients"))


def test_mail_that_waits_while_the_conversation_is_cleared_is_in_the_new_one_once(
    facts: dict[str, Any],
) -> None:
    assert facts["before"] == {"handle": 1, "task": 1}
    assert facts["new id"] != facts["old id"]
    assert facts["waiting"]["status"] == "stored"
    assert (facts["after"]["between"], facts["after"]["call"]) == (1, 1)
    # The conversation is new: what the old one was shown is not shown again.
    assert facts["after"]["handle"] == 0


def test_its_receipt_names_a_line_of_the_new_transcript(facts: dict[str, Any]) -> None:
    found = facts["found"]

    assert facts["new id"] in found["transcript"]
    assert facts["sent"]["between"]["message_id"] in found["text"]
    assert BETWEEN in found["text"]


def test_the_new_conversation_is_reminded_of_open_work_and_of_its_question(
    facts: dict[str, Any],
) -> None:
    after = facts["after"]

    assert (after["task"], after["question"]) == (1, 1)
    # It is brief: it names what is open, and repeats none of it.
    assert (after["task body"], after["question body"]) == (0, 0)


def test_mail_to_the_old_id_reaches_the_new_conversation(facts: dict[str, Any]) -> None:
    assert facts["to the old id"]["target_session_id"] == facts["new id"]
    assert facts["to the old id is shown"] == 1


def test_a_handle_from_before_can_be_answered_after(facts: dict[str, Any]) -> None:
    assert facts["replied"]["ok"]
    assert facts["reply is shown"] == 1


def test_the_answer_to_a_question_from_before_comes_after(facts: dict[str, Any]) -> None:
    assert facts["sent"]["question"]["timed_out"]
    assert facts["answered"]["correlation"] == "correlated"
    assert facts["answered"]["target_session_id"] == facts["new id"]
    assert facts["answer is shown"] == 1


def test_work_from_before_is_open_after_and_can_be_completed(facts: dict[str, Any]) -> None:
    work = facts["sent"]["task"]["message_id"]

    assert [one["message_id"] for one in facts["open"]["open"]] == [work]
    assert facts["completed"]["obligation_state"] == "done"
    assert facts["result is shown"] == 1


def test_a_compacted_conversation_is_reminded_of_open_work(facts: dict[str, Any]) -> None:
    assert facts["compacted"] == {"id": 1, "body": 0}


def test_a_resumed_session_is_reminded_of_open_work(facts: dict[str, Any]) -> None:
    before, after = facts["resumed"]["before"], facts["resumed"]["after"]

    assert facts["exit code"] == 0
    assert after == {"id": before["id"] + 1, "body": before["body"]}


def test_forks_inherit_nothing_from_a_conversation_that_returns(forks: dict[str, Any]) -> None:
    found = [forks[name] for name in ("one", "other", "parent")]

    assert len({one["id"] for one in found}) == len(found)
    assert [one["mail"] for one in found] == [0, 0, 1]
    assert [one["work"] for one in found] == [[], [], [forks["task"]]]
