"""Listing: the registry first, tmux on top."""

from __future__ import annotations

import pytest

from helpers.fakes import ALICE, BOB, CAROL, FakePanes, World
from oxtail.app.peers import list_peers
from oxtail.core.pane import Pane
from oxtail.core.presence import Marker

PANE = Pane("work", "/project", 5, True, 2, "%1", 900, "/project/src")


@pytest.fixture
def world() -> World:
    return World()


def in_tmux(world: World, pid: int, session: str) -> None:
    world.entries[pid] = world.entries[pid]._replace(tmux_pane="%1", tmux_session=session)


def test_agents_outside_tmux_are_listed(world):
    me = world.context(ALICE, pid=1)
    world.context(BOB, pid=2, name="reviewer")

    rows = {row.client_session_id: row for row in list_peers(me).rows}

    assert (rows[ALICE].is_me, rows[BOB].is_me) == (True, False)
    assert rows[BOB].name == "reviewer"


def test_an_agent_of_another_project_is_not_listed_though_it_shares_the_tmux_session(world):
    me = world.context(ALICE, pid=1)
    world.context(BOB, pid=2, cwd="/elsewhere")
    for pid in (1, 2):
        in_tmux(world, pid, "work")
    world.panes.panes = (PANE,)

    assert [row.client_session_id for row in list_peers(me).rows] == [ALICE]


def test_tmux_adds_where_an_agent_runs(world):
    me = world.context(ALICE, pid=1)
    in_tmux(world, 1, "work")
    world.panes.panes = (PANE,)

    (row,) = list_peers(me).rows

    assert (row.name, row.attached, row.windows, row.created_at) == ("work", True, 2, 5)


def test_a_tmux_session_without_agent_is_a_row_of_its_own(world):
    me = world.context(ALICE, pid=1)
    elsewhere = PANE._replace(session="far", session_path="/elsewhere", path="/elsewhere")
    world.panes.panes = (PANE, elsewhere)

    rows = list_peers(me).rows

    assert [row.name for row in rows if row.client_type is None] == ["work"]


def test_where_tmux_fails_the_agents_are_listed_all_the_same(world):
    me = world.context(ALICE, pid=1)._replace(panes=FakePanes(problem="no route to tmux"))

    result = list_peers(me)

    assert (result.error, len(result.rows)) == ("no route to tmux", 1)


def test_presence_comes_from_the_marker(world):
    me = world.context(ALICE, pid=1)
    world.presence.markers[ALICE] = Marker("busy", world.clock.now())

    assert list_peers(me).rows[0].presence == "busy"


def test_the_compact_form_groups_agents_and_keeps_empty_sessions(world):
    me = world.context(ALICE, pid=1)
    world.context(CAROL, pid=3)
    for pid in (1, 3):
        in_tmux(world, pid, "work")
    world.panes.panes = (PANE, PANE._replace(session="idle"))

    groups = list_peers(me).as_dict(compact=True)["tmux_sessions"]

    assert [(g["name"], len(g["agents"])) for g in groups] == [("work", 2), ("idle", 0)]


def test_a_named_project_root_is_not_inferred(world):
    me = world.context(ALICE, pid=1)

    assert (
        list_peers(me, "/elsewhere").inferred,
        list_peers(me, "/elsewhere").project_root,
    ) == (False, "/elsewhere")
    assert list_peers(me, "/elsewhere").rows == ()
