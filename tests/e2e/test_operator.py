"""``oxtail message`` to fake agents in real panes: what is typed, what is shown, and to whom."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.command import oxtail
from helpers.paned import PanedStage
from helpers.tmux import needs_tmux, private_tmux
from helpers.waiting import until
from oxtail.wake.keystrokes import WAKE_TEXT

pytestmark = [needs_tmux, pytest.mark.slow]

ALICE = "aaaaaaaa-0000-4000-8000-000000000001"
BOB = "bbbbbbbb-0000-4000-8000-000000000002"
SECRET = "the plan is in plan.md; rm nothing"


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PanedStage]:
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    monkeypatch.chdir(project)
    with private_tmux() as tmux:
        yield PanedStage(tmux, project)


def test_the_message_is_never_typed_and_is_shown_once_in_its_frame(stage: PanedStage) -> None:
    bob = stage.agent("bob", BOB)
    done = stage.oxtail("message", "--json", "bob", SECRET)
    assert done.status == 0, done
    result = done.json["result"]
    assert result["wake_status"] == "fired_unconfirmed"

    assert bob.sent() == [WAKE_TEXT]
    screen = stage.tmux.run("capture-pane", "-p", "-t", bob.pane, "-S", "-")
    assert "plan.md" not in screen
    (message,) = oxtail("inbox", "--json", "--as", BOB, "--force").json["result"]["messages"]
    assert (message["id"], message["body"]) == (result["message_id"], SECRET)
    assert (message["origin"], message["operator_source"]) == ("operator", "oxpit")
    assert "from_session_id" not in message
    reply = oxtail("reply", "--json", "--as", BOB, message["id"], "thank you")
    assert (reply.status, reply.json["error"]["code"]) == (3, "no-reply-target")

    # A second one at once is delivered, and nothing more is typed for it.
    again = stage.oxtail("message", "--json", "bob", "--nudge").json["result"]
    assert again["wake_status"] == "skipped_throttled"
    assert bob.sent() == [WAKE_TEXT]
    assert oxtail("inbox", "--json", "--as", BOB, "--force").json["result"]["count"] == 1


def test_an_agent_that_was_killed_gets_nothing(stage: PanedStage) -> None:
    bob = stage.agent("bob", BOB)
    os.kill(bob.entry.server_pid, signal.SIGKILL)
    until(lambda: stage.oxtail("message", "bob", "hello", "--no-wake").status == 3)
    error = stage.oxtail("message", "--json", BOB, "hello").json["error"]
    assert error["code"] == "agent-dead"


def test_a_broadcast_is_shown_before_it_is_sent(stage: PanedStage) -> None:
    agents = [stage.agent("alice", ALICE), stage.agent("bob", BOB)]
    shown = stage.oxtail("message", "--json", "--broadcast", "stop", "all")
    assert shown.status == 1
    result = shown.json["result"]
    assert (result["preview"], result["ok"]) == (True, False)
    assert {each["agent"] for each in result["receivers"]} == {ALICE, BOB}
    assert [agent.sent() for agent in agents] == [[], []]

    main = {"CLAUDE_CODE_SESSION_ID": ALICE}
    sent = stage.oxtail("message", "--json", "--broadcast", "--yes", "stop", **main)
    assert sent.status == 0
    assert [each["agent"] for each in sent.json["result"]["results"]] == [BOB]
    refused = stage.oxtail("message", "--json", "--broadcast", "--yes", "--cap", "1", "stop")
    assert (refused.status, refused.json["error"]["code"]) == (3, "too-many-receivers")
