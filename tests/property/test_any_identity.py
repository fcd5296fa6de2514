"""Identity for all inputs: nothing that lies in a folder can stop it, and order never matters."""

from __future__ import annotations

import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.depth import examples
from helpers.registries import World
from oxtail.core.entry import from_dict
from oxtail.identity.ancestry import Ancestor, Row, chain, parse_snapshot
from oxtail.identity.claims import StickyClaim, choose
from oxtail.identity.drops import parse_drop
from oxtail.identity.process import is_zone_shift, lstart_seconds, parse_stat

brief = settings(max_examples=examples(150))  # each draws from a small space

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
ENTRY = {
    "server_pid": 7000, "started_at": 1, "proc_sig": "", "state": {"purpose": "", "updated_at": 1},
    "client": {"type": "codex", "session_id": "s", "transcript_path": None, "cwd": "/"},
    "capabilities": {"mailbox": {"session_keyed": True}}, "name": "n", "doors": ["d"],
}  # fmt: skip


@st.composite
def spoiled_entries(draw: st.DrawFn) -> Any:
    """An entry of which any member, at any depth, may be anything or missing."""
    entry = json.loads(json.dumps(ENTRY))
    holder = draw(st.sampled_from([entry, entry["client"], entry["capabilities"], entry["state"]]))
    for name in draw(st.lists(st.sampled_from(sorted(holder)), max_size=2)):
        if draw(st.booleans()):
            holder[name] = draw(VALUES)
        else:
            holder.pop(name, None)
    return entry


@given(content=st.binary(max_size=200) | (VALUES | spoiled_entries()).map(
    lambda value: json.dumps(value).encode()
))  # fmt: skip
@brief
def test_whatever_a_file_holds_reading_the_registry_goes_on(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        world.raw("7000.json", content)
        registry = world.registry()

        for entry in registry.entries():
            assert from_dict(json.loads(json.dumps(entry.as_dict())), 7000) == entry
            assert registry.live(7000) == entry
            assert registry.pids_of(entry.session_id or "") == ((7000,) if entry.session_id else ())
        assert len(world.files()) + len(world.damaged()) == 1


@given(text=st.text(max_size=80))
@brief
def test_no_text_is_too_odd_to_be_read_as_a_start_or_a_process(text: str) -> None:
    lstart_seconds(text)
    parse_stat(text)
    parse_snapshot(text)
    parse_drop("x", {"schema_version": 1, "payload": {"session_id": text}, "ppid_sig": text})


@given(comm=st.text(max_size=20), ticks=st.integers(0, 10**18))
@brief
def test_no_program_name_changes_what_is_read_behind_it(comm: str, ticks: int) -> None:
    stat = parse_stat(f"7 ({comm}) R 1 " + "0 " * 17 + f"{ticks} 0")

    assert stat is not None
    assert (stat.comm, stat.state, stat.ticks) == (comm, "R", ticks)


@given(moment=st.integers(0, 2**33))
@brief
def test_a_start_text_is_read_as_it_was_written(moment: int) -> None:
    assert lstart_seconds(time.asctime(time.gmtime(moment))) == moment


@given(quarters=st.integers(-104, 104), wobble=st.integers(-2, 2), far=st.integers(3, 450))
@brief
def test_a_zone_shift_is_a_number_of_quarters_of_an_hour(
    quarters: int, wobble: int, far: int
) -> None:
    assert is_zone_shift(quarters * 900 + wobble)
    assert not is_zone_shift(quarters * 900 + far)


@given(parents=st.dictionaries(st.integers(0, 12), st.integers(0, 12)), start=st.integers(0, 12))
@brief
def test_every_process_tree_has_a_finite_chain(parents: dict[int, int], start: int) -> None:
    found = chain({pid: Row(ppid, "s") for pid, ppid in parents.items()}, start)

    assert len(found) <= 8
    assert len({each.pid for each in found}) == len(found)
    assert all(each.pid > 1 for each in found)


ANCESTORS = st.lists(
    st.integers(2, 7).map(lambda pid: Ancestor(pid, f"s{pid}" if pid % 3 else "")),
    unique=True,
    max_size=5,
).map(tuple)
CLAIMS = st.builds(
    StickyClaim,
    client_type=st.just("codex"),
    cwd=st.just("/"),
    ancestors=ANCESTORS,
    session_id=st.sampled_from("abc"),
    transcript_path=st.just("/t"),
    claimed_at=st.integers(0, 5),
    server_pid=st.just(9),
)


@given(
    claims=st.lists(CLAIMS, max_size=5, unique_by=lambda claim: claim.session_id),
    current=ANCESTORS,
    data=st.data(),
)
@brief
def test_which_claim_fits_does_not_depend_on_their_order_or_age(
    claims: list[StickyClaim], current: tuple[Ancestor, ...], data: st.DataObject
) -> None:
    chosen = choose(tuple(claims), current)
    shuffled = data.draw(st.permutations(claims))
    aged = [claim._replace(claimed_at=5 - claim.claimed_at) for claim in shuffled]
    again = choose(tuple(aged), current)

    assert (chosen and chosen.session_id) == (again and again.session_id)
    if chosen:
        assert set(chosen.ancestors) & {each for each in current if each.sig}
