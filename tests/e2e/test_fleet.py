"""``oxtail status`` on real processes in real panes: what it shows, and that it runs tmux once."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.command import OXTAIL, environment, oxtail
from helpers.tmux import PrivateTmux, needs_tmux, private_tmux
from helpers.waiting import until
from oxtail.core.entry import Client, Entry

pytestmark = pytest.mark.slow

ALICE = "aaaaaaaa-0000-4000-8000-000000000001"
BOB = "bbbbbbbb-0000-4000-8000-000000000002"
HIDDEN = "cccccccc-0000-4000-8000-000000000003"

_PEER = """
import sys, time, oxtail
with oxtail.join(name={name!r}, session_id={session_id!r}):
    time.sleep(600)
"""


@pytest.fixture
def tmux() -> Iterator[PrivateTmux]:
    with private_tmux() as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "project"
    (path / ".git").mkdir(parents=True)
    monkeypatch.chdir(path)
    return path


class Stage:
    """A project whose agents run in panes of one private tmux server."""

    def __init__(self, tmux: PrivateTmux, project: Path, trace: Path) -> None:
        self.tmux, self.project, self.trace = tmux, project, trace

    def agent(self, name: str, session_id: str, window: str) -> str:
        """Start an agent in a window of its own; return its pane."""
        code = _PEER.format(name=name, session_id=session_id)
        home = f"HOME={os.environ['HOME']}"
        words = ["exec", "env", "-u", "TMUX", home, sys.executable, "-c", code]
        pane = self.tmux.session(f"session-{name}", shlex.join(words), cwd=self.project)
        self.tmux.run("rename-window", "-t", pane, window)
        return pane

    def status(self, *words: str, status: int = 0) -> dict[str, Any]:
        done = oxtail(
            "status", "--json", *words,
            TMUX=f"{self.tmux.socket},1,0", MCP_TRACE_FILE=str(self.trace),
        )  # fmt: skip
        assert done.status == status, done
        result: dict[str, Any] = done.json["result"]
        return result

    def rows(self) -> dict[str, dict[str, Any]]:
        found = self.status()
        return {each["session_id"]: each for each in (*found["agents"], *found["background"])}

    def tmux_calls(self) -> int:
        if not self.trace.exists():
            return 0
        events = map(json.loads, self.trace.read_text().splitlines())
        return sum(event.get("event") == "tmux_call" for event in events)


@pytest.fixture
def stage(tmux: PrivateTmux, project: Path, tmp_path: Path) -> Stage:
    return Stage(tmux, project, tmp_path / "trace")


@needs_tmux
def test_agents_are_shown_with_their_panes_and_a_dead_one_keeps_none(stage: Stage) -> None:
    first, second = stage.agent("alice", ALICE, "editor"), stage.agent("bob", BOB, "builder")
    until(lambda: set(stage.rows()) == {ALICE, BOB})

    rows = stage.rows()
    assert (rows[ALICE]["tmux_pane"], rows[ALICE]["window_name"]) == (first, "editor")
    assert (rows[BOB]["tmux_pane"], rows[BOB]["window_name"]) == (second, "builder")
    assert rows[ALICE]["pane_activity_at"] is not None
    assert all(row["proc_sig"] == "ok" for row in rows.values())

    done = oxtail("send", "--as", ALICE, "bob", "build it", "--action-required")
    assert done.status == 0, done
    os.kill(rows[BOB]["server_pid"], signal.SIGKILL)
    until(lambda: stage.rows()[BOB]["liveness"] == "dead")
    # Somebody else is in a pane of that number and that window name by now.
    stage.agent("carol", HIDDEN, "builder")
    until(lambda: HIDDEN in stage.rows())

    rows = stage.rows()
    assert (rows[BOB]["tmux_pane"], rows[BOB]["window_name"]) == (None, None)
    assert rows[HIDDEN]["window_name"] == "builder"
    assert rows[BOB]["open_work"] == 1
    assert rows[ALICE]["waiting"]["orphaned"] is True
    stage.status("--check", status=2)
    stage.status("--ack", "bob", "--check")
    stage.status("--check")


@needs_tmux
def test_one_look_runs_tmux_once(stage: Stage) -> None:
    for number in range(3):
        stage.agent(f"agent{number}", f"{number}" * 8, f"w{number}")
    until(lambda: len(stage.rows()) == 3)
    before = stage.tmux_calls()
    stage.status()
    assert stage.tmux_calls() == before + 1


def _in_a_terminal(*words: str) -> str:
    """Return what ``oxtail`` prints with *words* where a person looks at it."""
    here, there = pty.openpty()
    process = subprocess.Popen(
        [*OXTAIL, *words], stdin=there, stdout=there, stderr=there, env=environment()
    )
    os.close(there)
    said = b""
    try:
        while piece := os.read(here, 65_536):
            said += piece
    except OSError:  # how Linux says that nobody has the other end any more
        pass
    finally:
        os.close(here)
        assert process.wait(timeout=60) == 0
    return said.decode().replace("\r\n", "\n")


def test_a_terminal_a_pipe_and_a_program_are_told_the_same(
    project: Path, tmp_path: Path, home: Path
) -> None:
    transcript = tmp_path / "transcript.jsonl"
    call = {"type": "tool_use", "id": "a", "name": "Grep", "input": {}}
    transcript.write_text(
        json.dumps({"type": "assistant", "message": {"id": "m", "content": [call]}}) + "\n"
    )
    an_hour_ago = transcript.stat().st_mtime - 90
    os.utime(transcript, (an_hour_ago, an_hour_ago))
    entry = Entry(
        os.getpid(), int(an_hour_ago),
        Client("claude-code", ALICE, str(transcript), "env", str(project)), name="alice",
    )  # fmt: skip
    folder = home / ".oxtail" / "sessions"
    folder.mkdir(parents=True)
    (folder / f"{os.getpid()}.json").write_text(json.dumps(entry.as_dict()))
    assert oxtail("send", "--as", ALICE, BOB, "are you there").status == 3
    assert oxtail("inbox", "--as", BOB).status == 0
    assert oxtail("send", "--as", ALICE, BOB, "are you there").status == 0

    def without_ages(text: str) -> str:
        return re.sub(r"\d+[smh]\b|\d\d:\d\d:\d\d", "T", text)

    words = ("status", "--log", "--width", "100")
    piped = oxtail(*words).out
    assert without_ages(_in_a_terminal(*words)) == without_ages(piped)
    (alice, bob) = oxtail("status", "--log", "--json").json["result"]["agents"]
    assert (alice["liveness_reason"], alice["activity"]["tool"]) == ("tool_running", "search")
    assert (bob["liveness"], bob["unread"]) == ("dead", 1)
    assert "active tool" in piped
    assert "search…" in piped
    assert "mail 1" in piped
