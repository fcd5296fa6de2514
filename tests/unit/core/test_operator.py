"""Whom a person at the screen means: one agent of the fleet, or nobody."""

from __future__ import annotations

import pytest

from helpers.fakes import ALICE, BOB, CAROL
from helpers.fleets import agent, dead, fleet, pane
from oxtail.cli.operator_verbs import CAP
from oxtail.core.operator import BROADCAST_CAP, choose, receivers
from oxtail.errors import AmbiguousTarget, BadArgument, TargetNotFound, TooManyReceivers


def test_an_id_goes_before_a_short_id_and_that_before_a_name() -> None:
    # Whoever calls itself by another one's id gets nothing of that one's.
    shown = fleet(agent("alice"), agent("bob", name=ALICE), agent("carol", name=ALICE[:8]))
    assert choose(shown, ALICE).key == ALICE
    assert choose(shown, ALICE[:8]).key == ALICE
    assert choose(shown, BOB).key == BOB


@pytest.mark.parametrize("target", ["alice", ALICE[:8], "editor"])
def test_a_name_and_the_name_of_a_window_mean_an_agent(target: str) -> None:
    shown = fleet(agent("alice", pane=pane(1, "editor")), agent("bob"))
    assert choose(shown, target).key == ALICE


def test_several_of_one_name_are_listed_and_none_is_guessed() -> None:
    shown = fleet(agent("alice", name="twin"), agent("bob", name="twin"))
    with pytest.raises(AmbiguousTarget) as caught:
        choose(shown, "twin")
    assert caught.value.fields["candidates"] == sorted((ALICE, BOB))
    assert choose(shown, f"twin·{ALICE[:4]}").key == ALICE


def test_one_that_runs_goes_before_one_of_its_name_that_does_not() -> None:
    shown = fleet(dead("alice", name="worker"), agent("bob", name="worker"))
    assert choose(shown, "worker").key == BOB
    assert choose(fleet(dead("alice", name="worker")), "worker").key == ALICE


def test_an_agent_in_the_background_can_be_addressed() -> None:
    shown = fleet(agent("alice", pane=pane(1)), agent("bob"), panes_known=True)
    assert [each.key for each in shown.background] == [BOB]
    assert choose(shown, "bob").key == BOB


def test_an_agent_without_a_session_id_is_addressed_by_its_process() -> None:
    unclaimed = agent("nobody", session_id=None, name=None)
    assert choose(fleet(unclaimed), f"pid:{unclaimed.server_pid}").session_id is None


def test_who_is_not_there_is_not_found() -> None:
    with pytest.raises(TargetNotFound):
        choose(fleet(agent("alice")), "bo")
    with pytest.raises(BadArgument):
        choose(fleet(agent("alice")), "")
    with pytest.raises(BadArgument):
        choose(fleet(agent("alice")), "x" * 600)


def test_a_broadcast_goes_to_those_who_run_in_a_terminal_and_have_said_who_they_are() -> None:
    shown = fleet(
        agent("alice", pane=pane(1), is_self=True),
        agent("bob", pane=pane(2)),
        dead("carol"),
        agent("nobody", session_id=None, pane=pane(3)),
        agent("hidden"),
        panes_known=True,
    )
    assert [each.key for each in receivers(shown)] == [BOB]
    assert {each.key for each in receivers(shown, include_self=True)} == {ALICE, BOB}


def test_a_broadcast_to_more_than_the_cap_is_refused() -> None:
    shown = fleet(agent("alice"), agent("bob"), agent("carol"))
    with pytest.raises(TooManyReceivers) as caught:
        receivers(shown, cap=2)
    assert caught.value.fields == {"count": 3, "cap": 2}
    assert {each.key for each in receivers(shown, cap=3)} == {ALICE, BOB, CAROL}


def test_a_broadcast_to_nobody_is_an_error() -> None:
    with pytest.raises(TargetNotFound):
        receivers(fleet(dead("alice")))


def test_the_command_says_the_cap_that_counts() -> None:
    assert CAP == BROADCAST_CAP
