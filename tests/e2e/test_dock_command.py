"""``oxtail dock`` as a person runs it: with a terminal, without one, and a second time."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.command import OXTAIL, finish, oxtail, start
from helpers.terminal import terminal
from helpers.tmux import PrivateTmux, needs_tmux, private_tmux
from helpers.waiting import until
from oxtail.app.lifecycle.plans import aim_at, plan
from oxtail.app.lifecycle.run import run
from oxtail.config import from_env
from oxtail.wiring import lifecycle

pytestmark = [needs_tmux, pytest.mark.slow]


class Stage:
    """A project in a folder of its own, and the tmux server that its person would find."""

    def __init__(self, tmux: PrivateTmux, root: Path) -> None:
        self.tmux, self.root = tmux, root
        # SHELL without start-up files: theirs are of the machine.
        self.environ = {**tmux.clean, "HOME": os.environ["HOME"], "SHELL": "/bin/sh"}
        # They tell of a terminal that nobody has here.
        self.environ.update(COLUMNS="80", LINES="24")

    def dock(self, *words: str, status: int = 0, **environ: str) -> dict[str, Any]:
        done = oxtail("dock", "--json", *words, **{**self.environ, **environ})
        assert done.status == status, done
        line = done.json
        result: dict[str, Any] = line.get("result") or line["error"]
        return result

    def describe(self, *windows: str) -> None:
        folder = self.root / ".oxtail"
        folder.mkdir(exist_ok=True)
        specs = [{"name": w, "agent": "command", "command": ["sleep", "600"]} for w in windows]
        (folder / "fleet.json").write_text(json.dumps({"name": "crew", "windows": specs}))

    def panes(self) -> list[str]:
        form = "#{session_name}:#{window_name} #{@oxpit_dock} #{pane_height}"
        return self.tmux.run("list-panes", "-a", "-F", form, check=False).splitlines()

    def clients(self) -> list[str]:
        form = "#{client_session}"
        return self.tmux.run("list-clients", "-F", form, check=False).splitlines()


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    root = tmp_path / "my.project"
    (root / ".git").mkdir(parents=True)
    (root / "deep").mkdir()
    monkeypatch.chdir(root / "deep")
    with private_tmux() as tmux:
        tmux.name = "default"
        tmux.socket = tmux.socket.with_name(tmux.name)
        yield Stage(tmux, root)


def test_without_a_fleet_or_a_terminal_a_shell_is_docked_and_nothing_is_shown(
    stage: Stage,
) -> None:
    assert stage.dock("--dry-run")["action"] == "shell"
    assert stage.panes() == []

    done = stage.dock("--rows", "5")
    assert (done["action"], done["session"], done["shown"]) == ("shell", "my-project", "not-shown")
    assert stage.panes() == ["my-project:main  18", "my-project:main 1 5"]
    strip = done["windows"][0]["pane_id"]
    words = stage.tmux.run("display-message", "-p", "-t", strip, "#{pane_start_command}")
    assert words.replace('"', "").endswith(f"cockpit --dock --project {stage.root}")

    again = stage.dock()
    assert (again["action"], again["windows"][0]["state"]) == ("reuse", "kept")
    assert len(stage.panes()) == 2


def test_the_fleet_of_a_project_is_started_and_docked(stage: Stage) -> None:
    stage.describe("alpha", "beta")
    plan = stage.dock("-n")
    assert plan["action"] == "spawn"
    assert [step["window"] for step in plan["steps"]] == ["alpha", "beta"]
    assert stage.panes() == []

    done = stage.dock()
    assert [row["state"] for row in done["spawn"]["rows"]] == ["up", "up"]
    assert [window["state"] for window in done["windows"]] == ["added", "added"]
    assert sorted(line.rsplit(" ", 1)[0] for line in stage.panes()) == [
        *("crew:alpha ", "crew:alpha 1", "crew:beta ", "crew:beta 1"),
    ]


def test_strips_keep_no_window_from_being_closed_or_removed(stage: Stage) -> None:
    stage.describe("alpha", "beta", "gamma")
    stage.dock()
    means = lifecycle(from_env({**os.environ, **stage.environ}))
    killing = aim_at(means, str(stage.root))._replace(window="beta")
    assert run(means, killing, plan(means, "kill", killing)).ok
    stage.describe("alpha")
    syncing = aim_at(means, str(stage.root))
    assert run(means, syncing, plan(means, "sync", syncing)).ok
    left = [line.rsplit(" ", 1)[0] for line in stage.panes()]
    assert left == ["crew:alpha ", "crew:alpha 1"]


def test_a_window_that_sync_adds_to_a_docked_fleet_is_docked(stage: Stage) -> None:
    stage.describe("alpha")
    stage.dock()
    stage.describe("alpha", "beta")
    means = lifecycle(from_env({**os.environ, **stage.environ}))
    aim = aim_at(means, str(stage.root))
    assert run(means, aim, plan(means, "sync", aim)).ok
    windows = [line.rsplit(" ", 1)[0] for line in stage.panes()]
    assert windows == ["crew:alpha ", "crew:alpha 1", "crew:beta ", "crew:beta 1"]


def test_an_interrupted_start_leaves_no_lock_and_is_taken_up_again(stage: Stage) -> None:
    folder = stage.root / "bin"
    folder.mkdir()
    (folder / "claude").write_text("#!/bin/sh\ntouch started\nsleep 600\n")
    (folder / "claude").chmod(0o755)
    # A login shell sets its own PATH.
    (Path(os.environ["HOME"]) / ".profile").write_text(f"PATH={folder}:$PATH\n")
    stage.describe("alpha")
    described = stage.root / ".oxtail" / "fleet.json"
    spec = json.loads(described.read_text())
    spec["windows"].append({"name": "main", "agent": "claude"})
    described.write_text(json.dumps(spec))

    started = stage.root / "started"
    starting = start("dock", "--json", **stage.environ)
    try:
        until(started.exists)
        starting.send_signal(signal.SIGINT)
    finally:
        done = finish(starting)
    assert done.status == 1, done
    rows = done.json["result"]["spawn"]["rows"]
    assert [(row["window"], row["state"]) for row in rows] == [
        *(("alpha", "up"), ("main", "canceled"))
    ]
    assert not any(pane.split(" ")[1] for pane in stage.panes())

    means = lifecycle(from_env({**os.environ, **stage.environ}))
    aim = aim_at(means, str(stage.root))
    assert run(means, aim, plan(means, "teardown", aim)).ok


def test_no_agents_are_started_where_none_are_wanted(stage: Stage) -> None:
    stage.describe("alpha")
    assert stage.dock("--no-spawn", "--session", "bare")["action"] == "shell"
    assert [line.split(" ")[0] for line in stage.panes()] == ["bare:main", "bare:main"]


def test_a_description_that_is_wrong_is_never_another_fleet(stage: Stage) -> None:
    (stage.root / ".oxtail").mkdir()
    (stage.root / ".oxtail" / "fleet.json").write_text('{"name": "x", "windows": []}')
    assert stage.dock(status=2)["code"] == "bad-fleet"
    assert stage.panes() == []


def test_a_session_with_the_fleet_of_another_project_is_refused(stage: Stage) -> None:
    stage.describe("alpha")
    stage.dock()
    other = stage.root.parent / "other"
    (other / ".git").mkdir(parents=True)
    refused = stage.dock("--project", str(other), "--session", "crew", status=1)
    assert refused["code"] == "fleet-refused"


@pytest.mark.parametrize(
    "words", [["--rows", "3"], ["--rows", "x"], ["--spwan"], ["--spawn", "--no-spawn"], ["crew"]]
)
def test_what_is_mistyped_is_refused(stage: Stage, words: list[str]) -> None:
    assert stage.dock(*words, status=2)["code"] == "usage-error"
    assert stage.panes() == []


def test_on_a_terminal_the_fleet_is_edited_first_and_then_shown(stage: Stage) -> None:
    stage.describe("alpha")
    environ = {**os.environ, **stage.environ, "TERM": "xterm"}
    words = [*OXTAIL, "dock"]
    with terminal(words, environ, stage.root, columns=110, rows=40) as screen:
        until(lambda: "sleep 600" in screen.written)
        screen.press("\x1b")
        assert screen.end() == 0
        assert "nothing was started or changed" in screen.written
    assert stage.panes() == []

    with terminal(words, environ, stage.root, columns=110, rows=40) as screen:
        until(lambda: "sleep 600" in screen.written)
        screen.press("y")
        until(lambda: "y does it" in screen.written)
        assert stage.panes() == []
        screen.press("y")
        until(lambda: stage.clients() == ["crew"])
        assert stage.panes()[1] == "crew:alpha 1 8"
        screen.press("\x02d")
        assert screen.end() == 0

    with terminal([*words, "--yes"], environ, stage.root) as screen:
        until(lambda: stage.clients() == ["crew"])
        assert len(stage.panes()) == 2
        screen.press("\x02d")
        assert screen.end() == 0


def test_inside_tmux_its_terminal_is_switched(stage: Stage) -> None:
    pane = stage.tmux.session("desk", "exec sh")
    attach = ["tmux", "-u", "attach-session", "-t", "=desk"]
    environ = {**stage.environ, "TERM": "xterm"}
    python = f"PYTHONPATH={Path(__file__).parents[2] / 'src'} {' '.join(OXTAIL)}"
    with terminal(attach, environ, stage.root, columns=110, rows=40) as screen:
        until(lambda: stage.clients() == ["desk"])
        words = "dock --no-spawn --rows 6"
        line = f"cd {stage.root} && HOME={os.environ['HOME']} {python} {words}; exit"
        stage.tmux.run("send-keys", "-t", pane, "-l", line)
        stage.tmux.run("send-keys", "-t", pane, "Enter")
        until(lambda: stage.clients() == ["my-project"])
        until(lambda: any(each.endswith(" 1 6") for each in stage.panes()))
        screen.press("\x02d")
        assert screen.end() == 0


def test_the_strip_is_the_cockpit(stage: Stage) -> None:
    strip = stage.dock(HOME=os.environ["HOME"])["windows"][0]["pane_id"]

    def shows() -> str:
        return stage.tmux.run("capture-pane", "-p", "-t", strip)

    until(lambda: "no agents" in shows().lower())
