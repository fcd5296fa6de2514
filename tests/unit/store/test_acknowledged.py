"""What a person knows of: small records that outlive damage and stay small."""

from __future__ import annotations

import pytest

from oxtail.core.trouble import Kind, key_of
from oxtail.store.files.acknowledged import KEYS_MAX, FileAcknowledged
from oxtail.store.files.locks import Locks
from oxtail.store.memory.lookout import MemoryAcknowledged

A, B, C = (key_of(Kind.STRANDED_MAIL, "agent", each) for each in "abc")
ROOT, OTHER = "/home/me/app", "/home/me/other"


def opened(hosts) -> FileAcknowledged:
    return FileAcknowledged(hosts.disk, Locks(hosts.disk, 5.0, hosts.trace))


@pytest.fixture(params=["files", "memory"])
def known(request, hosts):
    return opened(hosts) if request.param == "files" else MemoryAcknowledged()


def test_what_is_over_is_forgotten(known):
    known.update(ROOT, {A: 1, B: 2}, ())
    assert known.keys(ROOT) == {A, B}
    known.update(ROOT, {C: 3}, {B})
    assert known.keys(ROOT) == {B, C}
    known.update(ROOT, {}, ())
    assert known.keys(ROOT) == frozenset()


def test_a_project_has_its_own_and_what_was_said_of_all(known):
    known.update(ROOT, {A: 1}, ())
    known.update(OTHER, {B: 1}, ())
    known.update(None, {C: 1}, ())
    assert known.keys(ROOT) == {A, C}
    assert known.keys(None) == {A, B, C}


def test_another_process_sees_it_at_once(hosts):
    mine, theirs = opened(hosts), opened(hosts)
    assert theirs.keys(ROOT) == frozenset()
    mine.update(ROOT, {A: 1}, ())
    assert theirs.keys(ROOT) == {A}
    theirs.update(ROOT, {B: 2}, {A})
    assert mine.keys(ROOT) == {A, B}


def test_a_record_stays_small(hosts):
    known = opened(hosts)
    keys = [key_of(Kind.STRANDED_MAIL, str(i)) for i in range(KEYS_MAX + 10)]
    known.update(ROOT, {key: at for at, key in enumerate(keys)}, ())
    assert known.keys(ROOT) == frozenset(keys[10:])


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b'{"schema_version":2,"keys":{}}', b'{"schema_version":1,"keys":[1]}',
     b'{"schema_version":1,"keys":{"x":1,"deadlock:zz":2}}', b"\xff" * 100, b" " * 2_000_000],
)  # fmt: skip
def test_a_damaged_record_says_nothing_and_is_replaced(hosts, damage):
    known = opened(hosts)
    known.update(ROOT, {A: 1}, ())
    (name,) = (each for each in hosts.names("acknowledged") if each.endswith(".json"))
    hosts.path("acknowledged", name).write_bytes(damage)

    assert known.keys(ROOT) == frozenset()
    assert known.keys(None) == frozenset()
    known.update(ROOT, {B: 1}, ())
    assert known.keys(ROOT) == {B}


def test_nothing_is_made_by_looking(hosts):
    assert opened(hosts).keys(ROOT) == frozenset()
    assert opened(hosts).keys(None) == frozenset()
    assert hosts.names() == []
