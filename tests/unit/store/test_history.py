"""What both histories promise, and what the one on files does with ledgers that are no good."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.fakes import FakeClock
from helpers.history import LedgerFile, Reports, history, message, numbers, wanted
from helpers.stores import ALICE, BOB, Hosts
from oxtail.core.address import Route
from oxtail.core.codec import encode_line
from oxtail.core.envelope import LINE_MAX_BYTES
from oxtail.core.history import Bookmark
from oxtail.core.names import hash32, session_box
from oxtail.core.words import parse_query
from oxtail.disk import atomic
from oxtail.store.files import ledger_scan
from oxtail.store.files.history import FileHistory
from oxtail.store.memory.history import MemoryHistory
from oxtail.store.memory.store import MemoryStore

CAROL = "33333333-3333-4333-8333-333333333333"


class Past:
    """A history and the store that feeds it."""

    def __init__(self, store: Any, past: Any) -> None:
        self.store = store
        self.past = past

    def put(self, number: int, receiver: str = BOB, **members: Any) -> None:
        route = Route(session_box(receiver), receiver, None)
        self.store.put(route, message(number, **members))


@pytest.fixture(params=["files", "memory"])
def past(request: pytest.FixtureRequest, hosts: Hosts) -> Past:
    if request.param == "files":
        return Past(hosts.process(), FileHistory(hosts.disk))
    store = MemoryStore(FakeClock())
    return Past(store, MemoryHistory(store))


# ---------------------------------------------------------------------- both


def test_the_messages_of_all_owners_come_in_the_order_of_their_times(past: Past) -> None:
    for number, receiver in ((3, BOB), (1, ALICE), (4, ALICE), (2, BOB), (5, CAROL)):
        past.put(number, receiver)

    records = list(past.past.records(wanted(ALICE, BOB)))

    assert numbers(records) == [1, 2, 3, 4]
    assert [record.receiver for record in records] == [ALICE, BOB, BOB, ALICE]
    assert records[0].ledger == hash32(ALICE)


def test_ledgers_of_sessions_that_are_not_named_are_told_by_their_hash(past: Past) -> None:
    past.put(1, BOB)
    past.put(2, CAROL)

    assert numbers(past.past.records(wanted(BOB))) == [1]
    others = list(past.past.records(wanted(BOB, others=True)))
    assert [(record.receiver, record.ledger) for record in others] == [
        (BOB, hash32(BOB)),
        (None, hash32(CAROL)),
    ]


def test_filters_and_the_newest(past: Past) -> None:
    for number in range(1, 9):
        past.put(number, BOB if number % 2 else ALICE)
    at = message(0).enqueued_at
    both = wanted(ALICE, BOB)

    def is_mine(record: Any) -> bool:
        return bool(record.receiver == BOB)

    assert numbers(past.past.records(both._replace(since=at + 3, until=at + 5))) == [3, 4, 5]
    assert numbers(past.past.records(both._replace(newest=3))) == [6, 7, 8]
    assert numbers(past.past.records(both._replace(newest=0))) == []
    assert numbers(past.past.records(both._replace(newest=2, matches=is_mine))) == [5, 7]
    records, _ = past.past.after(Bookmark(), both._replace(newest=2, matches=is_mine))
    assert numbers(records) == [5, 7]


def test_after_a_mark_comes_what_was_added_and_nothing_twice(past: Past) -> None:
    past.put(1)
    first, mark = past.past.after(Bookmark(), wanted())
    past.put(2)
    past.put(3)
    second, mark = past.past.after(mark, wanted())
    third, _ = past.past.after(mark, wanted())

    assert (numbers(first), numbers(second), numbers(third)) == ([1], [2, 3], [])


def test_what_was_passed_over_is_not_returned_later(past: Past) -> None:
    past.put(1)
    past.put(2)
    first, mark = past.past.after(Bookmark(), wanted(newest=1))
    past.put(3)

    assert numbers(first) == [2]
    assert numbers(past.past.after(mark, wanted())[0]) == [3]


def test_a_search_finds_the_words_of_bodies(past: Past) -> None:
    past.put(1, body="the linter says no")
    past.put(2, body="Lint it again")
    past.put(3, ALICE, body="no linter here")

    def found(query: str, **members: Any) -> list[int]:
        records, _ = past.past.search(parse_query(query), wanted(ALICE, BOB, **members))
        return numbers(records)

    assert found("linter") == [1, 3]
    assert found("lint*") == [1, 2, 3]
    assert found('"linter says"') == [1]
    assert found("lint*", newest=1) == [3]
    assert found("lint*", since=message(2).enqueued_at) == [2, 3]
    assert found("lint*", matches=lambda record: record.receiver == BOB) == [1, 2]
    assert found("absent") == []


def test_an_empty_history(past: Past) -> None:
    assert list(past.past.records(wanted())) == []
    assert past.past.search(parse_query("word"), wanted()) == ((), None)


# ---------------------------------------------------------------------- files


@pytest.fixture
def ledger(hosts: Hosts) -> LedgerFile:
    return LedgerFile(hosts.home)


@pytest.fixture
def reports() -> Reports:
    return Reports()


def test_a_message_that_a_ledger_has_twice_is_one_record(hosts: Hosts, ledger: LedgerFile) -> None:
    ended = message(1, extra=(("obligation", {"state": "done"}),))
    ledger.append(message(1), message(2), ended)

    records = list(history(hosts.home).records(wanted()))

    assert numbers(records) == [1, 2]
    assert records[0].outcome == "done"
    assert numbers(history(hosts.home).after(Bookmark(), wanted())[0]) == [1, 2]


def test_of_several_lines_with_one_id_the_newest_counts(hosts: Hosts, ledger: LedgerFile) -> None:
    ledger.append(message(1), message(2), message(1)._replace(enqueued_at=message(9).enqueued_at))

    past = history(hosts.home)
    assert numbers(past.records(wanted())) == [2, 1]
    assert numbers(past.records(wanted(until=message(5).enqueued_at))) == [2]


@pytest.mark.parametrize(
    "line",
    [
        b"torn {\n",
        b"\xff\xfe\n",
        b"[]\n",
        b'{"schema_version":2,"id":"a","body":"b"}\n',
        b'{"schema_version":1,"id":7,"body":"b"}\n',
        b'{"schema_version":1,"id":"a","body":' + b"[" * 100_000 + b"\n",
        b"x" * (LINE_MAX_BYTES + 1) + b"\n",
        b"\0" * 600_000 + b"\n",
    ],
    ids=["torn", "no UTF-8", "list", "version", "id", "deep", "too long", "zeros"],
)
def test_a_line_that_is_no_message_is_left_out_and_reported(
    hosts: Hosts, ledger: LedgerFile, reports: Reports, line: bytes
) -> None:
    ledger.append(message(1), line, message(2), line, message(3))
    past = history(hosts.home)

    assert numbers(past.records(wanted(report=reports.append))) == [1, 2, 3]
    assert numbers(past.after(Bookmark(), wanted(report=reports.append))[0]) == [1, 2, 3]
    found, _ = past.search(parse_query("message"), wanted(report=reports.append))
    assert numbers(found) == [1, 2, 3]
    assert set(reports.texts) == {"2 lines are no messages"}
    assert len(reports) == 3


def test_lines_that_straddle_pieces_are_whole(hosts: Hosts, ledger: LedgerFile) -> None:
    sizes = [0, 1, ledger_scan._PIECE_BYTES - 300, ledger_scan._PIECE_BYTES, 900_000, 7]
    long = b"y" * (3 * LINE_MAX_BYTES) + b"\n"
    lines = [message(n, "x" * size + ".") for n, size in enumerate(sizes, 1)]
    ledger.append(*lines, long, *(message(9 + n, "x" * s) for n, s in enumerate(sizes[1:])))

    records = list(history(hosts.home).records(wanted()))

    assert numbers(records) == [1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13]
    assert [len(record.message.body) for record in records][:6] == [size + 1 for size in sizes]
    assert numbers(history(hosts.home).after(Bookmark(), wanted())[0]) == numbers(records)


def test_a_line_without_end_takes_little_memory(hosts: Hosts, ledger: LedgerFile) -> None:
    ledger.append(message(1))
    size = 32 * LINE_MAX_BYTES
    os.truncate(ledger.path, size)
    ledger.append(b"\n", message(2))
    tracemalloc.start()
    try:
        records = list(history(hosts.home).records(wanted()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert numbers(records) == [1, 2]
    assert peak < size / 4


def test_blank_lines_are_nothing(hosts: Hosts, ledger: LedgerFile, reports: Reports) -> None:
    ledger.append(b"\n \n\r\n", message(1), b"\n")

    assert numbers(history(hosts.home).records(wanted(report=reports.append))) == [1]
    assert not reports


def test_a_line_counts_once_its_newline_is_there(hosts: Hosts, ledger: LedgerFile) -> None:
    past = history(hosts.home)
    line = encode_line(message(2).as_dict())
    ledger.append(message(1), line[:-30])
    first, mark = past.after(Bookmark(), wanted())
    ledger.append(line[-30:-1])
    second, mark = past.after(mark, wanted())
    assert numbers(past.records(wanted())) == [1]
    ledger.append(b"\n")
    third, _ = past.after(mark, wanted())

    assert (numbers(first), numbers(second), numbers(third)) == ([1], [], [2])


@pytest.mark.parametrize("make", ["link", "folder", "fifo", "unreadable", "huge"])
def test_a_ledger_that_cannot_be_read_is_reported_and_the_others_are_read(
    hosts: Hosts,
    reports: Reports,
    ledger: LedgerFile,
    make: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    LedgerFile(hosts.home, ALICE).append(message(1))
    _spoil(ledger.path, make, monkeypatch)
    past = history(hosts.home)
    every = wanted(ALICE, BOB, report=reports.append)

    assert numbers(past.records(every)) == [1]
    assert numbers(past.after(Bookmark(), every)[0]) == [1]
    assert numbers(past.search(parse_query("message"), every)[0]) == [1]
    assert {problem.ledger for problem in reports} == {ledger.name}
    assert len(reports) == 3


def _spoil(path: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if how == "link":
        other = path.with_name("elsewhere")
        other.write_bytes(encode_line(message(7).as_dict()))
        path.symlink_to(other)
    elif how == "folder":
        path.mkdir()
    elif how == "fifo":
        os.mkfifo(path)
    elif how == "huge":
        with open(path, "wb") as file:
            file.truncate(atomic.READ_MAX_BYTES + 1)
    else:
        path.write_bytes(encode_line(message(7).as_dict()))
        real = os.open

        def refuse(name: Any, *rest: Any, **named: Any) -> int:
            if os.fspath(name) == str(path):
                raise PermissionError(13, "Permission denied")
            return real(name, *rest, **named)

        monkeypatch.setattr(os, "open", refuse)  # the tests may run as a user who may read all


def test_other_names_in_the_folder_are_no_ledgers(hosts: Hosts, ledger: LedgerFile) -> None:
    ledger.append(message(1))
    for name in ("notes.jsonl", "A" * 32 + ".jsonl", f"{ledger.name}.jsonl.tmp.1.aa"):
        ledger.path.with_name(name).write_bytes(encode_line(message(2).as_dict()))

    assert numbers(history(hosts.home).records(wanted(others=True))) == [1]


Change = Callable[[LedgerFile], None]


@pytest.mark.parametrize(
    "change",
    [
        lambda ledger: ledger.drop_oldest(3),
        lambda ledger: ledger.drop_oldest(4),
        lambda ledger: ledger.rewrite([message(n) for n in (2, 3, 4, 1)]),
        lambda ledger: ledger.rewrite(
            [message(1), message(2), message(3), message(4, extra=(("obligation", {}),))]
        ),
        lambda ledger: ledger.drop_oldest(0),
        lambda ledger: os.truncate(ledger.path, 100),
    ],
    ids=["compacted", "all gone", "one moved to the end", "work closed", "same again", "cut"],
)
def test_what_comes_after_a_rewrite_is_found_and_nothing_is_repeated(
    hosts: Hosts, ledger: LedgerFile, change: Change
) -> None:
    past = history(hosts.home)
    ledger.append(*map(message, (1, 2, 3, 4)))
    _, mark = past.after(Bookmark(), wanted())
    change(ledger)
    second, mark = past.after(mark, wanted())
    ledger.append(b"\n", message(5))
    third, mark = past.after(mark, wanted())
    ledger.drop_oldest(1)
    ledger.append(message(6))

    assert numbers(second) == []
    assert numbers(third) == [5]
    assert numbers(past.after(mark, wanted())[0]) == [6]


def test_a_file_that_gets_the_inode_of_the_old_one_is_another_file(
    hosts: Hosts, ledger: LedgerFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = history(hosts.home)
    ledger.append(*map(message, (1, 2, 3)))
    _, mark = past.after(Bookmark(), wanted())
    inode = ledger.path.stat().st_ino
    ledger.rewrite([message(3), message(4), message(5), message(6)])
    real = ledger_scan.open_ledger
    monkeypatch.setattr(ledger_scan, "open_ledger", lambda *args: real(*args)._replace(inode=inode))

    assert numbers(past.after(mark, wanted())[0]) == [4, 5, 6]


def test_a_ledger_that_is_compacted_while_it_is_read_gives_what_it_still_has(
    hosts: Hosts, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_scan, "OPEN_MAX", 1)
    one, other = LedgerFile(hosts.home, ALICE), LedgerFile(hosts.home, BOB)
    one.append(*map(message, (1, 3, 5, 7, 9)))
    other.append(*map(message, (2, 4, 6, 8)))
    records = history(hosts.home).records(wanted(ALICE, BOB, report=reports.append))

    found = [next(records) for _ in range(3)]
    one.drop_oldest(3)
    one.append(message(11))
    other.drop_oldest(2)
    found += [next(records) for _ in range(2)]
    other.path.unlink()
    one.drop_oldest(0)

    assert numbers([*found, *records]) == [1, 2, 3, 6, 7, 9]
    assert reports.texts == ["cannot be read: No such file or directory"]


def test_a_ledger_that_is_written_over_while_it_is_read(hosts: Hosts, ledger: LedgerFile) -> None:
    ledger.append(*map(message, (1, 2, 3, 4)))
    records = history(hosts.home).records(wanted())
    found = [next(records)]
    lines = ledger.path.read_bytes().splitlines(keepends=True)
    with open(ledger.path, "r+b") as file:
        file.writelines([lines[0], lines[3], lines[1], lines[0]])

    assert numbers([*found, *records]) == [1, 2, 4]


def test_a_read_that_fails_repeats_nothing_later(
    hosts: Hosts, ledger: LedgerFile, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = history(hosts.home)
    ledger.append(message(1, "x" * ledger_scan._PIECE_BYTES), message(2))
    real, calls = os.pread, []

    def fail_once(*args: Any) -> bytes:
        calls.append(args)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        return real(*args)

    monkeypatch.setattr(os, "pread", fail_once)
    first, mark = past.after(Bookmark(), wanted(report=reports.append))
    second, _ = past.after(mark, wanted(report=reports.append))

    assert (numbers(first), numbers(second)) == ([], [1, 2])
    assert reports.texts == ["cannot be read: Input/output error"]


def test_few_ledgers_are_open_at_a_time(hosts: Hosts) -> None:
    owners = [f"session-{number}" for number in range(40)]
    for number, owner in enumerate(owners):
        LedgerFile(hosts.home, owner).append(message(number), message(100 + number))
    records = history(hosts.home).records(wanted(*owners))
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0

    found = []
    for record in records:
        found.append(record)
        if before:
            assert len(os.listdir("/proc/self/fd")) <= before + ledger_scan.OPEN_MAX + 1

    assert len(found) == 80
