"""Reading never reorders, a question ends once, and budgets hold for all inputs."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from helpers.strategies import any_text, envelopes
from oxtail.core.codec import utf8_length
from oxtail.core.correlation import ENDS, FIRST, Event, State, advance
from oxtail.core.envelope import Envelope
from oxtail.core.selection import choose
from oxtail.core.transcript import Said, clamp_bytes, clamp_limit, clip_tail, fit

queues = st.lists(envelopes, max_size=8, unique_by=lambda message: message.id)


@given(queues, st.integers(0, 5), st.integers(0, 100), st.sets(st.integers(0, 7)))
def test_a_read_takes_the_oldest_without_gaps(
    messages: list[Envelope], most: int, size: int, held: set[int]
):
    reserved = {messages[i].id for i in held if i < len(messages)}
    chosen = choose(
        messages, max_messages=most, max_body_bytes=size, reserved=lambda m: m.id in reserved
    )
    free = sorted((m for m in messages if m.id not in reserved), key=lambda m: m.enqueued_at)
    taken = free[: len(chosen.taken)]
    assert chosen.taken == tuple(message.id for message in taken)
    assert chosen.deferred == len(free) - len(taken)
    assert chosen.reserved == len(reserved)
    assert bool(taken) is bool(free)
    if len(taken) > 1:
        assert len(taken) <= most
        assert sum(message.body_bytes for message in taken) <= size


@given(queues, st.integers(1, 3), st.integers(1, 60))
def test_reading_until_nothing_is_left_shows_each_message_once_in_order(
    messages: list[Envelope], most: int, size: int
):
    left, seen = messages, []
    while left:
        taken = choose(left, max_messages=most, max_body_bytes=size).taken
        seen += taken
        left = [message for message in left if message.id not in taken]
    assert seen == [m.id for m in sorted(messages, key=lambda m: m.enqueued_at)]


@given(st.lists(st.sampled_from(Event)))
def test_a_question_ends_at_most_once_and_then_nothing_happens_to_it(events: list[Event]):
    state, ends = FIRST, 0
    for event in events:
        try:
            after = advance(state, event)
        except ValueError:
            continue
        assert state not in ENDS
        state = after
        ends += state in ENDS
    assert ends == (state in ENDS)


@given(st.lists(st.sampled_from(Event)))
def test_a_question_without_end_has_somebody_waiting_or_a_pending_ask(events: list[Event]):
    state = FIRST
    for event in events:
        try:
            state = advance(state, event)
        except ValueError:
            continue
    assert state in ENDS or state in (State.ASKING, State.WAITING, State.PENDING)


@given(st.none() | st.integers() | st.floats() | st.text())
def test_any_number_is_clamped(value: object):
    assert 1 <= clamp_limit(value) <= 1000
    assert 256 <= clamp_bytes(value) <= 1_000_000
    if isinstance(value, (int, float)) and math.isfinite(value) and 256 <= value <= 1000:
        assert clamp_limit(value) == clamp_bytes(value) == math.floor(value)


@given(st.lists(any_text.filter(bool), max_size=6), st.integers(1, 6), st.integers(0, 60))
def test_a_transcript_keeps_the_newest_within_its_budgets(texts: list[str], limit: int, size: int):
    messages = [Said("user", text, None) for text in texts]
    result = fit(messages, limit, size, more_before=False, total=len(texts), modified_at=0)
    kept = [said.text for said in result.messages]
    newest = texts[-limit:]
    assert result.count_truncated is (len(texts) > limit)
    if not result.bytes_truncated:
        assert kept == newest
        assert sum(map(utf8_length, kept)) <= size
        return
    assert sum(map(utf8_length, newest)) > size
    if not kept:
        assert utf8_length(newest[-1]) > size == 0
        return
    assert kept[1:] == newest[len(newest) - len(kept) + 1 :]
    original = newest[len(newest) - len(kept)]
    if kept[0] != original:
        head, mark = kept[0].rsplit("…[+", 1)
        assert original.startswith(head)
        assert utf8_length(original) - utf8_length(head) == int(mark.removesuffix("B truncated]"))
        kept[0] = head
    assert sum(map(utf8_length, kept)) <= size


@given(any_text, st.integers(0, 50))
def test_a_clipped_pane_ends_as_the_pane_does(text: str, size: int):
    clipped, cut = clip_tail(text, size)
    assert cut is (len(text) > size)
    assert clipped == text if not cut else clipped.endswith("\n" + text[len(text) - size :])
