"""Reading another session: transcript or pane, and truthful refusals."""

from __future__ import annotations

import pytest

from helpers.fakes import ALICE, BOB, CAROL, World
from oxtail.app.read_session import read_session
from oxtail.core.pane import Pane
from oxtail.core.transcript import Said, Transcript
from oxtail.errors import BadArgument

PANE = Pane("work", "/project", 5, True, 2, "%7", 2, "/project")


@pytest.fixture
def world() -> World:
    world = World()
    world.context(BOB, pid=2)
    client = world.entries[2].client._replace(transcript_path="/t/bob.jsonl")
    world.entries[2] = world.entries[2]._replace(client=client)
    return world


@pytest.fixture
def me(world):
    return world.context(ALICE, pid=1)


def test_a_transcript_is_read_by_session_id(world, me):
    world.transcripts.files["/t/bob.jsonl"] = Transcript(
        (Said("user", "hi", None),), True, False, 7, world.clock.now() - 5
    )

    result = read_session(me, BOB)

    assert (
        result.mode,
        result.resolved_session_id,
        result.total_messages,
        result.truncated,
        result.transcript_age_seconds,
    ) == ("transcript", BOB, 7, True, 5)
    assert result.messages == ({"role": "user", "text": "hi", "timestamp": None},)


def test_an_old_id_shows_the_session_that_goes_on(world, me):
    world.sides.lineage.record(CAROL, BOB, "hook")

    assert read_session(me, CAROL).resolved_session_id == BOB


def test_a_transcript_that_cannot_be_read_is_an_error_with_provenance(world, me):
    world.transcripts.files["/t/bob.jsonl"] = PermissionError(13, "Permission denied")

    result = read_session(me, BOB)

    assert (result.mode, result.resolved_session_id) == ("none", BOB)
    assert "Permission denied" in result.error


def test_the_pane_of_the_peer_itself_is_shown(world, me):
    world.entries[2] = world.entries[2]._replace(tmux_pane="%7", tmux_session="work")
    world.panes.panes = (PANE._replace(pane_id="%1", pane_pid=99), PANE)
    world.panes.text = "screen"

    result = read_session(me, BOB, mode="pane")

    assert (result.mode, result.pane_text, result.session) == ("pane", "screen", "work")


def test_a_session_of_another_project_is_refused_and_its_id_not_told(world, me):
    world.context(CAROL, pid=3, cwd="/elsewhere", name="stranger")

    for target in (CAROL, "stranger"):
        result = read_session(me, target)
        assert "not in project scope" in result.error
        assert result.resolved_session_id is None


def test_refusals_start_with_words_that_programs_know(world, me):
    world.context(CAROL, pid=3, name="twin")
    world.context("dave", pid=4, name="twin")

    assert read_session(me, "twin").error.startswith("ambiguous-target:")
    assert read_session(me, "9" * 36).error.startswith("unknown-or-unclaimed-session:")
    assert "no pane to capture" in read_session(me, BOB, mode="pane").error
    assert "no such session" in read_session(me, "nobody").error


def test_a_tmux_session_without_agent_can_be_looked_at(world, me):
    world.panes.panes = (PANE._replace(session="logs"),)
    world.panes.text = "lines"

    assert read_session(me, "logs").pane_text == "lines"
    assert "may not use oxtail" in read_session(me, "logs", mode="transcript").error


def test_a_tmux_that_fails_is_an_error_in_the_result(world, me):
    world.panes.problem = "server exited"

    assert read_session(me, "logs").error == "server exited"


def test_an_unknown_mode_is_refused(me):
    with pytest.raises(BadArgument):
        read_session(me, BOB, mode="telepathy")
