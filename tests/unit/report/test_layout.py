from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxtail.report.layout import HEIGHT, WIDTH, layout

NODES = st.integers(0, 9).map(str)


@given(st.sets(st.tuples(NODES, NODES).filter(lambda arc: arc[0] != arc[1]), min_size=1))
def test_nobody_lies_over_another_or_outside(arcs):
    plan = layout(sorted(arcs))

    assert set(plan.places) == {node for arc in arcs for node in arc}
    assert layout(sorted(arcs, reverse=True)) == plan
    places = sorted(plan.places.values())
    for x, y in places:
        assert WIDTH / 2 <= x <= plan.width - WIDTH / 2
        assert HEIGHT / 2 <= y <= plan.height - HEIGHT / 2
    for place, (x, y) in enumerate(places):
        for other_x, other_y in places[place + 1 :]:
            assert abs(x - other_x) >= WIDTH or abs(y - other_y) >= HEIGHT


def test_who_is_waited_for_stands_to_the_right():
    plan = layout([("a", "b"), ("b", "c"), ("a", "c")])
    assert plan.places["a"][0] < plan.places["b"][0] < plan.places["c"][0]


def test_two_that_wait_for_each_other_stand_side_by_side():
    (ax, ay), (bx, by) = (layout([("a", "b"), ("b", "a")]).places[each] for each in "ab")
    assert ay == pytest.approx(by)
    assert bx - ax > WIDTH
