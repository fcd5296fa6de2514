"""The life of a question, and which message answers it."""

from __future__ import annotations

import pytest

from oxtail.core.correlation import (
    ENDS,
    FIRST,
    TRANSITIONS,
    WAITED_FOR,
    Ask,
    Event,
    State,
    advance,
    after_death,
    answers,
    state_diagram,
)
from oxtail.core.envelope import Envelope

ASK = Ask("me", "8a7b6c5d4e3f2011", "peer", "0f3c9a1be2d47758", 1, 1000)


def message(sender: str | None, reply_to: str | None) -> Envelope:
    return Envelope("0" * 16, "b", 1, from_session_id=sender, reply_to=reply_to)


@pytest.mark.parametrize(
    ("sender", "reply_to", "strict", "loose"),
    [
        ("peer", ASK.request_id, True, True),
        ("peer", None, False, True),
        ("peer", "other", False, True),
        ("somebody", ASK.request_id, False, False),
        (None, ASK.request_id, False, False),
    ],
)
def test_an_answer_comes_from_the_peer_and_names_the_request(
    sender: str | None, reply_to: str | None, strict: bool, loose: bool
):
    given = message(sender, reply_to)
    assert answers(given, ASK, strict=True) is strict
    assert answers(given, ASK, strict=False) is loose


def test_a_question_without_request_or_target_is_answered_by_nothing():
    assert not answers(message("peer", None), ASK._replace(request_id=""), strict=True)
    assert not answers(message("peer", ""), ASK._replace(request_id=""), strict=True)
    assert not answers(message(None, None), ASK._replace(target=""), strict=False)


@pytest.mark.parametrize(
    ("events", "end"),
    [
        ((Event.COMMITTED, Event.ANSWERED), State.ANSWERED),
        ((Event.SEND_FAILED,), State.DROPPED),
        ((Event.COMMITTED, Event.GAVE_UP), State.DROPPED),
        ((Event.ASKER_DIED, Event.LATE_ANSWER), State.COLLECTED),
        ((Event.COMMITTED, Event.TIMED_OUT, Event.ANSWERED), State.ANSWERED),
        ((Event.COMMITTED, Event.CANCELLED, Event.LATE_ANSWER), State.COLLECTED),
        ((Event.COMMITTED, Event.ASKER_DIED, Event.TTL_PASSED), State.EXPIRED),
    ],
)
def test_lives_of_a_question(events: tuple[Event, ...], end: State):
    state = FIRST
    for event in events:
        state = advance(state, event)
    assert state is end


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_an_event_that_cannot_happen_is_refused(state: State, event: Event):
    if (state, event) in TRANSITIONS:
        assert advance(state, event) is not state
    else:
        with pytest.raises(ValueError, match=event.value):
            advance(state, event)


def test_a_question_ends_in_one_of_four_states():
    assert {State.ANSWERED, State.COLLECTED, State.EXPIRED, State.DROPPED} == ENDS


def test_every_state_is_reached_from_the_first_and_leads_to_an_end():
    edges = {(before, after) for (before, _), after in TRANSITIONS.items()}

    def spread(start: set[State], pairs: set[tuple[State, State]]) -> set[State]:
        seen = set(start)
        while more := {b for a, b in pairs if a in seen} - seen:
            seen |= more
        return seen

    assert spread({FIRST}, edges) == set(State)
    assert spread(set(ENDS), {(b, a) for a, b in edges}) == set(State)


def test_every_event_happens_somewhere():
    assert {event for _, event in TRANSITIONS} == set(Event)


def test_the_diagram_has_every_transition_and_every_end():
    lines = state_diagram().splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> asking"]
    assert "    waiting --> pending: timed_out" in lines
    assert len(lines) == 2 + len(TRANSITIONS) + len(ENDS)


@pytest.mark.parametrize("state", sorted(WAITED_FOR, key=lambda state: state.value))
def test_after_the_death_of_its_asker_a_question_stands_where_the_table_says(state: State):
    assert advance(state, Event.ASKER_DIED) is after_death()


def test_a_table_that_needs_what_no_record_tells_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(TRANSITIONS, (State.ASKING, Event.ASKER_DIED), State.DROPPED)

    with pytest.raises(ValueError, match="too many"):
        after_death()
