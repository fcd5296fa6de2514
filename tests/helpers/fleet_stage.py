"""A project and its fleet on a private tmux server, brought up by a program that is quick."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from helpers.tmux import PrivateTmux
from helpers.waiting import until
from oxtail.app.lifecycle.plans import Aim, Means, plan
from oxtail.app.lifecycle.report import Event, Report
from oxtail.app.lifecycle.run import run
from oxtail.core.fleet_panes import FleetPane
from oxtail.core.fleet_plan import Plan
from oxtail.core.fleet_spec import FleetSpec, WindowSpec, session_name
from oxtail.core.names import hash32
from oxtail.disk.atomic import Disk
from oxtail.disk.fleet_layout import FleetLayout
from oxtail.identity.projects import FileProjects
from oxtail.ports.lifecycle import FAILED, HEALTHY, UP, Ground, Launch, Site
from oxtail.store.files.fleet_files import FileFleetFiles
from oxtail.store.files.fleet_locks import FileFleetLocks
from oxtail.tmux.server import Tmux
from oxtail.tmux.workspace import TmuxWorkspace

UNSET = ("CLAUDECODE", "CLAUDE_CODE_SESSION_ID", "CODEX_THREAD_ID", "OXTAIL_SESSION_ID")


def spec(*names: str, name: str = "shop") -> FleetSpec:
    """Return a fleet with windows of these names."""
    windows = (WindowSpec(each, "command", command=("cat",)) for each in names)
    return FleetSpec(name, tuple(windows))


class Stage:
    """A project on a tmux server.

    Attributes:
        tmux: The server.
        root: The project.
        launches: The windows that were brought up, in order.
        fails: Names of windows that do not come up.
        before: Called before each window comes up.
    """

    def __init__(self, tmux: PrivateTmux, root: Path, home: Path) -> None:
        self.tmux, self.root = tmux, root
        self.launches: list[tuple[str, Site]] = []
        self.fails: set[str] = set()
        self.before: Callable[[str], None] = lambda name: None
        self.events: list[Event] = []
        self.disk = Disk(str(home))
        self.workspace = TmuxWorkspace(Tmux(tmux.environ), "/bin/sh", UNSET)
        self.means = Means(
            files=FileFleetFiles(FleetLayout(str(home))),
            workspace=self.workspace,
            locks=FileFleetLocks(self.disk, budget=0.2),
            bring_up=self.bring_up,
            projects=FileProjects(),
            digits=lambda: f"{len(self.launches):08x}",
        )
        tmux.socket.parent.mkdir(mode=0o700, exist_ok=True)

    def bring_up(
        self,
        window: WindowSpec,
        site: Site,
        *,
        progress: Callable[[str], None],
        canceled: Callable[[], bool],
    ) -> Launch:
        self.before(window.name)
        self.launches.append((window.name, site))
        if window.name in self.fails:
            return Launch(FAILED, "not-ready", "it did not come up", "the screen")
        if self.running(site.pane_id) == "cat":
            return Launch(HEALTHY)
        progress("typing")
        self.tmux.run("send-keys", "-t", site.pane_id, "cat", "Enter")
        until(lambda: self.running(site.pane_id) == "cat")
        return Launch(UP)

    def running(self, pane_id: str) -> str:
        return self.tmux.run("display-message", "-p", "-t", pane_id, "#{pane_current_command}")

    def aim(self, fleet: FleetSpec, **more: object) -> Aim:
        aim = Aim(str(self.root), session_name(fleet.name), fleet)
        return aim._replace(**more)

    def plan(self, verb: str, fleet: FleetSpec, **more: object) -> Plan:
        return plan(self.means, verb, self.aim(fleet, **more))

    def run(
        self,
        verb: str,
        fleet: FleetSpec,
        *,
        confirmed: Plan | None = None,
        canceled: Callable[[], bool] = lambda: False,
        **more: object,
    ) -> Report:
        aim = self.aim(fleet, **more)
        return run(
            self.means,
            aim,
            confirmed or plan(self.means, verb, aim),
            progress=self.events.append,
            canceled=canceled,
        )

    def panes(self) -> dict[str, FleetPane]:
        return {pane.pane_id: pane for pane in self.workspace.panes()}

    def windows(self, session: str = "shop") -> list[str]:
        return [pane.window for pane in self.workspace.panes() if pane.session == session]

    def pane(self, window: str) -> FleetPane:
        (found,) = (pane for pane in self.workspace.panes() if pane.window == window and pane.mark)
        return found

    def ground(self, fleet_id: str) -> Ground:
        return Ground(fleet_id, str(self.root), hash32(str(self.root)))

    def states(self, report: Report) -> dict[str, str]:
        return {row.step.window: row.state for row in report.rows}
