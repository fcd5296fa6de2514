"""Any history of clears, forks and returns: each past has one heir, and both stores agree."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.depth import examples
from helpers.stores import RealClock
from oxtail.core.lineage import FORMER_MAX, chain_of, heir_of
from oxtail.disk.atomic import Disk
from oxtail.store.files.lineage import FileLineage
from oxtail.store.memory.lineage import MemoryLineage

IDS = tuple("abcdef")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.sampled_from(IDS), st.sampled_from(IDS)),
        st.tuples(st.just("returned"), st.sampled_from(IDS), st.just("")),
        st.tuples(st.just("look"), st.sampled_from(IDS), st.just("")),
    ),
    max_size=25,
)


@settings(max_examples=examples(150), deadline=None)
@given(STEPS)
def test_every_past_has_one_heir_and_both_stores_agree(steps: list[tuple[str, str, str]]) -> None:
    memory = MemoryLineage(RealClock())
    with tempfile.TemporaryDirectory() as folder:
        processes = [FileLineage(Disk(folder, fsync=False), RealClock()) for _ in range(2)]
        for number, (verb, one, other) in enumerate(steps):
            files = processes[number % 2]
            if verb == "record":
                won = memory.record(one, other, "hook")
                assert files.record(one, other, "hook") == won
                assert won == (one != other and memory.heir(one) == other)
            elif verb == "returned":
                memory.returned(one)
                files.returned(one)
                assert memory.heir(one) == one
            for each in IDS:
                assert {process.heir(each) for process in processes} == {memory.heir(each)}
                assert {process.former(each) for process in processes} == {memory.former(each)}
            owners: dict[str, str] = {}
            for heir in IDS:
                for former in memory.former(heir):
                    assert memory.heir(former) == heir
                    assert former not in owners, "two sessions have one past"
                    owners[former] = heir
        assert not list(Path(folder).rglob("*.tmp.*"))


@given(st.dictionaries(st.sampled_from(IDS), st.sampled_from(IDS)), st.sampled_from(IDS))
def test_any_forged_chain_ends(following: dict[str, str], start: str) -> None:
    heir = heir_of(start, following.get)
    chain = chain_of(start, following.get)

    assert len(chain) == len(set(chain)) <= len(IDS)
    assert heir == (chain[-1] if chain else start)
    assert heir == start or following.get(heir) is None
    assert len(IDS) <= FORMER_MAX
