"""Bringing up one window, on panes that are made up."""

from __future__ import annotations

import pytest

from helpers.fakes import ALICE, BOB, FakeClock, FakeRegistry
from oxtail.app.bringup import PaneBringUp
from oxtail.core.bringup import Look
from oxtail.core.census import PaneTable
from oxtail.core.entry import Client, Entry
from oxtail.core.fleet_spec import WindowSpec
from oxtail.core.launch import JOIN_PROMPT
from oxtail.core.pane import Pane
from oxtail.errors import PaneError
from oxtail.ports.lifecycle import Launch, Site

SHELL = Look(True, "bash", True, True, True, False, False, ("$",))
STARTING = Look(True, "claude", False, False, True, False, False)
BEFORE_SHELL = STARTING._replace(command="env", is_own=True)
READY = STARTING._replace(is_clear=True)
TRUST = STARTING._replace(
    asks=True, rows=("Accessing workspace:", "/p", "\u276f No, exit", "  Yes")
)

SITE = Site("%1", "repo", "/p", "repo-00000000", managed=False, made=True)
CLAUDE = WindowSpec("main", "claude")


class World:
    """One pane that shows what its script says, and the processes that run in panes."""

    def __init__(self, *looks: Look | None) -> None:
        self.clock = FakeClock()
        self.registry = FakeRegistry(1, {}, {})
        self.looks = list(looks)
        self.lines: list[str] = []
        self.inherited: tuple[str, ...] = ()
        self.hosts: dict[int, str] = {}
        self.told: list[str] = []
        self.pauses = 0
        self.arrivals: dict[int, Entry] = {}
        self.cancel_after: int | None = None

    # What tmux would do

    def look(self, pane_id: str) -> Look:
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if look is None:
            raise PaneError("can't find pane", pane=pane_id)
        return look

    def shell(self, pane_id: str) -> tuple[str, tuple[str, ...]]:
        return "bash", self.inherited

    def run_line(self, pane_id: str, line: str) -> None:
        self.lines.append(line)

    def list(self) -> tuple[Pane, ...]:
        return ()

    def hosts_of(self, pids: tuple[int, ...]) -> PaneTable:
        panes = {
            name: Pane("repo", "/p", 1, False, 1, name, 9, "/p") for name in self.hosts.values()
        }
        return PaneTable(
            tuple(panes.values()),
            tuple((pid, panes[self.hosts[pid]]) for pid in pids if pid in self.hosts),
        )

    # What happens

    def joins(self, pid: int, session_id: str, *, pane: str, after: int = 0) -> None:
        """Let a server appear after so many pauses."""
        started = int(self.clock.now())
        client = Client("claude-code", session_id, None, "env", "/p")
        entry = Entry(pid, started, client)
        self.hosts[pid] = pane
        if after:
            self.arrivals[pid] = entry
            self.after = after
        else:
            self.registry.shared[pid] = entry

    def pause(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.pauses += 1
        if self.arrivals and self.pauses >= self.after:
            self.registry.shared.update(self.arrivals)

    def bring_up(self, window: WindowSpec = CLAUDE, site: Site = SITE) -> Launch:
        class Panes:
            list = staticmethod(self.list)
            hosts = staticmethod(self.hosts_of)

        tools = PaneBringUp(
            self.registry,
            Panes(),
            self,
            self.clock,
            pause=self.pause,
            real_path=lambda path: path,
        )
        return tools(
            window,
            site,
            progress=self.told.append,
            canceled=lambda: self.cancel_after is not None and self.pauses >= self.cancel_after,
        )


def test_a_client_is_up_once_its_server_runs_below_the_pane() -> None:
    world = World(SHELL, STARTING)
    world.joins(70, ALICE, pane="%1", after=4)
    assert world.bring_up() == Launch("up", session_id=ALICE)
    assert world.lines == ["claude"]
    assert world.pauses == 4
    assert world.told == ["types: claude", "waits for claude to join"]


def test_a_session_of_another_pane_proves_nothing() -> None:
    world = World(SHELL, STARTING)
    world.joins(70, ALICE, pane="%2", after=1)
    launched = world.bring_up()
    assert (launched.state, launched.reason) == ("failed", "elsewhere")


def test_a_client_that_neither_joins_nor_asks_is_given_up_in_the_end() -> None:
    assert World(SHELL, STARTING).bring_up().reason == "not-ready"


def test_two_new_sessions_in_one_pane_are_ambiguous() -> None:
    world = World(SHELL, STARTING)
    world.joins(70, ALICE, pane="%1", after=2)
    world.joins(71, BOB, pane="%1", after=2)
    launched = world.bring_up()
    assert (launched.state, launched.reason) == ("failed", "ambiguous")
    assert world.pauses == 2


def test_a_question_ends_the_wait_at_once_and_is_shown() -> None:
    world = World(SHELL, STARTING, TRUST)
    launched = world.bring_up()
    assert (launched.state, launched.reason) == ("failed", "trust-prompt")
    assert "Accessing workspace" in launched.screen
    assert world.pauses == 2


def test_a_question_that_is_gone_at_the_next_look_was_half_a_screen() -> None:
    world = World(SHELL, TRUST, STARTING, TRUST, STARTING)
    world.joins(70, ALICE, pane="%1", after=6)
    assert world.bring_up().state == "up"


def test_a_program_that_ends_at_once_is_told_and_shown() -> None:
    gone = SHELL._replace(rows=("error: unknown option", "$"))
    launched = World(SHELL, STARTING, gone).bring_up()
    assert (launched.reason, launched.screen) == ("ended", "error: unknown option\n$")


def test_a_program_that_never_starts_is_not_waited_for() -> None:
    world = World(SHELL._replace(rows=("claude: command not found", "$")))
    launched = world.bring_up()
    assert launched.reason == "not-started"
    assert world.pauses in (10, 11)


def test_a_shell_that_still_reads_its_files_gets_more_time() -> None:
    world = World(SHELL, *[SHELL._replace(rows=("claude",))] * 30, STARTING)
    world.joins(70, ALICE, pane="%1", after=40)
    assert world.bring_up().state == "up"


def test_a_client_that_waits_for_input_and_never_joins_has_no_server() -> None:
    world = World(SHELL, READY)
    launched = world.bring_up()
    assert launched.reason == "not-joined"
    assert "oxtail setup" in launched.text
    assert world.clock.now() - FakeClock().now() < 25


def test_a_wait_ends_when_it_is_canceled() -> None:
    world = World(SHELL, STARTING)
    world.cancel_after = 3
    launched = world.bring_up()
    assert launched.state == "canceled"
    assert world.pauses == 3


def test_a_pane_that_closes_ends_the_wait() -> None:
    assert World(SHELL, STARTING, None).bring_up().reason == "pane-gone"


def test_a_pane_that_is_gone_is_not_launched_into() -> None:
    world = World(None)
    assert world.bring_up().reason == "pane-gone"
    assert world.lines == []


def test_what_we_launched_is_left_alone() -> None:
    world = World(STARTING)
    world.joins(70, ALICE, pane="%1")
    launched = world.bring_up(site=SITE._replace(managed=True))
    assert launched == Launch("healthy", session_id=ALICE)
    assert world.lines == []


def test_a_client_that_was_stopped_by_its_person_is_not_started_again() -> None:
    world = World(SHELL)
    world.joins(70, ALICE, pane="%1")
    assert world.bring_up(site=SITE._replace(managed=True)).state == "healthy"
    assert world.lines == []


def test_a_client_that_fell_back_to_its_shell_is_started_again() -> None:
    world = World(SHELL, STARTING)
    world.joins(70, ALICE, pane="%1", after=1)
    assert world.bring_up(site=SITE._replace(managed=True)).state == "up"
    assert world.lines == ["claude"]


def test_a_program_of_somebody_else_is_named_and_left_alone() -> None:
    world = World(STARTING._replace(command="vim"))
    launched = world.bring_up(site=SITE._replace(made=False))
    assert launched.reason == "wrong-type"
    assert "vim" in launched.text
    assert world.lines == []


def test_a_client_whose_question_was_answered_meanwhile_is_up() -> None:
    world = World(STARTING)
    world.joins(70, ALICE, pane="%1")
    assert world.bring_up() == Launch("up", session_id=ALICE)
    assert world.lines == []


def test_a_new_pane_whose_shell_is_not_there_yet_is_waited_for() -> None:
    world = World(BEFORE_SHELL, BEFORE_SHELL, SHELL, SHELL, SHELL, READY)
    world.joins(70, ALICE, pane="%1", after=5)
    assert world.bring_up().state == "up"
    assert world.lines == ["claude"]


def test_what_becomes_the_shell_of_a_new_pane_is_not_the_command() -> None:
    world = World(*[BEFORE_SHELL] * 4, SHELL, SHELL, STARTING)
    window = WindowSpec("logs", "command", command=("tail", "-f", "log"))
    assert world.bring_up(window).state == "up"
    assert world.lines == ["tail -f 'log'"]


@pytest.mark.parametrize("made", [True, False])
def test_no_line_goes_where_keys_do_not_reach_the_shell_alone(made: bool) -> None:
    world = World(SHELL._replace(takes_keys=False))
    assert world.bring_up(site=SITE._replace(made=made)).reason == "no-keys"
    assert world.lines == []


def test_a_command_is_up_when_its_program_has_the_keys() -> None:
    world = World(SHELL, SHELL, STARTING._replace(command="tail"))
    window = WindowSpec("logs", "command", command=("tail", "-f", "x y"))
    assert world.bring_up(window) == Launch("up")
    assert world.lines == ["tail -f 'x y'"]


def test_a_command_that_no_line_can_hold_is_refused() -> None:
    world = World(SHELL)
    window = WindowSpec("logs", "command", command=("printf", "x" * 5_000))
    assert world.bring_up(window).reason == "bad-line"
    assert world.lines == []


def test_what_another_agent_left_in_the_shell_is_taken_out() -> None:
    world = World(SHELL, STARTING)
    world.inherited = ("CLAUDECODE",)
    world.cancel_after = 1
    world.bring_up()
    assert world.lines == ["unset CLAUDECODE; claude"]


def test_codex_is_given_its_first_turn() -> None:
    world = World(SHELL, STARTING)
    world.cancel_after = 1
    world.bring_up(WindowSpec("two", "codex"))
    assert world.lines == [f"codex -c 'check_for_update_on_startup=false' '{JOIN_PROMPT}'"]
