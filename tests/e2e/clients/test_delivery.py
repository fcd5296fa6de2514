"""After ``oxtail setup``, mail reaches the real clients in every state, and nobody types.

Every arrival is asserted on the body of a request that a model received.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import pytest

from e2e.clients.runner import SCENARIO_SECONDS, play
from e2e.clients.scenarios.delivery import IDLE_ROUNDS
from helpers.capabilities import needs, where

pytestmark = [
    needs("clients", "tmux"),
    pytest.mark.clients,
    pytest.mark.slow,
    pytest.mark.timeout(SCENARIO_SECONDS + 10),
]

CLIENTS = ["claude", "codex"]
DOORS = {"claude": ["claude-inbox"], "codex": ["codex-queue"]}
OTHER = {"claude": "codex", "codex": "claude"}
IDLE_SECONDS = {"claude": 1.5, "codex": 2.0}
"""What is promised from the send to the request."""
GRACE_SECONDS = 15
"""What has waited for so long may be nudged for again, and also where a session says it is busy."""
IDLE_SENDS = 10
"""Where a command takes long, the machine does other things: the request may take so many of it."""

IDLE = [f"idle {number}" for number in range(IDLE_ROUNDS)]
WITH_SERVER = ["tool result", "end of turn", *IDLE, "idle again"]
WITHOUT_SERVER = ["server killed", "start", "no server"]


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the scenario reports, which is played once."""
    return play("delivery", tmp_path_factory.mktemp("delivery"), where("clients"))


def test_setup_leaves_nothing_to_do(facts: dict[str, Any]) -> None:
    assert facts["setup"]["exit code"] == 0
    assert facts["setup"]["result"]["clients"] == CLIENTS
    assert facts["setup"]["result"]["codex_trust"] == "trusted"
    assert facts["doctor"] == []


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("moment", [*WITH_SERVER, *WITHOUT_SERVER])
def test_mail_is_in_the_next_request_and_once(
    facts: dict[str, Any], client: str, moment: str
) -> None:
    mail = facts[client]["mail"][moment]

    assert mail["times"] == 1
    assert mail["times in all"] == 1
    assert mail["receipt"]["via"] == "hook"
    assert mail["receipt"]["recipient_session_id"] == mail["sent"]["target_session_id"]


@pytest.mark.parametrize("client", CLIENTS)
def test_an_idle_session_is_brought_its_mail_by_its_own_server(
    facts: dict[str, Any], client: str
) -> None:
    found = [facts[client]["mail"][moment] for moment in (*IDLE, "idle again")]
    latencies = [mail["latency"] for mail in found]
    sys.stdout.write(f"{client}, from the start of the send to the request: {latencies} s\n")

    assert [mail["sent"]["wake_status"] for mail in found] == ["left_to_receiver"] * len(found)
    assert [facts[client][one]["doors"] for one in ("entry", "new entry")] == [DOORS[client]] * 2
    # The best one, because a loaded machine may stretch any of them.  A door that a client only
    # looks at now and then stretches them all.
    command = min(mail["sent after"] for mail in found)
    assert min(latencies) < max(IDLE_SECONDS[client], IDLE_SENDS * command)


def test_nobody_types_and_no_message_takes_two_nudges(facts: dict[str, Any]) -> None:
    events = facts["events"]
    nudges = [event for event in events if event["event"] == "nudge"]
    times = Counter(message for event in nudges for message in event["messages"])

    assert not [event for event in events if event["event"] == "tmux_door_typed"]
    assert {event["outcome"] for event in nudges} == {"accepted"}
    for client in CLIENTS:
        asked, brought = f"{client} asks {OTHER[client]}", 0
        for moment, mail in facts[client]["mail"].items():
            is_idle = moment in (*IDLE, "idle again", asked)
            found = times.pop(mail["sent"]["message_id"], 0)
            # A hook at the end of a turn may be late, and take what comes then.
            assert found <= is_idle or mail["latency"] > GRACE_SECONDS, (client, moment, found)
            brought += found
        assert brought
    # What is left are the two questions.
    slowest = max(facts[f"{client} asks {OTHER[client]}"]["latency"] for client in CLIENTS)
    assert set(times.values()) == {1} or slowest > GRACE_SECONDS
    assert len(times) <= len(CLIENTS)


@pytest.mark.parametrize("client", CLIENTS)
def test_each_answer_of_the_model_had_one_request(facts: dict[str, Any], client: str) -> None:
    """No nudge came for mail that was shown already, and no hook prolonged a turn for nothing."""
    assert facts[client]["turns"] == facts[client]["answers"]


@pytest.mark.parametrize("client", CLIENTS)
def test_without_its_server_a_session_gets_mail_by_command_and_doctor_says_so(
    facts: dict[str, Any], client: str
) -> None:
    seen = facts[client]
    shown = {
        event["messages"][0]: event["server_pid"]
        for event in facts["events"]
        if event["event"] == "hook_delivered"
    }

    first, second = seen["killed"]
    assert first != second
    assert shown[seen["mail"]["server killed"]["sent"]["message_id"]] != first
    assert shown[seen["mail"]["no server"]["sent"]["message_id"]] != second
    assert "wake_status" not in seen["mail"]["no server"]["sent"]
    assert "session-server" in [finding["check"] for finding in seen["doctor"]]
    assert seen["new entry"]["server_pid"] not in seen["killed"]
    assert seen["exit code"] == 0


@pytest.mark.parametrize("client", CLIENTS)
def test_an_idle_peer_answers_a_question(facts: dict[str, Any], client: str) -> None:
    asked = facts[f"{client} asks {OTHER[client]}"]

    assert asked["answer"]["reply"]["body"] == f"{client} asks {OTHER[client]}!"
    assert asked["answer"]["correlation"] == "correlated"
    assert asked["times"] == [1, 1]


@pytest.mark.parametrize("policy", ["hold", "refuse"])
def test_a_sender_is_not_told_that_a_closed_door_is_open(
    facts: dict[str, Any], policy: str
) -> None:
    refused = facts[policy]

    assert refused["doors"] == []
    assert "wake_status" not in refused["sent"]
    assert refused["sent"]["delivery_outlook"] == "stranded_until_read"
    assert [finding["check"] for finding in refused["doctor"]] == ["claude-inbound"]
    assert refused["turns"] == 0
