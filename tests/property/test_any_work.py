"""Work, for any text and any history."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from helpers.strategies import any_text, envelopes, json_values
from oxtail.core import codec
from oxtail.core.work import (
    ENDS,
    FIRST,
    NOTE_MAX_UNITS,
    Closing,
    Event,
    Owed,
    State,
    advance,
    closed,
    note_of,
    outcome_to_dict,
)

long_text = st.lists(any_text, max_size=12).map("".join)
closings = st.builds(
    Closing,
    session_id=any_text.filter(bool),
    message_id=any_text.filter(bool),
    outcome=st.sampled_from(sorted(ENDS, key=lambda state: state.value)),
    body=long_text,
    at=st.integers(0, 2**40),
    target=st.none() | any_text.filter(bool),
    note=st.none() | long_text,
)


@given(st.lists(st.sampled_from(Event), max_size=8))
def test_work_ends_once_and_stays_ended(events):
    state, ends = FIRST, 0
    for event in events:
        before = state
        try:
            state = advance(state, event)
        except ValueError:
            assert state is before
            continue
        assert before not in ENDS
        ends += state in ENDS
    assert ends == (state in ENDS) <= 1


@given(closings, envelopes)
def test_any_outcome_survives_its_way_through_a_line(closing, message):
    written = codec.decode(codec.encode_compact(outcome_to_dict(closing)))
    owed = closed(Owed("someone", message, True, State.OPEN), written)

    assert owed.state is closing.outcome
    assert owed.closed_at == closing.at
    assert (owed.note or "") == note_of(closing.note or closing.body)
    if closing.outcome is State.REASSIGNED:
        assert owed.to == closing.target


@given(json_values, envelopes)
def test_any_outcome_ends_the_work(outcome, message):
    assert closed(Owed("someone", message, True, State.OPEN), outcome).has_ended


def units(text: str) -> int:
    """Return the length of *text* in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


@given(st.text(max_size=400))
def test_a_note_is_the_longest_beginning_that_fits(text):
    note = note_of(text)

    assert text.startswith(note)
    assert units(note) <= NOTE_MAX_UNITS
    if note != text:
        assert units(text[: len(note) + 1]) > NOTE_MAX_UNITS
