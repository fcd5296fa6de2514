"""Going to an agent's pane: proved in that moment, and nothing is changed before all is clear."""

from __future__ import annotations

import pytest

from helpers.fakes import ALICE, BOB, FakePanes, FakeTerminals, World
from oxtail.app.fleet import Collector
from oxtail.app.jump import jump
from oxtail.core.census import Counted
from oxtail.core.jump import Spot, Terminal
from oxtail.core.liveness import Life
from oxtail.core.pane import Pane
from oxtail.errors import AgentDead, AgentReplaced, JumpRefused, PaneError

SPOT = Spot("%2", 2, "@2", "$3", "work")
COCKPIT = Spot("%1", 1, "@1", "$1", "cockpit")
OWN = Terminal("/dev/pts/1", "$1", "cockpit", 9)
THERE = Terminal("/dev/pts/5", "$3", "work", 1)


@pytest.fixture
def world() -> World:
    made = World()
    made.panes = FakePanes(Pane("work", "/project", 5, True, 2, "%2", 2, "/project"))
    made.terminals = FakeTerminals(COCKPIT, SPOT, terminals=[OWN, THERE], own="%1")
    return made


@pytest.fixture
def cockpit(world):
    return world.context(ALICE, pid=1)


@pytest.fixture
def bob(world, cockpit):
    world.context(BOB, pid=2, name="bob")
    return Collector(cockpit).look().agent(BOB)


def refused(ctx, agent, **options):
    with pytest.raises(JumpRefused) as caught:
        jump(ctx, agent, **options)
    assert ctx.terminals.shown == []
    return caught.value.fields["reason"]


def test_the_terminal_shows_the_pane(world, cockpit, bob):
    done = jump(cockpit, bob)
    assert world.terminals.shown == [(SPOT, THERE)]
    assert done.as_dict() == {
        "schema_version": 1,
        "ok": True,
        "agent": BOB,
        "tmux_pane": "%2",
        "tmux_window": "@2",
        "tmux_session": "work",
        "tmux_session_id": "$3",
        "client": "/dev/pts/5",
        "dry_run": False,
    }


def test_a_dry_run_resolves_everything_and_changes_nothing(world, cockpit, bob):
    done = jump(cockpit, bob, dry_run=True)
    assert (done.spot, done.terminal, done.as_dict()["dry_run"]) == (SPOT, THERE, True)
    assert world.terminals.shown == []


def test_the_pane_of_the_snapshot_does_not_count(world, cockpit, bob):
    # The agent is in another pane now, and somebody else in the one where it was.
    assert bob.tmux_pane == "%2"
    cockpit.panes.panes = (
        Pane("work", "/project", 5, True, 2, "%2", 99, "/project"),
        Pane("work", "/project", 5, True, 2, "%8", 2, "/project"),
    )
    moved = Spot("%8", 2, "@8", "$3", "work")
    world.terminals.seen = world.terminals.seen._replace(
        spots=(COCKPIT, SPOT._replace(pane_pid=99), moved)
    )
    jump(cockpit, bob)
    assert world.terminals.shown == [(moved, THERE)]


def test_what_an_entry_says_of_its_pane_does_not_count(world, cockpit, bob):
    cockpit.panes.panes = ()
    world.entries[2] = world.entries[2]._replace(tmux_pane="%2", tmux_session="work")
    assert refused(cockpit, bob) == "pane-not-proved"


def test_a_process_without_a_signature_proves_nothing(world, cockpit, bob):
    world.corpses[2] = Counted(world.entries.pop(2), Life.RUNNING, False)
    assert refused(cockpit, bob) == "pane-not-proved"


@pytest.mark.parametrize(
    ("life", "error"), [(Life.EXITED, AgentDead), (Life.REUSED, AgentReplaced)]
)
def test_an_agent_that_has_ended_is_not_gone_to(world, cockpit, bob, life, error):
    world.corpses[2] = Counted(world.entries.pop(2), life, True)
    with pytest.raises(error):
        jump(cockpit, bob)
    assert world.terminals.shown == []


def test_a_pane_that_goes_away_meanwhile_is_told_of(world, cockpit, bob):
    world.terminals.seen = world.terminals.seen._replace(spots=(COCKPIT,))
    assert refused(cockpit, bob) == "pane-gone"


def test_nothing_is_changed_where_it_is_not_clear_who_should_go(world, cockpit, bob):
    clients = (OWN, THERE, THERE._replace(name="/dev/pts/6"))
    world.terminals.seen = world.terminals.seen._replace(terminals=clients)
    assert refused(cockpit, bob) == "several-clients"
    assert refused(cockpit, bob, client="/dev/pts/7") == "unknown-client"
    world.terminals.seen = world.terminals.seen._replace(terminals=())
    assert refused(cockpit, bob, dry_run=True) == "no-client"


def test_a_failure_comes_with_a_command(world, cockpit, bob):
    world.terminals.problem = "it hangs"
    with pytest.raises(PaneError) as caught:
        jump(cockpit, bob)
    assert caught.value.fields["command"] == "tmux attach-session -t '=work:@2.%2'"


# ---------------------------------------------------------------------- from a dock


def test_a_dock_goes_to_the_dock_of_the_agents_window_and_moves_no_terminal(world, cockpit, bob):
    own = Spot("%1", 1, "@1", "$3", "work", is_dock=True)
    dock = Spot("%9", 9, "@2", "$3", "work", is_dock=True)
    world.terminals.seen = world.terminals.seen._replace(spots=(own, SPOT, dock))
    assert jump(cockpit, bob, dock=True).terminal is None
    world.terminals.seen = world.terminals.seen._replace(spots=(own, SPOT))
    jump(cockpit, bob, dock=True)
    assert world.terminals.shown == [(dock, None), (SPOT, None)]


def test_a_dock_whose_agents_live_in_another_session_moves_a_terminal_there(world, cockpit, bob):
    assert jump(cockpit, bob, dock=True).terminal == THERE
    assert world.terminals.shown == [(SPOT, THERE)]
