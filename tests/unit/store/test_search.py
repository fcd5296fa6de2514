"""The search index: never the truth, private, and built anew whenever it is no good."""

from __future__ import annotations

import builtins
import fcntl
import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.history import LedgerFile, Reports, history, message, numbers, wanted
from helpers.stores import ALICE, BOB, Hosts
from oxtail.core.names import hash32
from oxtail.core.words import parse_query
from oxtail.store.files import search_file, search_index

ANEW = "it is built anew"


@pytest.fixture
def ledger(hosts: Hosts) -> LedgerFile:
    ledger = LedgerFile(hosts.home)
    ledger.append(message(1, "the linter says no"), message(2, "lint it again"))
    return ledger


@pytest.fixture
def index(hosts: Hosts) -> Path:
    return hosts.path("search", "index.sqlite")


def find(hosts: Hosts, query: str = "lint*", **members: Any) -> tuple[list[int], str | None]:
    records, remark = history(hosts.home).search(parse_query(query), wanted(ALICE, BOB, **members))
    return numbers(records), remark


@pytest.fixture
def indexed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The bodies whose words were put into the index."""
    bodies: list[str] = []
    real = search_index.words_of

    def note(text: str) -> list[str]:
        bodies.append(text)
        return real(text)

    monkeypatch.setattr(search_index, "words_of", note)
    return bodies


@pytest.mark.usefixtures("ledger")
def test_an_index_is_made_once_and_is_private(hosts: Hosts, index: Path) -> None:
    assert find(hosts) == ([1, 2], f"the search index was missing; {ANEW}")
    assert find(hosts) == ([1, 2], None)
    assert stat.S_IMODE(index.parent.stat().st_mode) == 0o700
    assert {path.name for path in index.parent.iterdir()} == {
        "index.sqlite",
        "index.sqlite.lock",
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in index.parent.iterdir()} == {0o600}
    assert b"linter says no" not in index.read_bytes()


def test_without_ledgers_there_is_no_index(hosts: Hosts, index: Path) -> None:
    assert find(hosts) == ([], None)
    assert not hosts.path().exists()


def test_only_what_is_new_is_indexed(hosts: Hosts, ledger: LedgerFile, indexed: list[str]) -> None:
    find(hosts)
    ledger.append(message(3, "lint three"))
    assert find(hosts)[0] == [1, 2, 3]
    ledger.rewrite([message(2, "lint it again"), message(3, "lint three"), message(4, "lint four")])

    assert find(hosts) == ([2, 3, 4], None)
    assert indexed == ["the linter says no", "lint it again", "lint three", "lint four"]


def test_a_message_that_says_something_else_now_is_indexed_again(
    hosts: Hosts, ledger: LedgerFile
) -> None:
    find(hosts)
    ledger.rewrite([message(1, "nothing like these"), message(2, "lint it again")])

    assert find(hosts) == ([2], None)
    assert find(hosts, "nothing") == ([1], None)
    ledger.rewrite([message(1, "other"), message(2, "lint it again")])
    assert find(hosts, "other") == ([1], None)


@pytest.mark.usefixtures("ledger")
def test_words_in_quotes_stand_next_to_each_other(hosts: Hosts) -> None:
    assert find(hosts, '"linter says"')[0] == [1]
    assert find(hosts, '"says linter"') == ([], None)
    assert find(hosts, '"it aga"*') == ([2], None)
    assert find(hosts, '"i* again"') == ([], None)


def test_a_ledger_that_is_gone_is_forgotten(hosts: Hosts, ledger: LedgerFile, index: Path) -> None:
    LedgerFile(hosts.home, ALICE).append(message(5, "lint five"))
    assert find(hosts)[0] == [1, 2, 5]
    ledger.path.unlink()

    assert find(hosts) == ([5], None)
    assert _rows(index, "SELECT name FROM ledgers") == [(hash32(ALICE),)]
    assert _rows(index, "SELECT count(*) FROM lines") == [(1,)]
    ledger.append(message(6, "lint six"))
    assert find(hosts) == ([5, 6], None)


def test_words_of_lines_that_are_gone_do_not_pile_up(
    hosts: Hosts, ledger: LedgerFile, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "DROPPED_MIN", 10)
    for turn in range(30):
        ledger.rewrite([message(turn * 2, "lint"), message(turn * 2 + 1, "lint")])
        assert find(hosts)[0] == [turn * 2, turn * 2 + 1]

    ((last,),) = _rows(index, "SELECT max(id) FROM lines")
    ((dropped,),) = _rows(index, "SELECT dropped FROM about")
    assert last >= 60
    assert dropped <= 12
    words = _rows(index, "SELECT count(*) FROM words WHERE words MATCH 'lint'")
    assert words == [(dropped + 2,)]


def test_a_search_adds_a_bounded_part_and_its_answer_is_whole(
    hosts: Hosts, ledger: LedgerFile, indexed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "BUILD_MAX_BYTES", 1)
    LedgerFile(hosts.home, ALICE).append(message(5, "lint five"))

    found, remark = find(hosts)
    assert found == [1, 2, 5]
    assert remark
    assert remark.endswith("1 ledgers are not in it yet; they were read instead")
    assert len(indexed) in {1, 2}
    assert find(hosts) == ([1, 2, 5], None)
    assert len(indexed) == 3


def test_lines_that_are_no_messages_are_reported_each_time(
    hosts: Hosts, ledger: LedgerFile
) -> None:
    ledger.append(b"torn\n")
    for _ in range(2):
        reports = Reports()
        find(hosts, report=reports.append)
        assert reports.texts == ["1 line is no message"]
    ledger.append(b"torn\n", message(3, "lint three"))
    reports = Reports()

    assert find(hosts, report=reports.append)[0] == [1, 2, 3]
    assert reports.texts == ["2 lines are no messages"]


def _rows(path: Path, statement: str) -> list[Any]:
    db = sqlite3.connect(path)
    rows = db.execute(statement).fetchall()
    db.close()
    return rows


def _with(path: Path, *statements: str) -> None:
    db = sqlite3.connect(path)
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


def _scribble(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for at in range(4096, len(data), 64):
        data[at : at + 16] = b"\xa5" * 16
    path.write_bytes(data)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "scribbled over": _scribble,
    "cut": lambda path: os.truncate(path, 5000),
    "no tables": lambda path: _with(path, "DROP TABLE lines"),
    "no words": lambda path: _with(path, "DROP TABLE words"),
    "no mark": lambda path: _with(path, "UPDATE ledgers SET mark = 'x', stamp = ''"),
    "odd mark": lambda path: _with(path, "UPDATE ledgers SET mark = '[{}]', stamp = ''"),
    "odd numbers": lambda path: _with(path, "UPDATE lines SET start = -1, size = 'x'"),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.usefixtures("ledger")
def test_a_damaged_index_is_built_anew(hosts: Hosts, index: Path, damage: str) -> None:
    find(hosts)
    DAMAGE[damage](index)

    found, remark = find(hosts)

    assert found == [1, 2]
    assert remark == f"the search index was damaged; {ANEW}"
    assert find(hosts) == ([1, 2], None)


OTHERS: dict[str, Callable[[Path], object]] = {
    "older": lambda path: _with(path, "PRAGMA user_version = 0"),
    "newer": lambda path: _with(path, "PRAGMA user_version = 2"),
    "of other words": lambda path: _with(path, "UPDATE about SET words = '1 5.0.0'"),
    "without a word": lambda path: _with(path, "DELETE FROM about"),
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.usefixtures("ledger")
def test_an_index_of_another_version_is_built_anew(hosts: Hosts, index: Path, other: str) -> None:
    find(hosts)
    OTHERS[other](index)

    assert find(hosts) == ([1, 2], f"the search index was of another version; {ANEW}")
    assert find(hosts) == ([1, 2], None)
    assert not hosts.path("damaged").exists()


def _link(path: Path) -> None:
    path.with_name("precious").write_text("precious")
    path.unlink()
    path.symlink_to(path.with_name("precious"))


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


FOREIGN: dict[str, Callable[[Path], object]] = {
    "text": lambda path: path.write_text("precious"),
    "database": lambda path: _with(path, "PRAGMA application_id = 7"),
    "link": _link,
    "folder": _folder,
}


@pytest.mark.parametrize("foreign", FOREIGN)
@pytest.mark.usefixtures("ledger")
def test_what_is_no_index_is_set_aside(hosts: Hosts, index: Path, foreign: str) -> None:
    find(hosts)
    FOREIGN[foreign](index)

    reason = "the search index was something else and is set aside"
    assert find(hosts) == ([1, 2], f"{reason}; {ANEW}")
    assert find(hosts) == ([1, 2], None)
    assert len(hosts.names("damaged")) == 1
    assert foreign != "link" or index.with_name("precious").read_text() == "precious"


@pytest.mark.usefixtures("ledger")
def test_an_index_that_others_may_read_is_made_private(hosts: Hosts, index: Path) -> None:
    find(hosts)
    index.chmod(0o644)

    assert find(hosts) == ([1, 2], None)
    assert stat.S_IMODE(index.stat().st_mode) == 0o600


@pytest.mark.usefixtures("ledger")
def test_an_index_whose_maker_died_at_once_is_made(hosts: Hosts, index: Path) -> None:
    index.parent.mkdir()
    index.touch()

    assert find(hosts) == ([1, 2], f"the search index was missing; {ANEW}")


@pytest.mark.usefixtures("ledger")
def test_a_python_without_full_text_search_reads_the_ledgers(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = [table.replace("fts5", "fts55") for table in search_file._TABLES]
    monkeypatch.setattr(search_file, "_TABLES", tables)

    found, remark = find(hosts)

    assert found == [1, 2]
    assert remark
    assert "no full-text search (FTS5)" in remark
    assert find(hosts)[0] == [1, 2]


@pytest.mark.usefixtures("ledger")
def test_a_python_without_sqlite_reads_the_ledgers(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any) -> Any:
        if name == "sqlite3":
            raise ImportError("No module named '_sqlite3'")
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", refuse)

    found, remark = find(hosts)
    assert found == [1, 2]
    assert remark
    assert "no SQLite" in remark


@pytest.mark.usefixtures("ledger")
def test_whoever_finds_another_search_at_it_reads_the_ledgers(
    hosts: Hosts, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_file, "BUSY_SECONDS", 0.01)
    find(hosts)
    before = index.read_bytes()
    with open(f"{index}.lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found, remark = find(hosts)

    assert found == [1, 2]
    assert remark
    assert "cannot be used" in remark
    assert index.read_bytes() == before


@pytest.mark.usefixtures("ledger")
def test_a_folder_that_cannot_be_made_costs_time_only(hosts: Hosts, index: Path) -> None:
    index.parent.write_text("in the way")

    found, remark = find(hosts)

    assert found == [1, 2]
    assert remark
    assert "cannot be used" in remark


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("code", ["SQLITE_FULL", "SQLITE_READONLY", "SQLITE_IOERR"])
def test_a_disk_that_refuses_costs_time_only(
    hosts: Hosts, index: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    find(hosts)
    before = index.read_bytes()
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = getattr(sqlite3, code)

    def refuse(*_: object) -> object:
        raise error

    monkeypatch.setattr(search_index.Index, "update", refuse)

    found, remark = find(hosts)
    assert found == [1, 2]
    assert remark
    assert "cannot be used" in remark
    assert index.read_bytes() == before


def test_a_ledger_that_changes_between_the_index_and_the_look_is_read(
    hosts: Hosts, ledger: LedgerFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = LedgerFile(hosts.home, ALICE)
    other.append(message(5, "lint five"))
    find(hosts)
    real = search_index.Index.hits

    def late(*args: Any) -> Any:
        ledger.rewrite([message(2, "lint it again"), message(7, "lint seven")])
        return real(*args)

    monkeypatch.setattr(search_index.Index, "hits", late)

    assert find(hosts) == ([2, 5, 7], None)
    assert find(hosts, newest=2) == ([5, 7], None)


def test_another_message_in_the_place_of_one_is_not_taken_for_it(
    hosts: Hosts, ledger: LedgerFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(hosts)
    real = search_index.Index.hits

    def late(*args: Any) -> Any:
        ledger.rewrite([message(8, "the linter says no"), message(2, "lint it again")])
        return real(*args)

    monkeypatch.setattr(search_index.Index, "hits", late)

    assert find(hosts) == ([2, 8], None)


def test_what_was_edited_in_place_is_not_shown_for_words_that_it_does_not_hold(
    hosts: Hosts, ledger: LedgerFile
) -> None:
    find(hosts)
    stamp = ledger.path.stat()
    ledger.path.write_bytes(ledger.path.read_bytes().replace(b"linter", b"banana"))
    os.utime(ledger.path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))

    assert find(hosts) == ([2], None)


def test_a_search_that_is_interrupted_leaves_an_index_that_can_be_used(
    hosts: Hosts, ledger: LedgerFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(hosts)
    ledger.append(message(3, "lint three"), message(4, "lint four"))

    def interrupt(text: str) -> list[str]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(search_index, "words_of", interrupt)
        with pytest.raises(KeyboardInterrupt):
            find(hosts)

    assert find(hosts) == ([1, 2, 3, 4], None)


def test_ids_and_bodies_of_any_text_can_be_indexed(hosts: Hosts, ledger: LedgerFile) -> None:
    odd = message(3, "lint \ud800 \x00 \U0001f98a")._replace(id="\ud800 not hex")
    ledger.append(odd, message(4, ""), message(5, "lint " * 2000))
    records, _ = history(hosts.home).search(parse_query("lint"), wanted())

    assert [record.message.id for record in records][-2:] == ["\ud800 not hex", f"{5:016x}"]
