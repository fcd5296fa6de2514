"""The life of delegated work: its table, its ends, and their form on disk."""

from __future__ import annotations

import itertools

import pytest

from helpers.fakes import ALICE, BOB, CAROL
from oxtail.core.envelope import Envelope
from oxtail.core.work import (
    ENDS,
    FIRST,
    NOTE_MAX_UNITS,
    TRANSITIONS,
    Closing,
    Event,
    Owed,
    State,
    advance,
    begun,
    closed,
    ended,
    is_end,
    note_of,
    outcome_to_dict,
    spoken,
    state_diagram,
)

TASK = Envelope(
    "aa03840545e381c5",
    "please do",
    1_795_357_145,
    from_session_id=ALICE,
    request_id="711128ea120d2128",
    action_required=True,
)
OPEN = Owed(BOB, TASK, True, State.OPEN)


def closing(outcome: State, body: str = "done: 42", **members: object) -> Closing:
    return Closing(BOB, TASK.id, outcome, body, 1_795_357_146, **members)


def test_work_ends_in_four_ways_and_nothing_leads_out_of_them():
    assert {State.DONE, State.BLOCKED, State.DECLINED, State.REASSIGNED} == ENDS
    for state, event in itertools.product(ENDS, Event):
        with pytest.raises(ValueError, match=state.value):
            advance(state, event)


def test_work_that_is_being_closed_can_only_end():
    leads = {after for (before, _), after in TRANSITIONS.items() if before is State.CLOSING}

    assert leads == ENDS
    assert advance(State.OPEN, Event.BEGUN) is State.CLOSING


@pytest.mark.parametrize("state", State)
def test_work_is_begun_to_be_closed_only_while_it_is_open(state):
    owed = OPEN._replace(state=state)
    if state is State.OPEN:
        assert begun(owed).state is State.CLOSING
        return
    with pytest.raises(ValueError, match=state.value):
        begun(owed)


@pytest.mark.parametrize("state", State)
def test_work_is_closed_as_one_of_its_ends_and_as_nothing_else(state):
    assert is_end(state) == (state in ENDS)
    if state not in ENDS:
        with pytest.raises(ValueError, match=state.value):
            outcome_to_dict(closing(state))


def test_every_state_can_be_reached():
    reached = {FIRST}
    for _ in State:
        reached |= {after for (before, _), after in TRANSITIONS.items() if before in reached}

    assert reached == set(State)


def test_the_diagram_has_each_transition_and_each_end():
    lines = state_diagram().splitlines()

    assert len(lines) == 2 + len(TRANSITIONS) + len(ENDS)
    assert "    closing --> declined: refused" in lines
    assert "    reassigned --> [*]" in lines


@pytest.mark.parametrize(
    ("outcome", "written"),
    [
        (State.DONE, {"state": "done", "at": 1_795_357_146, "note": "done: 42"}),
        (State.BLOCKED, {"state": "blocked", "at": 1_795_357_146, "note": "done: 42"}),
        (
            State.DECLINED,
            {"state": "blocked", "at": 1_795_357_146, "note": "done: 42", "outcome": "declined"},
        ),
    ],
)
def test_an_outcome_is_what_npm_peers_write_and_a_member_of_ours(outcome, written):
    members = outcome_to_dict(closing(outcome))

    assert list(members.items()) == list(written.items())


def test_work_that_was_handed_on_is_done_for_npm_peers_and_says_to_whom():
    members = outcome_to_dict(
        closing(State.REASSIGNED, "please do", target=CAROL, note="[reassigned] to Carol: busy")
    )

    assert list(members.items()) == [
        ("state", "done"),
        ("at", 1_795_357_146),
        ("note", "[reassigned] to Carol: busy"),
        ("outcome", "reassigned"),
        ("to", CAROL),
    ]


@pytest.mark.parametrize("outcome", sorted(ENDS, key=lambda state: state.value))
def test_an_outcome_is_read_as_it_was_written(outcome):
    target = CAROL if outcome is State.REASSIGNED else None
    begun = closing(outcome, target=target)

    owed = closed(OPEN, outcome_to_dict(begun))

    assert (owed.state, owed.closed_at, owed.note, owed.to) == (
        outcome,
        begun.at,
        "done: 42",
        target,
    )
    assert owed.has_ended
    assert ended(owed) == begun._replace(requester=ALICE, request_id=TASK.request_id)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (None, State.DONE),
        ("done", State.DONE),
        ([], State.DONE),
        ({}, State.DONE),
        ({"state": "nonsense"}, State.DONE),
        ({"state": ["done"]}, State.DONE),
        ({"state": "blocked"}, State.BLOCKED),
        ({"state": "blocked", "outcome": "nonsense"}, State.BLOCKED),
        ({"state": "done", "outcome": "declined"}, State.DONE),
        ({"state": "blocked", "outcome": {}}, State.BLOCKED),
    ],
)
def test_whatever_an_outcome_holds_the_work_has_ended(outcome, state):
    assert closed(OPEN, outcome).state is state


@pytest.mark.parametrize("at", [None, True, "1", -1, 1e300, float("inf"), float("nan")])
def test_a_time_that_is_none_counts_as_unknown(at):
    assert closed(OPEN, {"state": "done", "at": at}).closed_at is None


def test_a_result_says_how_the_work_ended_unless_it_is_done():
    assert spoken(State.DONE, "42") == "42"
    assert spoken(State.BLOCKED, "no key") == "[blocked] no key"
    assert spoken(State.DECLINED, "not mine") == "[declined] not mine"


def test_a_note_is_cut_between_characters_in_utf16_units():
    assert note_of("x" * 300) == "x" * NOTE_MAX_UNITS
    assert note_of("é" * 280) == "é" * 280
    assert note_of("🦊" * 141) == "🦊" * 140
    assert note_of("x" + "🦊" * 140) == "x" + "🦊" * 139


def test_only_open_work_with_a_deadline_can_be_overdue():
    due = TASK._replace(extra=(("deadline", 100),))

    assert OPEN._replace(message=due).is_overdue(101)
    # Within one second, all agree: those who count whole seconds and those who count parts of them.
    assert OPEN._replace(message=due).is_overdue(100.9)
    assert OPEN._replace(message=due).is_overdue(100)
    assert not OPEN._replace(message=due).is_overdue(99.9)
    assert not OPEN.is_overdue(10**12)
    assert not OPEN._replace(message=due, state=State.DONE).is_overdue(101)
    assert OPEN._replace(message=due, state=State.CLOSING).is_overdue(101)
    assert not OPEN._replace(message=due, is_work=False).is_overdue(101)


@pytest.mark.parametrize("deadline", [None, True, "soon", -5, [], float("inf"), 2**60])
def test_a_deadline_that_is_none_counts_as_absent(deadline):
    assert TASK._replace(extra=(("deadline", deadline),)).deadline is None
