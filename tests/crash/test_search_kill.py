"""A search that is killed while it builds the index costs the next one time, and no answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from helpers.history import LedgerFile, history, message, numbers, wanted
from helpers.stores import BOB
from oxtail.core.words import parse_query

pytestmark = pytest.mark.slow

KILLED = 9
COUNT = 1500

_CHILD = """
import os, sys
from oxtail.core.history import Wanted
from oxtail.core.words import parse_query, words_of
from oxtail.disk.atomic import Disk
from oxtail.store.files import search_file, search_index
from oxtail.store.files.history import FileHistory

home, owner, where, left = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])

def counted(text):
    global left
    left -= 1
    if not left:
        os._exit(9)
    return words_of(text)

if where == "words":
    search_index.words_of = counted
else:
    real = search_file.sqlite3.connect
    class Connection(search_file.sqlite3.Connection):
        def execute(self, statement, *rest):
            counted("")
            return super().execute(statement, *rest)
    search_file.sqlite3.connect = lambda *args, **named: real(*args, factory=Connection, **named)
FileHistory(Disk(home)).search(parse_query("fox"), Wanted((owner,)))
"""


def die(home: Path, where: str, left: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(home), BOB, where, str(left)],
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == KILLED, done.stderr


def look(home: Path) -> tuple[list[int], str | None]:
    records, remark = history(home).search(parse_query("fox"), wanted())
    return numbers(records), remark


@pytest.fixture
def folder(home: Path) -> Path:
    state = home / ".oxtail"
    # Words enough that some reach the file before they count.
    filler = " ".join(f"w{number}" for number in range(300))
    ledger = LedgerFile(state, BOB)
    ledger.append(*(message(n, f"fox {n} {filler} {n * 7919}") for n in range(COUNT)))
    return state


@pytest.mark.parametrize("left", [1, 700, COUNT])
def test_killed_among_the_words_of_its_first_build(folder: Path, left: int) -> None:
    die(folder, "words", left)

    assert look(folder) == (list(range(COUNT)), None)
    assert look(folder) == (list(range(COUNT)), None)


def test_killed_among_the_words_of_what_is_new(folder: Path) -> None:
    ledger = LedgerFile(folder, BOB)
    look(folder)
    ledger.append(*(message(COUNT + n, "fox " * 500 + str(n)) for n in range(800)))
    ledger.drop_oldest(500)
    die(folder, "words", 790)

    assert look(folder) == (list(range(500, COUNT + 800)), None)


@pytest.mark.parametrize("left", range(1, 16))
def test_killed_at_each_of_its_first_steps(home: Path, left: int) -> None:
    state = home / ".oxtail"
    LedgerFile(state, BOB).append(message(1, "fox"))
    die(state, "steps", left)

    found, remark = look(state)
    assert found == [1]
    assert remark in {None, "the search index was missing; it is built anew"}
    assert look(state) == ([1], None)
