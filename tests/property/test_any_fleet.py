"""Any facts make a fleet, always the same one, with nothing in it that steers a screen."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.fleet_strategies import FACTS
from oxtail.cli.fleet_table import table
from oxtail.core import codec
from oxtail.core.fleet_facts import Facts
from oxtail.core.plain import columns
from oxtail.core.snapshot import snapshot


@pytest.mark.slow
@given(FACTS, st.sampled_from([1, 40, 80, 120]))
def test_any_facts_make_a_fleet_that_can_be_shown(facts, width):
    fleet = snapshot(facts)

    codec.encode_line(fleet.as_dict(comms=True))
    for line in table(fleet, width, log=True).split("\n"):
        assert line.isprintable()
        assert columns(line) <= max(width, 40)
    agents = (*fleet.agents, *fleet.background)
    assert len({each.key for each in agents}) == len(agents)
    assert len({each.label for each in agents}) == len(agents)
    assert [each.is_dead for each in fleet.agents] == sorted(each.is_dead for each in fleet.agents)
    assert not any(each.is_dead or each.waits for each in fleet.background)
    for each in agents:
        assert each.verdict.why
        shown = (
            each.label,
            each.short_id,
            each.name,
            each.purpose,
            each.window_name,
            each.cwd,
            each.tail,
        )
        assert all(text is None or text.isprintable() for text in shown)
    assert fleet.counts.held == sum(each.held for each in agents)
    known = frozenset(part.key for trouble in fleet.troubles for part in trouble.parts)
    assert snapshot(facts._replace(acknowledged=known)).healthy


@pytest.mark.slow
@given(FACTS, st.randoms(use_true_random=False))
def test_the_order_of_facts_does_not_matter(facts: Facts, order: random.Random):
    def shuffled(values: Any) -> Any:
        mixed = list(values)
        order.shuffle(mixed)
        return mixed

    other = facts._replace(
        agents=tuple(shuffled(facts.agents)),
        asks=tuple(shuffled(facts.asks)),
        heirs=dict(shuffled(facts.heirs.items())),
        standings=dict(shuffled(facts.standings.items())),
        ledgers=dict(shuffled(facts.ledgers.items())),
    )
    assert snapshot(other) == snapshot(facts)
