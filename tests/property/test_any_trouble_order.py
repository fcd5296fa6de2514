"""Any fleet can be put in order of trouble: the same agents, by need, else as they stood."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given

from helpers.fleet_strategies import FACTS
from oxtail.core.fleet_facts import Facts
from oxtail.core.snapshot import snapshot
from oxtail.core.trouble_order import needs, trouble_first


@pytest.mark.slow
@given(FACTS)
def test_trouble_first_leaves_nobody_out_and_keeps_the_order_of_equals(facts: Facts):
    fleet = snapshot(facts)
    rank = needs(fleet.agents, fleet.troubles)

    ordered = trouble_first(fleet.agents, fleet.troubles)

    place = {each.key: at for at, each in enumerate(fleet.agents)}
    assert sorted(place[each.key] for each in ordered) == list(range(len(fleet.agents)))
    for one, other in pairwise(ordered):
        before, after = rank[one.key], rank[other.key]
        assert before < after or (before == after and place[one.key] < place[other.key])
    assert trouble_first(ordered, fleet.troubles) == ordered
