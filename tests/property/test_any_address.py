"""Whom a target means does not depend on any order, and never leaks another project."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.depth import examples
from helpers.strategies import entries, known_sessions, targets
from oxtail.core.address import resolve
from oxtail.core.entry import Entry, Known
from oxtail.errors import AmbiguousTarget, OxtailError, TargetError

_unique = st.lists(entries, max_size=5, unique_by=(lambda e: e.server_pid)).map(
    # As the registry gives them: one entry for each session.
    lambda found: list({e.session_id or e.server_pid: e for e in found}.values())
)


def in_project(cwd: str) -> bool:
    return cwd.startswith("/here")


def outcome(target: str, me: Entry, found: list[Entry], known: list[Known]) -> object:
    try:
        return resolve(target, me, found, known, in_project)
    except OxtailError as error:
        return error.code, error.fields, error.message


@settings(max_examples=examples(100))
@given(targets, entries, _unique, st.lists(known_sessions, max_size=4), st.randoms())
def test_the_order_of_entries_does_not_matter(
    target: str, me: Entry, found: list[Entry], known: list[Known], random: st.random.Random
):
    expected = outcome(target, me, found, known)
    shuffled, shuffled_known = found[:], known[:]
    random.shuffle(shuffled)
    random.shuffle(shuffled_known)
    assert outcome(target, me, shuffled, shuffled_known) == expected


@settings(max_examples=examples(100))
@given(targets, entries, _unique, st.lists(known_sessions, max_size=4))
def test_whoever_is_meant_is_in_the_project_and_not_the_caller(
    target: str, me: Entry, found: list[Entry], known: list[Known]
):
    found = [entry for entry in found if entry.server_pid != me.server_pid]
    try:
        peer = resolve(target, me, [me, *found], known, in_project)
    except TargetError:
        return
    assert in_project(peer.client.cwd if isinstance(peer, Entry) else peer.cwd)
    assert peer.session_id is None or peer.session_id != me.session_id
    assert not (isinstance(peer, Entry) and peer.server_pid == me.server_pid)


@settings(max_examples=examples(100))
@given(targets, entries, _unique, st.lists(known_sessions, max_size=4))
def test_candidates_are_other_sessions_of_the_project(
    target: str, me: Entry, found: list[Entry], known: list[Known]
):
    try:
        resolve(target, me, found, known, in_project)
    except AmbiguousTarget as error:
        candidates = error.fields["candidates"]
    except TargetError as error:
        candidates = list(error.fields)
    else:
        return
    assert isinstance(candidates, list)
    here = {e.session_id for e in found if in_project(e.client.cwd)}
    here |= {k.session_id for k in known if in_project(k.cwd)}
    assert set(candidates) <= here - {me.session_id}
    assert candidates == sorted(set(candidates))
