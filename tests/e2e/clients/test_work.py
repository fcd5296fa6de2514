"""Work that a real client hands to another comes back, and receipts name where each message stands.

Every arrival is asserted on the body of a request that a model received; every line of a transcript
is looked at in the file that the receipt names.
"""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import ANY

import pytest

from e2e.clients.proofs import proof
from e2e.clients.runner import SCENARIO_SECONDS, play
from e2e.clients.scenarios.work import ANSWERS, NEWS, RESULT, TASK
from helpers.capabilities import needs, where

pytestmark = [
    needs("clients", "tmux"),
    pytest.mark.clients,
    pytest.mark.slow,
    pytest.mark.timeout(SCENARIO_SECONDS + 10),
]

BODIES = {"queue": TASK, "hook": NEWS, "inbox door": RESULT}
RECEIVERS = {"queue": "codex", "hook": "claude", "inbox door": "claude"}
RECORDS = {
    "queue": ("response_item", "message"),
    "hook": ("attachment", "hook_additional_context"),
    "inbox door": ("attachment", "hook_additional_context"),
    "codex": ("response_item", "function_call_output"),
    "claude": ("user", "user"),
}
"""Which lines have a text before the model; other lines tell of it, in the same words."""


def record(text: str) -> tuple[str, str]:
    """Return what kind of line of a transcript *text* is."""
    line = json.loads(text)
    content = line.get("attachment") or line.get("payload") or line["message"]
    return line["type"], content.get("type") or content["role"]


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the delegation reports, which is played once."""
    return play("work", tmp_path_factory.mktemp("work"), where("clients"))


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What clients without hooks report, which is played once."""
    return play("work_read", tmp_path_factory.mktemp("work_read"), where("clients"))


def test_delegated_work_is_durable_and_wakes_the_one_who_owes_it(facts: dict[str, Any]) -> None:
    sent = facts["sent"]
    (header,) = facts["codex sees"]["headers"]

    assert (sent["action_required"], sent["obligation_durable"]) == (True, True)
    assert facts["codex sees"]["times"] == 1
    assert f"message_id={sent['message_id']}" in header
    assert "action_required" in header
    assert [
        (one["message_id"], one["from_session_id"], one["body"], one["state"])
        for one in facts["open"]["open"]
    ] == [(sent["message_id"], facts["claude"], TASK, "open")]
    assert facts["open for claude"]["open"] == []


def test_the_result_pulls_the_asker_back_and_is_in_its_next_request(facts: dict[str, Any]) -> None:
    completed = facts["completed"]

    assert (completed["obligation_state"], completed["correlation"]) == ("done", "correlated")
    assert completed["requester_session_id"] == facts["claude"]
    assert (facts["result too early"], facts["result in time"]) == (0, 1)


def test_completed_work_is_open_no_more_and_is_completed_once(facts: dict[str, Any]) -> None:
    assert facts["left"]["open"] == []
    assert (facts["again"]["already_closed"], facts["again"]["obligation_state"]) == (True, "done")
    assert facts["at the end"] == [1, 1, 0]


def test_the_delegation_is_answered_by_the_result(facts: dict[str, Any]) -> None:
    assert facts["status"]["status"] == "answered"
    assert proof(facts["status"], "answered") == {
        "stage": "answered",
        "at": ANY,
        "message_id": facts["completed"]["completion_message_id"],
    }


def test_each_stage_of_the_delegation_has_its_proof(facts: dict[str, Any]) -> None:
    status = facts["found"]["queue"]["status"]
    offered, shown = proof(status, "offered"), proof(status, "shown")

    assert [one["stage"] for one in status["evidence"]] == [
        "stored",
        "offered",
        "shown",
        "in_context",
        "answered",
    ]
    assert offered
    assert (offered["door"], offered["attempt"]) == ("codex-queue", 1)
    assert shown
    assert (shown["via"], shown["recipient_session_id"]) == ("hook", facts["codex"])


def test_a_sender_that_waits_is_told_that_its_message_was_shown(facts: dict[str, Any]) -> None:
    receipt = facts["news"]["receipt"]

    assert (receipt["status"], receipt["timed_out"]) in [("shown", False), ("in_context", False)]


def test_overdue_work_brings_back_the_one_who_owes_it_and_can_be_given_up(
    facts: dict[str, Any],
) -> None:
    due = facts["due"]
    work = due["sent"]["message_id"]

    assert due["seen"] == [1, 2]
    assert [(one["message_id"], one["overdue"]) for one in due["open"]] == [(work, True)]
    assert due["blocked"]["obligation_state"] == "blocked"
    assert due["told"] == 1


def test_nobody_types_and_no_model_is_asked_in_vain(facts: dict[str, Any]) -> None:
    assert not [event for event in facts["events"] if event["event"] == "tmux_door_typed"]
    assert facts["turns"] == ANSWERS


@pytest.mark.parametrize("way", BODIES)
def test_a_receipt_names_the_line_of_the_transcript(facts: dict[str, Any], way: str) -> None:
    """A notice holds the id and not the words, so the words tell whether it is the line."""
    found = facts["found"][way]

    assert facts[RECEIVERS[way]] in found["transcript"]
    assert record(found["text"]) == RECORDS[way]
    assert found["id"] in found["text"]
    assert BODIES[way] in found["text"]


@pytest.mark.parametrize("client", ["claude", "codex"])
@pytest.mark.parametrize("tool", ["read_my_messages", "ask_peer"])
def test_the_result_of_a_tool_is_a_line_of_the_transcript(
    read: dict[str, Any], client: str, tool: str
) -> None:
    found = read[client][tool]

    assert read["exit codes"] == [0, 0]
    assert read[client]["before"]["status"] == "stored"
    assert found["status"]["status"] == "in_context"
    assert read[client]["session"] in found["transcript"]
    assert record(found["text"]) == RECORDS[client]
    assert found["id"] in found["text"]
    assert found["body"] in found["text"]


@pytest.mark.parametrize("client", ["claude", "codex"])
def test_a_question_that_got_its_answer_is_answered(read: dict[str, Any], client: str) -> None:
    assert read[client]["question"]["status"] == "answered"
