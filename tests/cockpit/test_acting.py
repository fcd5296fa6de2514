"""What the cockpit does for a person: the use cases that it calls, and what it says of them."""

from __future__ import annotations

import pytest

from helpers.fakes import ALICE, BOB, FakePanes, World
from oxtail.app.fleet import Collector
from oxtail.cockpit.acting import ContextActions
from oxtail.core.operator import NUDGE
from oxtail.errors import AgentDead, JumpRefused, OxtailError


@pytest.fixture
def world():
    made = World()
    made.context(ALICE, pid=1, name="alice")
    made.context(BOB, pid=2, name="bob")
    return made


@pytest.fixture
def ctx(world):
    return world.context(None, pid=9, announced=False)


@pytest.fixture
def actions(ctx):
    return ContextActions(lambda: ctx)


@pytest.fixture
def fleet(ctx):
    return Collector(ctx).look()


def test_a_message_is_said_to_be_stored_and_nothing_more(actions, fleet, ctx):
    done = actions.message(fleet.agent(BOB), "hello")
    assert done.ok
    assert "to bob: stored, wake " in done.text
    assert "delivered" not in done.text
    line = Collector(ctx).look().comms[-1]
    assert (line.body, line.origin, line.sender, line.receiver) == ("hello", "operator", None, BOB)
    assert line.message_id in done.text


def test_a_nudge_is_a_message_of_the_operator(actions, fleet, ctx):
    done = actions.nudge(fleet.agent(BOB))
    assert done.text.startswith("nudge ")
    assert Collector(ctx).look().comms[-1].body == NUDGE


def test_an_agent_that_died_since_it_was_shown_gets_nothing(actions, fleet, world, ctx):
    bob = fleet.agent(BOB)
    del world.entries[2]
    with pytest.raises(OxtailError) as caught:
        actions.message(bob, "hello")
    assert caught.value.code in ("agent-gone", AgentDead.code)
    assert Collector(ctx).look().comms == ()


def test_a_jump_to_an_agent_without_a_pane_is_refused(world, fleet, ctx):
    actions = ContextActions(lambda: ctx._replace(panes=FakePanes()))
    with pytest.raises(JumpRefused):
        actions.jump(fleet.agent(BOB), within_window=False)


def test_trouble_that_a_person_acknowledges_is_known_at_the_next_look(actions, fleet, world, ctx):
    from oxtail.core.census import Counted
    from oxtail.core.liveness import Life

    actions.message(fleet.agent(BOB), "hello")
    world.corpses[2] = Counted(world.entries.pop(2), Life.EXITED, True)
    wrong = Collector(ctx).look()
    assert not wrong.healthy
    done = actions.acknowledge(wrong, wrong.agent(BOB))
    assert done.text == "acknowledged: bob does not run and has 1 unread"
    assert Collector(ctx).look().healthy


def test_receipts_say_no_more_than_is_proved(actions, fleet, ctx):
    actions.message(fleet.agent(BOB), "hello")
    message_id = Collector(ctx).look().comms[-1].message_id
    lines = actions.receipts(message_id)
    assert lines[0] in ("status: stored", "status: offered", "status: unknown")
    assert not any("shown" in line for line in lines)
