"""Which rows of a long list are shown: the cursor's always, the rest counted exactly."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oxtail.cockpit.shapes.windowing import MARKLESS_BUDGET, window


def check(total: int, budget: int, cursor: int, top: int) -> None:
    seen = window(total, budget, cursor, top)
    shown = seen.stop - seen.start
    marks = seen.counts_above + seen.counts_below
    assert 0 <= seen.start <= seen.stop <= total
    assert shown + marks <= budget
    assert not total or not budget or seen.start <= cursor < seen.stop
    if budget > MARKLESS_BUDGET:
        assert seen.counts_above == (seen.start > 0)
        assert seen.counts_below == (seen.stop < total)
    # No room is left unused while rows are hidden.
    assert shown == total or shown + marks == budget


def test_every_small_list_is_windowed_within_its_budget() -> None:
    for total in range(13):
        for budget in range(13):
            for cursor in range(max(total, 1)):
                for top in range(total + 1):
                    check(total, budget, cursor, top)


@given(st.integers(0, 2000), st.integers(0, 200), st.data())
def test_any_list_is_windowed_within_its_budget(total, budget, data):
    cursor = data.draw(st.integers(0, max(total - 1, 0)))
    check(total, budget, cursor, data.draw(st.integers(0, 3000)))


@given(st.integers(4, 300), st.integers(5, 40), st.lists(st.sampled_from((-1, 1)), max_size=200))
def test_a_step_of_the_cursor_moves_the_window_by_few_rows(total, budget, steps):
    cursor, seen = 0, window(total, budget, 0)
    for step in steps:
        cursor = min(max(cursor + step, 0), total - 1)
        after = window(total, budget, cursor, seen.start)
        assert abs(after.start - seen.start) <= 2
        seen = after
