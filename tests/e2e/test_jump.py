"""Going to agents in real panes, with real terminals attached: who is moved, and where to."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.paned import Paned, PanedStage
from helpers.terminals import attached
from helpers.tmux import needs_tmux, private_tmux
from helpers.waiting import until

pytestmark = [needs_tmux, pytest.mark.slow]

ALICE = "aaaaaaaa-0000-4000-8000-000000000001"
BOB = "bbbbbbbb-0000-4000-8000-000000000002"


class Stage(PanedStage):
    def jump(self, *words: str, pane: str = "", status: int = 0) -> dict[str, Any]:
        done = self.oxtail("jump", "--json", *words, pane=pane)
        assert done.status == status, done
        line: dict[str, Any] = done.json
        found: dict[str, Any] = line["error"] if status else line["result"]
        return found

    def seen(self, client: str) -> str:
        """Return the pane that a terminal shows."""
        form = "#{client_name} #{pane_id}"
        rows = (row.split() for row in self.tmux.run("list-clients", "-F", form).splitlines())
        return dict(rows)[client]

    def current(self) -> str:
        """Return which pane and window each session shows, and who looks at what."""
        panes = self.tmux.run(
            "list-panes", "-a", "-F", "#{session_id} #{window_id} #{pane_id} "
            "#{window_active} #{pane_active}",
        )  # fmt: skip
        return panes + self.tmux.run("list-clients", "-F", "#{client_name} #{session_id}")


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    monkeypatch.chdir(project)
    with private_tmux() as tmux:
        yield Stage(tmux, project)


def crowded(stage: Stage) -> tuple[str, Paned]:
    """Return the pane of a cockpit, and an agent behind other panes and windows of its session.

    Names of sessions and windows are such that tmux would take one for the other.
    """
    cockpit = stage.tmux.session("session-bo")
    stage.tmux.session("session-bob-2")
    bob = stage.agent("bob", BOB)
    stage.tmux.run("rename-window", "-t", bob.pane, "2.1.4")
    stage.tmux.run("split-window", "-t", bob.pane, "exec sleep 600")
    stage.tmux.run("new-window", "-t", "=session-bob:", "-n", "session-bo", "exec sleep 600")
    return cockpit, bob


def test_ones_own_terminal_goes_to_the_pane_and_back_home(stage: Stage) -> None:
    cockpit, bob = crowded(stage)
    before = stage.current()
    assert stage.jump("bob", pane=cockpit, status=3)["reason"] == "no-client"
    assert stage.current() == before
    with attached(stage.tmux, "attach-session", "-t", "=session-bo") as own:
        attached_state = stage.current()
        planned = stage.jump("bob", "--dry-run", pane=cockpit)
        assert stage.current() == attached_state
        assert stage.seen(own) == cockpit

        assert stage.jump("bob", pane=cockpit) == {**planned, "dry_run": False}
        assert (planned["client"], planned["tmux_pane"]) == (own, bob.pane)
        assert stage.seen(own) == bob.pane

        # On the session already, it is moved without doubt, although there are others now.
        stage.tmux.run("select-window", "-t", f"{planned['tmux_session_id']}:+")
        inside = stage.tmux.run("split-window", "-P", "-F", "#{pane_id}", "-t", bob.pane,
                                "exec sleep 600")  # fmt: skip
        with attached(stage.tmux, "attach-session", "-t", "=session-bob-2"):
            assert stage.jump("bob", pane=inside)["client"] == own
            assert stage.seen(own) == bob.pane
            state = stage.current()
            assert stage.jump("bob", status=0)["client"] == own  # from a plain terminal
            assert stage.current() == state
            error = stage.jump("bob", "--client", "/dev/none", status=3)
            assert error["reason"] == "unknown-client"
            assert len(error["clients"]) == 2


def test_doubt_changes_nothing_and_a_name_decides(stage: Stage) -> None:
    cockpit, bob = crowded(stage)
    with (
        attached(stage.tmux, "attach-session", "-t", "=session-bo") as own,
        attached(stage.tmux, "attach-session", "-t", "=session-bob-2") as other,
    ):
        before = stage.current()
        error = stage.jump("bob", pane=cockpit, status=3)
        assert error["reason"] == "clients-elsewhere"
        assert {each["name"] for each in error["clients"]} == {own, other}
        assert stage.current() == before
        stage.jump("bob", "--client", other, pane=cockpit)
        assert (stage.seen(own), stage.seen(other)) == (cockpit, bob.pane)


def test_the_command_for_a_new_terminal_shows_the_pane(stage: Stage) -> None:
    _, bob = crowded(stage)
    words = shlex.split(stage.jump("bob", status=3)["command"])
    assert words[:2] == ["tmux", "-S"]
    assert words[2] == str(stage.tmux.socket)
    with attached(stage.tmux, *words[3:]) as terminal:
        until(lambda: stage.seen(terminal) == bob.pane)


def test_a_dead_agent_and_a_claim_about_a_pane_move_nobody(stage: Stage) -> None:
    cockpit, bob = crowded(stage)
    # An entry that claims the pane of another one, and runs outside of every pane.
    liar = bob.entry._replace(
        server_pid=os.getpid(),
        client=bob.entry.client._replace(session_id=ALICE),
        name="alice",
        start_token=None,
        proc_sig="",
    )
    stage.publish(liar)
    with attached(stage.tmux, "attach-session", "-t", "=session-bo"):
        before = stage.current()
        assert stage.jump("alice", pane=cockpit, status=3)["reason"] == "pane-not-proved"
        os.kill(bob.entry.server_pid, signal.SIGKILL)
        until(lambda: stage.jump("bob", pane=cockpit, status=3)["code"] == "agent-dead")
        assert stage.current() == before


def test_names_that_the_locale_cannot_show_are_told_as_they_are(stage: Stage) -> None:
    agent = stage.agent("日本", BOB)
    stage.tmux.run("rename-window", "-t", agent.pane, "né|ü")
    locale = {"LANG": "C", "LC_ALL": "C"}
    with attached(stage.tmux, "attach-session", "-t", "=session-日本") as terminal:
        done = stage.oxtail("jump", "--json", "né|ü", "--dry-run", plain=True, **locale)
        assert done.status == 0, done
        result = done.json["result"]
        assert (result["tmux_session"], result["client"]) == ("session-日本", terminal)
