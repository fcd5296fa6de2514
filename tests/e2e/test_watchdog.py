"""Real servers look after what their sessions wait for and owe, and end all the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.command import oxtail
from helpers.fakes import ALICE, BOB
from helpers.waiting import until
from helpers.wire import ServerProcess

pytestmark = pytest.mark.slow

EAGER = {"OXTAIL_WAITER_HEAL_INTERVAL_MS": "100", "OXTAIL_WAITER_HEAL_GRACE_MS": "1"}


@pytest.fixture
def alice(home):
    env = {"CLAUDECODE": "1", "CLAUDE_CODE_SESSION_ID": ALICE, **EAGER}
    with ServerProcess(home, env=env) as server:
        server.handshake("claude-code")
        yield server


@pytest.fixture
def bob(home):
    with ServerProcess(home, env={"CODEX_THREAD_ID": BOB, **EAGER}) as server:
        server.handshake("codex-mcp-client")
        assert server.call("claim_session", session_id=BOB)["ok"]
        yield server


def pending(home: Path) -> list[str]:
    return [path.name for path in (home / ".oxtail" / "pending-ask").glob("p-*")]


def test_a_peer_that_has_not_seen_a_question_is_woken_again(home, alice, bob):
    asked = alice.call("ask_peer", target=BOB, body="well?", timeout_ms=100)
    assert asked["timed_out"]
    events = until(lambda: alice.events("waiter_heal_repoke"))
    assert (events[0]["owner"], events[0]["target"]) == (ALICE, BOB)
    assert events[0]["message_id"] == asked["message_id"]

    bob.call("read_my_messages")
    bob.call("reply_to_message", message_id=asked["message_id"], body="yes")
    until(lambda: not pending(home))
    assert alice.end() == bob.end() == 0
    assert alice.events("waiter_heal_tick_error") == alice.events("job_failed") == []


def graph_of(home: Path) -> dict:
    done = oxtail("work", "--graph", "--all", "--json", HOME=str(home))
    assert done.status == 0, done.err
    return json.loads(done.out)["result"]


def test_two_agents_that_ask_each_other_at_once_are_seen_to_be_stuck(home, alice, bob):
    first = alice.start_call("ask_peer", target=BOB, body="you first", timeout_ms=60_000)
    second = bob.start_call("ask_peer", target=ALICE, body="no, you", timeout_ms=60_000)
    graph = until(lambda: (found := graph_of(home))["circles"] and found)

    assert graph["circles"] == [{"kind": "deadlock", "members": [ALICE, BOB]}]
    counts = {"waits": 2, "deadlocks": 1, "orphaned": 0, "overdue": 0, "held": 0}
    assert graph["counts"] == counts
    text = oxtail("work", "--graph", "--all", HOME=str(home)).out
    assert "deadlock: 11111111 -> 22222222 -> 11111111;" in text

    for server, call in ((alice, first), (bob, second)):
        server.notify("notifications/cancelled", requestId=call)
    until(lambda: not graph_of(home)["counts"]["deadlocks"])
    assert [each["kind"] for each in graph_of(home)["circles"]] == ["mutual"]


def test_overdue_work_is_told_of_once_and_shown_to_people(home, alice, bob):
    sent = alice.call("send_message", target=BOB, body="do it", action_required=True, due_in_s=1)
    assert sent["ok"]
    path = home / ".oxtail" / "notices.jsonl"
    until(path.exists)
    notices = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(each["kind"], each["session_id"]) for each in notices] == [("overdue", BOB)]
    assert sent["message_id"] in notices[0]["text"]
