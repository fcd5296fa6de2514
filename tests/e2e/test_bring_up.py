"""Bringing up windows in a real tmux: one line into a shell that waits for it, and nowhere else."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.fakes import ALICE
from helpers.tmux import PrivateTmux, needs_tmux, private_tmux
from helpers.waiting import until
from oxtail.config import from_env
from oxtail.core.fleet_spec import WindowSpec
from oxtail.ports.lifecycle import Launch, Site
from oxtail.wiring import bring_up, open_context

pytestmark = [needs_tmux, pytest.mark.slow]

CLAUDE = WindowSpec("main", "claude", model="it's [1m]; touch oops")
SLEEP = WindowSpec("job", "command", command=("sleep", "600"))

CLIENT = """\
#!{python}
import json, os, subprocess, sys, time
with open("seen", "w") as file:
    json.dump([sys.argv[1:], sorted(os.environ)], file)
environ = {{**os.environ, "CLAUDECODE": "1", "CLAUDE_CODE_SESSION_ID": "{session_id}"}}
server = subprocess.Popen([sys.executable, "-m", "oxtail", "serve"], stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, env=environ)
time.sleep(600)
"""
TRUST = """\
#!/bin/sh
printf 'Accessing workspace:\\n\\n %s\\n\\n' "$PWD"
printf ' > 1. Yes, I trust this folder\\n   2. No, exit\\n'
printf '\\n Enter to confirm\\033[3A\\r'
sleep 600
"""


class Stage:
    """A project, a tmux server, and shells in its panes as an agent's child would leave them."""

    def __init__(self, tmux: PrivateTmux, root: Path) -> None:
        self.tmux, self.root = tmux, root
        self.told: list[str] = []
        (root / "bin").mkdir()
        environ = {**os.environ, **tmux.environ}
        environ.update(HOME=os.environ["HOME"], OXTAIL_SCOPE="directory")
        self.environ = environ

    def client(self, script: str) -> None:
        path = self.root / "bin" / "claude"
        path.write_text(script.format(python=sys.executable, session_id=ALICE))
        path.chmod(0o755)

    def pane(self, name: str = "repo", run: str = "bash --norc --noprofile -i") -> str:
        words = [
            f"HOME={os.environ['HOME']} PATH={self.root}/bin:$PATH PS1='$ '",
            f"PYTHONPATH={Path(__file__).parents[2] / 'src'} CLAUDE_CODE_SESSION_ID=parent",
        ]
        pane = self.tmux.session(name, f"exec env {' '.join(words)} {run}", cwd=self.root)
        until(lambda: self.command(pane) == run.split(maxsplit=1)[0])
        # A shell that begins gives itself the keys of its pane before it prompts.
        until(lambda: not run.endswith("-i") or self.shows(pane).startswith("$"))
        return pane

    def command(self, pane: str) -> str:
        return self.tmux.run("display-message", "-p", "-t", pane, "#{pane_current_command}")

    def shows(self, pane: str) -> str:
        return self.tmux.run("capture-pane", "-p", "-t", pane)

    def bring_up(
        self,
        window: WindowSpec,
        pane: str,
        *,
        made: bool = True,
        managed: bool = False,
        canceled: Callable[[], bool] = lambda: False,
    ) -> Launch:
        tools = bring_up(open_context(from_env(self.environ), role="cli"))
        site = Site(pane, "repo", str(self.root), "repo-00000000", managed=managed, made=made)
        return tools(window, site, progress=self.told.append, canceled=canceled)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    with private_tmux() as tmux:
        yield Stage(tmux, root)


def test_a_client_is_up_when_its_own_server_has_joined(stage: Stage) -> None:
    stage.client(CLIENT)
    pane = stage.pane()
    assert stage.bring_up(CLAUDE, pane) == Launch("up", session_id=ALICE)

    words, names = json.loads((stage.root / "seen").read_text())
    assert words == ["--model", "it's [1m]; touch oops"]
    assert "CLAUDE_CODE_SESSION_ID" not in names
    assert not (stage.root / "oops").exists()

    screen = stage.shows(pane)
    assert stage.bring_up(CLAUDE, pane, managed=True) == Launch("healthy", session_id=ALICE)
    assert stage.bring_up(CLAUDE, pane) == Launch("up", session_id=ALICE)
    assert stage.shows(pane) == screen


def test_a_question_ends_the_wait_with_what_the_pane_shows(stage: Stage) -> None:
    stage.client(TRUST)
    launched = stage.bring_up(CLAUDE, stage.pane())
    assert (launched.state, launched.reason) == ("failed", "trust-prompt")
    assert "1. Yes, I trust this folder" in launched.screen


def test_a_client_that_is_not_there_is_told_soon(stage: Stage) -> None:
    launched = stage.bring_up(CLAUDE, stage.pane())
    assert launched.reason == "not-started"
    assert "claude: command not found" in launched.screen


def test_what_stood_at_the_prompt_is_not_run(stage: Stage) -> None:
    pane = stage.pane()
    stage.tmux.run("send-keys", "-t", pane, "-l", "touch oops ; ")
    until(lambda: "oops" in stage.shows(pane))
    assert stage.bring_up(SLEEP, pane) == Launch("up")
    assert stage.command(pane) == "sleep"
    assert not (stage.root / "oops").exists()


def test_a_wait_is_canceled_and_the_pane_stays(stage: Stage) -> None:
    stage.client("#!/bin/sh\nsleep 600\n")
    stop = threading.Event()
    pane = stage.pane()
    thread = threading.Timer(1.0, stop.set)
    thread.start()
    assert stage.bring_up(CLAUDE, pane, canceled=stop.is_set).state == "canceled"
    thread.join(60)
    assert stage.tmux.pid_of(pane)


def test_the_shell_that_runs_a_script_gets_no_line(stage: Stage) -> None:
    pane = stage.pane()
    stage.tmux.run("send-keys", "-t", pane, "bash -c 'read x; echo got $x; sleep 600'", "Enter")
    until(lambda: "read" in stage.shows(pane))
    assert stage.bring_up(SLEEP, pane, made=False).reason == "wrong-type"
    assert stage.bring_up(SLEEP, pane, managed=True).state == "healthy"
    assert "got" not in stage.shows(pane).replace("echo got", "")


def test_a_program_that_is_not_ours_is_left_alone(stage: Stage) -> None:
    pane = stage.pane(run="cat")
    launched = stage.bring_up(SLEEP, pane, made=False)
    assert launched.reason == "wrong-type"
    assert stage.shows(pane) == ""


def test_no_key_reaches_a_pane_that_is_bound_to_this_one(stage: Stage) -> None:
    pane = stage.pane()
    other = stage.tmux.run(
        "split-window", "-d", "-P", "-F", "#{pane_id}", "-t", pane, "exec cat"
    )  # fmt: skip
    stage.tmux.run("set-option", "-w", "-t", pane, "synchronize-panes", "on")
    assert stage.bring_up(SLEEP, pane).reason == "no-keys"
    stage.tmux.run("set-option", "-w", "-t", pane, "synchronize-panes", "off")
    stage.tmux.run("copy-mode", "-t", pane)
    assert stage.bring_up(SLEEP, pane).reason == "no-keys"
    stage.tmux.run("send-keys", "-t", pane, "-X", "cancel")
    assert stage.bring_up(SLEEP, pane) == Launch("up")
    assert "sleep" not in stage.shows(other)


def test_a_pane_that_is_gone_is_told(stage: Stage) -> None:
    stage.pane()
    assert stage.bring_up(SLEEP, "%77").reason == "pane-gone"
