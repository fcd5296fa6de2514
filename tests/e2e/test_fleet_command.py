"""``oxtail fleet`` as a person runs it: a real tmux server, real shells, and signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.command import Done, finish, start
from helpers.tmux import PrivateTmux, needs_tmux, private_tmux
from helpers.waiting import until
from oxtail.cli.main import main

# A run is some processes of its own, and each starts shells.
pytestmark = [needs_tmux, pytest.mark.slow]

FLEET = """// what this project runs
{
  "name": "shop",
  "windows": [
    {"name": "main", "agent": "command", "command": ["cat"]}, // first
    {"name": "logs", "agent": "command", "command": ["tail", "-f", "/dev/null"]},
  ],
}
"""
PLAN = ["verb", "session", "project_root", "fleet_id", "refusal", "steps"]
STEP = ["do", "window", "pane_id", "window_id", "agent", "spec", "changes", "why"]
REPORT = ["all_done", "canceled", "rows", "new_since", "gone_since"]
ROW = ["do", "window", "pane_id", "state", "reason", "text", "screen", "session_id"]


@pytest.fixture
def tmux() -> Iterator[PrivateTmux]:
    with private_tmux() as server:
        server.socket.parent.mkdir(mode=0o700)
        yield server


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "shop"
    (path / ".git").mkdir(parents=True)
    (path / ".oxtail").mkdir()
    (path / ".oxtail" / "fleet.json").write_text(FLEET)
    monkeypatch.chdir(path)
    return path


class Fleet:
    """Runs the command in this process; what a signal ends is a process of its own."""

    def __init__(
        self, tmux: PrivateTmux, project: Path, capture: pytest.CaptureFixture[bytes]
    ) -> None:
        self.tmux, self.project, self._capture = tmux, project, capture
        self.variables = {"TMUX": f"{tmux.socket},1,0", "SHELL": "/bin/sh"}

    def __call__(self, *words: str, status: int = 0) -> Any:
        done = self.text(*words, "--json")
        assert done.status == status, done
        return done.json.get("result", done.json.get("error"))

    def text(self, *words: str) -> Done:
        status = main(["fleet", *words])
        out, err = self._capture.readouterr()
        return Done(status, out.decode(), err.decode())

    def describe(self, text: str) -> None:
        (self.project / ".oxtail" / "fleet.json").write_text(text)

    def windows(self) -> list[str]:
        listed = self.tmux.run("list-panes", "-a", "-F", "#{window_name}", check=False)
        return listed.split()


@pytest.fixture
def fleet(
    tmux: PrivateTmux,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> Fleet:
    made = Fleet(tmux, project, capsysbinary)
    for name, value in made.variables.items():
        monkeypatch.setenv(name, value)
    return made


def test_a_fleet_from_its_first_window_to_its_last(fleet: Fleet) -> None:
    shown = fleet("spawn")
    assert list(shown) == ["schema_version", "ok", "dry_run", "plan", "report"]
    assert (shown["dry_run"], shown["report"]) == (True, None)
    assert list(shown["plan"]) == PLAN
    assert [list(step) for step in shown["plan"]["steps"]] == [STEP, STEP]
    assert not fleet.tmux.socket.exists()

    done = fleet("spawn", "--yes")
    assert (done["ok"], done["dry_run"]) == (True, False)
    assert list(done["report"]) == REPORT
    assert [list(row) for row in done["report"]["rows"]] == [ROW, ROW]
    assert [row["state"] for row in done["report"]["rows"]] == ["up", "up"]
    assert fleet.windows() == ["main", "logs"]
    again = fleet("spawn", status=1)
    assert (again["ok"], again["plan"]["refusal"]) == (False, "session-exists")
    error = fleet("spawn", "--yes", status=1)
    assert (error["code"], error["reason"]) == ("fleet-refused", "session-exists")

    fleet.describe(FLEET.replace('"logs"', '"more"').replace('["cat"]', '["cat", "-u"]'))
    plan = fleet("sync")["plan"]["steps"]
    assert [(step["do"], step["window"]) for step in plan] == [
        ("add", "more"), ("keep", "main"), ("remove", "logs"),
    ]  # fmt: skip
    assert plan[1]["changes"] == [{"name": "command", "was": ["cat"], "now": ["cat", "-u"]}]
    assert fleet.windows() == ["main", "logs"]
    synced = fleet("sync", "--yes", "--apply")
    assert [(row["window"], row["state"]) for row in synced["report"]["rows"]] == [
        ("more", "up"), ("main", "up"), ("logs", "removed"),
    ]  # fmt: skip
    assert fleet("sync")["plan"]["steps"][0]["changes"] == []

    assert [row["state"] for row in fleet("reset", "--yes")["report"]["rows"]] == ["up", "up"]
    assert fleet("show")["now"]["fleet_id"] == done["plan"]["fleet_id"]
    assert fleet("kill", "more", "--yes")["report"]["rows"][0]["state"] == "removed"
    assert fleet("kill", "main", status=1)["plan"]["refusal"] == "last-window"
    assert fleet("teardown")["plan"]["steps"][0]["do"] == "remove"
    assert fleet("teardown", "--yes")["ok"]
    assert fleet.windows() == []
    assert fleet("teardown", status=1)["plan"]["refusal"] == "no-session"


def test_a_folder_inside_a_project_means_the_project(fleet: Fleet, project: Path) -> None:
    deep = project / "a" / "b"
    deep.mkdir(parents=True)
    for words in (("show",), ("spawn",)):
        inside = fleet(*words, "--project", str(deep))
        whole = fleet(*words)
        assert inside == whole
    assert fleet("show")["project_root"] == str(project)


def test_people_are_told_each_step_and_what_is_changed_only_with_yes(fleet: Fleet) -> None:
    done = fleet.text("spawn")
    assert done.status == 0
    assert "+ add" in done.out
    assert "--yes" in done.err
    done = fleet.text("spawn", "--yes")
    assert done.status == 0, done
    assert "main: up" in done.err
    assert "up       logs" in done.out


def test_a_window_that_does_not_come_up_is_exit_one_with_its_screen(fleet: Fleet) -> None:
    fleet.describe(FLEET.replace('["cat"]', '["no-such-program"]'))
    done = fleet("spawn", "--yes", status=1)
    first, second = done["report"]["rows"]
    assert (first["state"], second["state"]) == ("failed", "up")
    assert "no-such-program" in first["screen"]
    fleet.describe(FLEET)
    assert fleet("sync", "--yes")["ok"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_of_a_spawn_frees_the_lock_for_the_next_run(
    fleet: Fleet, home: Path, number: signal.Signals
) -> None:
    # A client that never joins: without a signal this takes three quarters of a minute.
    program = home / "bin" / "claude"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    (home / ".profile").write_text(f"PATH={program.parent}:$PATH\n")
    fleet.describe(FLEET.replace('"agent": "command", "command": ["cat"]', '"agent": "claude"'))
    lock = home / ".oxtail" / "fleet-locks" / str(fleet.project).replace("/", "-")
    process = start("fleet", "spawn", "--yes", "--json", **fleet.variables)
    try:
        until(lambda: any("sleep" in line for line in running(fleet)))
        assert list(lock.parent.glob("*.owner"))
        busy = fleet("spawn", "--yes", status=1)
        assert busy["code"] == "fleet-refused"
        process.send_signal(number)
        done = finish(process)
    finally:
        process.kill()
        process.wait()
    assert done.status == 130, done
    report = json.loads(done.out)["result"]["report"]
    assert [row["state"] for row in report["rows"]] == ["canceled", "canceled"]
    assert not list(lock.parent.glob("*.owner"))
    assert not [path for path in lock.parent.iterdir() if path.is_dir()]

    fleet.describe(FLEET)
    assert [row["state"] for row in fleet("reset", "--yes")["report"]["rows"]] == ["up", "up"]


def running(fleet: Fleet) -> list[str]:
    listed = fleet.tmux.run("list-panes", "-a", "-F", "#{pane_current_command}", check=False)
    return listed.splitlines()


def test_a_run_that_is_killed_leaves_nothing_that_stops_the_next(fleet: Fleet) -> None:
    process = start("fleet", "spawn", "--yes", "--json", **fleet.variables)
    until(fleet.windows)
    process.kill()
    process.communicate()
    done = fleet("sync", "--yes")
    assert {row["state"] for row in done["report"]["rows"]} <= {"up", "healthy"}
    assert sorted(fleet.windows()) == ["logs", "main"]


def test_a_file_that_is_wrong_stops_everything_but_what_needs_none(fleet: Fleet) -> None:
    assert fleet("spawn", "--yes")["ok"]
    fleet.describe('{"name": "", "windows": [{"name": "a b", "agent": "x"}]}')
    for verb in ("show", "check", "spawn", "sync", "reset", "teardown"):
        error = fleet(verb, status=2)
        assert error["code"] == "bad-fleet"
        assert [problem["path"] for problem in error["problems"]] == [
            "name", "windows[0].name", "windows[0].agent",
        ]  # fmt: skip
    fleet.describe("{")
    assert fleet("check", status=1)["code"] == "malformed-file"
    assert fleet("teardown", "--session", "shop", "--yes")["ok"]


def test_the_first_file_is_written_once_and_read_before_that_of_the_folder(
    fleet: Fleet, home: Path, project: Path
) -> None:
    path = project / ".oxtail" / "fleet.json"
    assert fleet("init", status=1)["code"] == "file-exists"
    path.unlink()
    shown = fleet("check")
    assert list(shown) == [
        "schema_version", "ok", "project_root", "source", "path", "fleet", "session",
    ]  # fmt: skip
    assert (shown["source"], shown["fleet"]["name"]) == ("default", "shop")
    (home / ".oxtail").mkdir(exist_ok=True)
    (home / ".oxtail" / "fleet.json").write_text(FLEET.replace('"shop"', '"all"'))
    assert (fleet("check")["source"], fleet("check")["fleet"]["name"]) == ("folder", "all")
    assert fleet("init")["path"] == str(path)
    assert (fleet("check")["source"], fleet("check")["fleet"]["name"]) == ("project", "all")
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_words_that_do_not_go_together_are_refused(fleet: Fleet) -> None:
    for words in (("kill",), ("sync", "main"), ("reset", "--apply"), ("explode",), ()):
        assert fleet(*words, status=2)["code"] == "usage-error"
    for name in ("a:b", "a.b", "", "x" * 61, "né"):
        assert fleet("spawn", "--session", name, status=2)["field"] == "session"


def test_a_terminal_is_not_steered_by_names(fleet: Fleet) -> None:
    assert fleet("spawn", "--yes")["ok"]
    pane = fleet.tmux.run("new-window", "-d", "-P", "-F", "#{pane_id}", "-t", "=shop:", "sleep 60")
    subprocess.run(
        ["tmux", "-u", "-S", str(fleet.tmux.socket), "rename-window", "-t", pane, "a\x1b[2J\u202e"],
        env=fleet.tmux.clean, check=True,
    )  # fmt: skip
    done = fleet.text("sync")
    assert not {"\x1b", "\u202e"} & set(done.out)
