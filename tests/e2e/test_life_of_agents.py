"""The life of a fleet from an agent that somebody points at: its pane is proved or left alone."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.tmux import PrivateTmux, needs_tmux, private_tmux
from helpers.waiting import until
from oxtail.app.fleet import Collector
from oxtail.cockpit.life import APPLY, Preview
from oxtail.cockpit.living import MeansLife
from oxtail.config import from_env
from oxtail.core.fleet_agent import Agent
from oxtail.core.fleet_plan import KILL, RESET, SPAWN, SYNC
from oxtail.core.fleet_spec import FleetSpec, WindowSpec
from oxtail.errors import AgentDead, AgentGone, TargetNotFound
from oxtail.wiring import lifecycle, open_context

pytestmark = [needs_tmux, pytest.mark.slow]

MAIN = "aaaaaaaa-0000-4000-8000-000000000001"
SIDE = "bbbbbbbb-0000-4000-8000-000000000002"
FOREIGN = "cccccccc-0000-4000-8000-000000000003"
_PEER = "import oxtail, sys, time\nwith oxtail.join(session_id=sys.argv[1]):\n    time.sleep(600)"


@pytest.fixture
def tmux() -> Iterator[PrivateTmux]:
    with private_tmux() as server:
        server.socket.parent.mkdir(mode=0o700)
        yield server


class Stage:
    """A project whose fleet is two Python peers, and a person at its cockpit."""

    def __init__(self, tmux: PrivateTmux, project: Path, home: Path) -> None:
        self.tmux, self.project = tmux, project
        peer = project / "peer.py"
        peer.write_text(_PEER)
        self.words = ("env", f"HOME={home}", sys.executable, str(peer))
        environ = {**os.environ, "TMUX": f"{tmux.socket},1,0", "SHELL": "/bin/sh"}
        self.settings = from_env(environ)
        self.life = MeansLife(lambda: lifecycle(self.settings), self.context, str(project))

    def context(self):
        return open_context(self.settings, role="cli")

    def spec(self, *names: str) -> FleetSpec:
        ids = {"main": MAIN, "side": SIDE}
        return FleetSpec(
            "shop",
            tuple(WindowSpec(each, "command", command=(*self.words, ids[each])) for each in names),
        )

    def agent(self, session_id: str) -> Agent:
        """Return an agent as a cockpit shows it, once it is there."""
        looks = Collector(self.context(), project_root=str(self.project), activity=False)

        def find() -> Agent | None:
            fleet = looks.look(comms=0)
            agents = (*fleet.agents, *fleet.background)
            return next((each for each in agents if each.session_id == session_id), None)

        return until(find)

    def do(self, preview: Preview) -> dict[str, str]:
        report = self.life.run(preview, lambda event: None, lambda: False)
        assert report.ok, report
        return {row.step.window: row.state for row in report.rows}

    def windows(self) -> list[str]:
        return self.tmux.run("list-panes", "-a", "-F", "#{window_name}", check=False).split()


@pytest.fixture
def stage(tmux: PrivateTmux, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    project = tmp_path / "shop"
    (project / ".git").mkdir(parents=True)
    monkeypatch.chdir(project)
    return Stage(tmux, project, home)


def test_what_a_person_does_from_an_agent_is_done_to_its_own_fleet(stage: Stage) -> None:
    life, spec = stage.life, stage.spec("main", "side")
    first = life.preview(APPLY, None, spec)
    assert first.plan.verb == SPAWN
    assert stage.do(first) == {"main": "up", "side": "up"}
    assert life.preview(APPLY, None, spec).plan.verb == SYNC
    assert life.save(str(stage.project), spec) == str(stage.project / ".oxtail" / "fleet.json")
    assert life.described(stage.agent(MAIN)).spec == spec

    command = f"exec {shlex.join((*stage.words, FOREIGN))}"
    pane = stage.tmux.session("human", command, cwd=stage.project)
    stage.tmux.run("rename-window", "-t", pane, "main")
    human = stage.agent(FOREIGN)
    for verb in (KILL, RESET):
        assert life.preview(verb, human, None).plan.refusal == "no-fleet"

    side = stage.agent(SIDE)
    killed = life.preview(KILL, side, None)
    assert [step.window for step in killed.plan.steps] == ["side"]
    assert stage.do(killed) == {"side": "removed"}
    assert sorted(stage.windows()) == ["main", "main"]

    # The dead agent's pane is gone; that of the snapshot decides nothing, whoever has it now.
    until(lambda: not _runs(side.server_pid))
    other = stage.agent(MAIN)
    stale = side._replace(tmux_pane=other.tmux_pane)
    for verb in (KILL, RESET):
        with pytest.raises((AgentDead, AgentGone)):
            life.preview(verb, stale, None)
        with pytest.raises(TargetNotFound):
            life.preview(verb, None, None)

    before = other.server_pid
    assert stage.do(life.preview(RESET, other, None)) == {"main": "up", "side": "up"}
    assert until(lambda: stage.agent(MAIN).server_pid != before)
    assert stage.tmux.run("display-message", "-p", "-t", pane, "#{window_name}") == "main"


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
