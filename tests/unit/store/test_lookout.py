"""Boxes and ledgers seen from outside: the truth, and not a byte changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from helpers.stores import ALICE, BOB, BOX, TO_BOB, letter
from oxtail.core.address import Route
from oxtail.core.names import hash32, session_box
from oxtail.core.work import Closing, State
from oxtail.store.files.locks import Locks
from oxtail.store.files.lookout import FileLookout
from oxtail.store.files.work import FileWork
from oxtail.store.memory.lookout import MemoryLookout
from oxtail.store.memory.store import MemoryStore
from oxtail.store.memory.work import MemoryWork

REQUEST = "00112233445566ff"


class Side:
    """A store, its work, and a lookout on them."""

    def __init__(self, store: Any, work: Any, lookout: Any) -> None:
        self.store, self.work, self.lookout = store, work, lookout


@pytest.fixture(params=["files", "memory"])
def side(request, hosts) -> Side:
    if request.param == "memory":
        store = MemoryStore(hosts.clock)
        return Side(store, MemoryWork(store), MemoryLookout(store))
    work = FileWork(hosts.disk, Locks(hosts.disk, 5.0, hosts.trace))
    return Side(hosts.process(), work, FileLookout(hosts.disk, hosts.clock))


@pytest.fixture
def lookout(hosts) -> FileLookout:
    return FileLookout(hosts.disk, hosts.clock)


def ids(view) -> list[str]:
    return [each.id for each in view.letters]


def world(home: Path) -> dict[str, tuple[int, bytes]]:
    """Return everything in the state folder: times of change and contents."""
    return {
        str(path.relative_to(home)): (
            path.lstat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(home.rglob("*"))
    }


def test_what_waits_is_seen_and_stays(side):
    one, two = letter(), letter()
    assert side.lookout.box(BOX).letters == ()
    side.store.put(TO_BOB, one)
    side.store.put(TO_BOB, two)
    for _ in range(2):
        assert ids(side.lookout.box(BOX)) == [one.id, two.id]
        assert [m.body for m in side.lookout.letters(BOX, 1)] == ["hello"]
    assert len(side.store.peek((BOX,)).messages) == 2


def test_mail_that_was_taken_and_not_acknowledged_still_waits(side):
    one = letter()
    side.store.put(TO_BOB, one)
    claim = side.store.claim((BOX,), [one.id])
    assert ids(side.lookout.box(BOX)) == [one.id]
    side.store.ack(claim, "cli", BOB)
    assert ids(side.lookout.box(BOX)) == []


def test_open_work_is_seen_through_its_life(side):
    job = letter(action_required=True, request_id=REQUEST)
    side.store.put(TO_BOB, job)
    side.store.put(TO_BOB, letter())
    (owed,) = side.lookout.ledger(BOB).owed
    assert (owed.message.id, owed.state) == (job.id, State.OPEN)

    closing = Closing(BOB, job.id, State.DONE, "done", 1)
    side.work.begin(closing)
    (owed,) = side.lookout.ledger(BOB).owed
    assert owed.state is State.CLOSING
    side.work.finish(closing)
    assert side.lookout.ledger(BOB).owed == ()


def test_work_that_was_recorded_twice_ends_with_one_of_its_lines(hosts, lookout):
    store = hosts.process()
    job = letter(action_required=True)
    store.put(TO_BOB, job)
    path = hosts.path("received", hash32(BOB) + ".jsonl")
    line = path.read_bytes()
    path.write_bytes(line + line[:-2] + b',"obligation":{"state":"done","at":1}}\n')
    assert lookout.ledger(BOB).owed == ()
    path.write_bytes(line + line)
    assert len(lookout.ledger(BOB).owed) == 1


def test_questions_and_answers_are_seen(side):
    side.store.put(TO_BOB, letter(request_id=REQUEST))
    assert side.lookout.ledger(BOB).asked == {(REQUEST, ALICE)}
    to_alice = Route(session_box(ALICE), ALICE, 41)
    assert side.lookout.ledger(ALICE).answered == frozenset()
    side.store.put(to_alice, letter(from_session_id=BOB, reply_to=REQUEST))
    assert side.lookout.ledger(ALICE).answered == {(REQUEST, BOB)}


def test_the_latest_of_all_ledgers_come_oldest_first(side):
    to_alice = Route(session_box(ALICE), ALICE, 41)
    sent = [letter(str(n))._replace(enqueued_at=1_800_000_000 + n) for n in range(6)]
    for n, message in enumerate(sent):
        side.store.put(TO_BOB if n % 2 else to_alice, message)

    for _ in range(2):
        found = side.lookout.latest((ALICE, BOB), 3)
        assert [record.message.body for record in found] == ["3", "4", "5"]
    assert [record.receiver for record in found] == [BOB, ALICE, BOB]
    assert side.lookout.latest((ALICE, BOB), 0) == ()
    assert len(side.lookout.latest((ALICE, BOB), 100)) == 6


def test_the_log_says_how_work_ended(side):
    job = letter(action_required=True)
    side.store.put(TO_BOB, job)
    assert side.lookout.latest((BOB,), 5)[0].outcome is None
    if isinstance(side.lookout, FileLookout):  # in memory the outcome lies beside the ledger
        closing = Closing(BOB, job.id, State.BLOCKED, "no", 1)
        side.work.begin(closing)
        side.work.finish(closing)
        assert side.lookout.latest((BOB,), 5)[0].outcome == "blocked"


def test_a_torn_line_makes_the_count_less_sure(hosts, lookout):
    store = hosts.process()
    store.put(TO_BOB, letter())
    store.put(TO_BOB, letter())
    with hosts.path("mailboxes", BOX + ".jsonl").open("ab") as box:
        box.write(b'{"schema_version":1,"id":"0f')
    view = lookout.box(BOX)
    assert (len(view.letters), view.is_sure) == (2, False)


@pytest.mark.parametrize("thing", ["folder", "link", "fifo"])
def test_what_is_no_file_makes_nobody_fail(hosts, lookout, thing):
    hosts.process().put(TO_BOB, letter())
    for path in (
        hosts.path("mailboxes", BOX + ".jsonl"),
        hosts.path("received", hash32(BOB) + ".jsonl"),
    ):
        path.unlink()
        if thing == "folder":
            path.mkdir()
        elif thing == "link":
            path.symlink_to("/etc/hostname")
        else:
            os.mkfifo(path)
    before = world(hosts.path())

    assert not lookout.box(BOX).is_sure
    assert not lookout.ledger(BOB).is_sure
    assert lookout.latest((BOB,), 5) == ()
    assert world(hosts.path()) == before


def test_looking_changes_nothing_not_even_what_is_damaged(hosts, lookout):
    store = hosts.process()
    job = letter(action_required=True)
    for message in (job, letter()):
        store.put(TO_BOB, message)
    dead = hosts.process()
    dead.claim((BOX,), [job.id])
    hosts.kill(dead)
    hosts.path("work").mkdir(exist_ok=True)
    hosts.path("work", "c-" + "0" * 32).write_bytes(b"damaged")
    with hosts.path("received", hash32(BOB) + ".jsonl").open("ab") as ledger:
        ledger.write(b"damaged\n" + b"x" * 2_000_000 + b"\n")
    before = world(hosts.path())

    assert len(lookout.box(BOX).letters) == 2
    assert len(lookout.ledger(BOB).owed) == 1
    assert not lookout.ledger(BOB).is_sure
    assert len(lookout.latest((BOB,), 9)) == 2
    assert world(hosts.path()) == before


def test_what_has_not_changed_is_not_read_again(hosts, lookout, monkeypatch):
    store = hosts.process()
    for _ in range(20):
        store.put(TO_BOB, letter())
    lookout.box(BOX)
    lookout.latest((BOB,), 5)
    opens: list[str] = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda path, *a, **k: opens.append(path) or real(path, *a, **k))

    lookout.box(BOX)
    lookout.ledger(BOB)
    lookout.latest((BOB,), 5)
    assert opens == []


def test_a_ledger_that_grew_is_read_from_where_it_ended(hosts, lookout):
    store = hosts.process()
    for _ in range(50):
        store.put(TO_BOB, letter())
    lookout.ledger(BOB)
    path = hosts.path("received", hash32(BOB) + ".jsonl")
    size = path.stat().st_size
    reads: list[int] = []
    real = os.pread

    def pread(descriptor: int, count: int, offset: int) -> bytes:
        reads.append(offset)
        return real(descriptor, count, offset)

    store.put(TO_BOB, letter("the last"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "pread", pread)
        lookout.ledger(BOB)
    assert min(reads) >= size - 1_000
    assert lookout.latest((BOB,), 1)[0].message.body == "the last"


def test_a_ledger_that_was_written_anew_is_read_anew(hosts, lookout):
    store = hosts.process()
    messages = [letter(str(n), action_required=True) for n in range(9)]
    for message in messages:
        store.put(TO_BOB, message)
    assert len(lookout.ledger(BOB).owed) == 9
    path = hosts.path("received", hash32(BOB) + ".jsonl")
    kept = path.read_bytes().splitlines(keepends=True)[6:]
    path.with_suffix(".new").write_bytes(b"".join(kept))
    path.with_suffix(".new").rename(path)

    assert len(lookout.ledger(BOB).owed) == 3
    assert [r.message.body for r in lookout.latest((BOB,), 9)] == ["6", "7", "8"]
    path.unlink()
    assert lookout.ledger(BOB).owed == ()
    assert lookout.latest((BOB,), 9) == ()


def test_bodies_of_open_work_are_cut_in_memory(side):
    side.store.put(TO_BOB, letter("x" * 8_000, action_required=True))
    assert len(side.lookout.ledger(BOB).owed[0].message.body) == 400


@pytest.mark.parametrize("name", ["../x", "", "a/b", "s-\0"])
def test_a_name_that_is_no_box_is_none(lookout, name):
    assert not lookout.box(name).is_sure
    assert lookout.letters(name, 5) == ()
