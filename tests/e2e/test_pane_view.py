"""``oxtail status`` on fake agents that think in silence: what their panes show decides."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.paned import PanedStage
from helpers.tmux import needs_tmux, private_tmux

pytestmark = [needs_tmux, pytest.mark.slow]

ALICE = "aaaaaaaa-0000-4000-8000-000000000001"
BOB = "bbbbbbbb-0000-4000-8000-000000000002"
CAROL = "cccccccc-0000-4000-8000-000000000003"


class Stage(PanedStage):
    def rows(self, *words: str, terminal: bool = False, **extra: str) -> dict[str, dict[str, Any]]:
        done = self.oxtail("status", "--json", *words, terminal=terminal, **extra)
        assert done.status == 0, done
        found = done.json["result"]
        return {each["session_id"]: each for each in (*found["agents"], *found["background"])}

    def tmux_calls(self) -> int:
        events = map(json.loads, self.trace.read_text().splitlines())
        return sum(event.get("event") == "tmux_call" for event in events)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    monkeypatch.chdir(project)
    with private_tmux() as tmux:
        yield Stage(tmux, project)


def state(row: dict[str, Any]) -> tuple[str, str | None]:
    return row["liveness_reason"], row["tail"]


def test_the_status_line_of_a_client_counts_and_the_same_words_elsewhere_do_not(
    stage: Stage,
) -> None:
    alice, bob = stage.agent("alice", ALICE), stage.agent("bob", BOB)
    for agent in (alice, bob):
        agent.wrote(100)
    alice.tell("busy")
    bob.tell("draft tell me what esc to interrupt does · esc to interrupt ·")

    rows = stage.rows()
    assert stage.tmux_calls() == 1
    assert state(rows[ALICE]) == ("pane_fresh", "working")
    assert state(rows[BOB]) == ("idle", None)
    # The answer is the same whoever reads it.
    assert {key: state(row) for key, row in stage.rows(terminal=True).items()} == {
        key: state(row) for key, row in rows.items()
    }
    assert "working" in stage.oxtail("status", "--width", "100").out

    assert state(stage.rows(CLAUDE_CODE_SESSION_ID=ALICE)[ALICE]) == ("idle", None)
    assert state(stage.rows("--no-activity")[ALICE]) == ("no_transcript", None)
    alice.wrote(700)
    assert state(stage.rows()[ALICE]) == ("idle", None)
    alice.wrote(100)
    alice.tell("idle")
    assert state(stage.rows()[ALICE]) == ("idle", None)


def test_a_pane_speaks_for_the_agent_in_it_and_for_nobody_who_claims_it(stage: Stage) -> None:
    alice, bob = stage.agent("alice", ALICE), stage.agent("bob", BOB)
    alice.tell("busy")
    # Carol claims that pane and runs in none; what Bob's entry says of his pane is wrong.
    path = stage.tmux.folder / "carol.jsonl"
    path.touch()
    os.utime(path, (path.stat().st_mtime - 100,) * 2)
    client = alice.entry.client._replace(session_id=CAROL, transcript_path=str(path))
    stage.publish(
        alice.entry._replace(server_pid=os.getpid(), client=client, start_token=None, name="carol")
    )
    bob.entry = bob.entry._replace(tmux_pane="%77")
    bob.wrote(100)
    alice.wrote(100)
    bob.tell("busy")

    rows = stage.rows()
    assert state(rows[ALICE]) == ("pane_fresh", "working")
    assert state(rows[CAROL]) == ("idle", None)
    assert rows[CAROL]["tmux_pane"] is None
    # It was looked for in vain, and is found by whoever looks again.
    assert (state(rows[BOB]), rows[BOB]["tmux_pane"]) == (("idle", None), bob.pane)
