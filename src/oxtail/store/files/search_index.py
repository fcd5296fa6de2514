"""The search index: a SQLite file that says which lines of the ledgers hold which words.

Rules of this file:

* It holds words and places, and no message; what it names is looked at again by whoever asks.
* Each search brings it up to date, by a bounded amount.

``docs/formats/search-index.md`` is the format.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

from oxtail.core.codec import decode, encode_compact
from oxtail.core.digest import sha256_hex
from oxtail.core.envelope import LINE_MAX_BYTES
from oxtail.core.value import Value
from oxtail.core.words import words_of
from oxtail.errors import StoreError
from oxtail.store.files.ledger_scan import (
    Mark,
    continues,
    ledger_names,
    ledger_path,
    message_on,
    opened,
)
from oxtail.store.files.search_file import IndexFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oxtail.core.envelope import Envelope
    from oxtail.core.words import Words

BUILD_MAX_BYTES: Final = 32 * 1024 * 1024
"""Most bytes of ledgers that one search adds, so that no search takes minutes."""

COMMIT_BYTES: Final = 8 * 1024 * 1024
"""After so many bytes of ledgers the work so far is kept."""

DROPPED_MIN: Final = 1000
"""So many lines that are gone may stay in the index, and as many as there are lines."""


def _damaged(what: str) -> sqlite3.DatabaseError:
    return sqlite3.DatabaseError(f"the index holds no {what} where there is one")


def _mark(text: object) -> Mark:
    """Return the mark that *text*, from the index, spells; what is in a file may be anything."""
    try:
        members = decode(text) if isinstance(text, str) else None
    except ValueError:
        members = None
    if not isinstance(members, list) or len(members) != len(Mark._fields):
        raise _damaged("mark")
    if not all(map(_is_count, members[:-1])) or not isinstance(members[-1], str):
        raise _damaged("mark")
    return Mark(*members)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _digest(text: str) -> bytes:
    return bytes.fromhex(sha256_hex(text.encode("utf-8", "surrogatepass")))[:16]


class Hit(Value):
    """A line that held the words, in any order, when it was indexed: its ledger, place, digests."""

    ledger: str
    start: int
    size: int
    message: bytes
    body: bytes

    def is_of(self, message: Envelope) -> bool:
        """Tell whether the line that was indexed is that of *message*."""
        return _digest(message.id) == self.message and _digest(message.body) == self.body


class Index(IndexFile):
    """The index of one state folder; opened for one search."""

    # ------------------------------------------------------------------ keeping up

    def update(self, names: Sequence[str]) -> tuple[set[str], int]:
        """Index what the ledgers *names* hold by now, within a bound.

        Returns:
            The ledgers that the index does not cover, and how many of them are left for a later
            search; the others cannot be read.
        """
        kept = dict(self.db.execute("SELECT name, stamp FROM ledgers").fetchall())
        stamps = {name: self._stamp(name) for name in names}
        stale = [name for name in names if not stamps[name] or stamps[name] != kept.get(name)]
        gone = kept.keys() - set(ledger_names(self.disk))
        if not stale and not gone:
            return set(), 0
        with self.writing() as db:
            self._shrink(db, gone)
            return self._read_all(db, stale, stamps)

    def _stamp(self, name: str) -> str:
        stamp = self.disk.stamp(ledger_path(self.disk, name))
        return " ".join(map(str, stamp)) if stamp else ""

    @staticmethod
    def _shrink(db: sqlite3.Connection, gone: set[str]) -> None:
        for name in gone:
            db.execute(
                "DELETE FROM lines WHERE ledger IN (SELECT id FROM ledgers WHERE name = ?)", (name,)
            )
            db.execute("UPDATE about SET dropped = dropped + changes()")
            db.execute("DELETE FROM ledgers WHERE name = ?", (name,))
        (dropped,) = db.execute("SELECT dropped FROM about").fetchone()
        (present,) = db.execute("SELECT count(*) FROM lines").fetchone()
        if dropped > max(DROPPED_MIN, present):
            db.execute("DELETE FROM lines")
            db.execute("DELETE FROM ledgers")
            db.execute("INSERT INTO words (words) VALUES ('delete-all')")
            db.execute("UPDATE about SET dropped = 0")

    def _read_all(
        self, db: sqlite3.Connection, stale: Sequence[str], stamps: dict[str, str]
    ) -> tuple[set[str], int]:
        behind: set[str] = set()
        left, done, kept = 0, 0, 0
        for name in stale:
            if done >= BUILD_MAX_BYTES:
                behind.add(name)
                left += 1
                continue
            db.execute("SAVEPOINT ledger")
            try:
                done += self._read(db, name, stamps[name])
            except StoreError:
                db.execute("ROLLBACK TO ledger")
                behind.add(name)
            db.execute("RELEASE ledger")
            if done - kept > COMMIT_BYTES:
                kept = done
                db.execute("COMMIT")
                db.execute("BEGIN IMMEDIATE")
        return behind, left

    def _read(self, db: sqlite3.Connection, name: str, stamp: str) -> int:
        """Index the lines of one ledger that are new; return how many bytes were read."""
        row = db.execute("SELECT id, mark, bad FROM ledgers WHERE name = ?", (name,)).fetchone()
        with opened(self.disk, name) as ledger:
            mark = _mark(row[1]) if row else Mark()
            if row and continues(ledger, mark):
                number, bad = row[0], row[2]
            else:
                mark, bad = Mark(ledger.inode), 0
                number = row[0] if row else None
            if number is None:
                number = db.execute(
                    "INSERT INTO ledgers (name, stamp, mark, bad) VALUES (?, '', '[]', 0)", (name,)
                ).lastrowid
            start = mark.stop
            known = _Known(db, number)
            for line in ledger.lines(start):
                mark = mark.moved(line)
                message = message_on(line.raw) if line.raw else None
                if message is None or line.raw is None:
                    bad += line.raw is None or bool(line.raw.strip())
                else:
                    known.note(message, line.start, len(line.raw))
            if not start:
                known.drop_others()
            db.execute(
                "UPDATE ledgers SET stamp = ?, mark = ?, bad = ? WHERE id = ?",
                (stamp, encode_compact(mark).decode(), bad, number),
            )
            return mark.stop - start

    # ------------------------------------------------------------------ asking

    def bad(self) -> list[tuple[str, int]]:
        """Return the ledgers with lines that are no messages, and how many."""
        rows = self.db.execute("SELECT name, bad FROM ledgers WHERE bad ORDER BY name")
        return [(name, count) for name, count in rows]

    def hits(self, words: Words, since: int | None, until: int | None) -> Iterator[Hit]:
        """Yield the lines that may hold *words*, the newest first: all words are in them."""
        asked: dict[str, None] = {}
        for term in words.terms:
            *others, last = (f'"{word}"' for word in term.words)
            asked.update(dict.fromkeys(others))
            asked[f"{last} *" if term.is_prefix else last] = None
        rows = self.db.execute(
            "SELECT ledgers.name, lines.start, lines.size, lines.message, lines.body FROM words"
            " JOIN lines ON lines.id = words.rowid JOIN ledgers ON ledgers.id = lines.ledger"
            " WHERE words MATCH ? AND lines.at >= ? AND lines.at <= ?"
            " ORDER BY lines.at DESC, ledgers.name DESC, lines.start DESC",
            (
                " AND ".join(asked),
                -(2**62) if since is None else since,
                2**62 if until is None else until,
            ),
        )
        for ledger, start, size, message, body in rows:
            if not (_is_count(start) and _is_count(size) and size <= LINE_MAX_BYTES):
                raise _damaged("place")
            yield Hit(ledger, start, size, message, body)


class _Known:
    """The lines of one ledger that are in the index."""

    def __init__(self, db: sqlite3.Connection, ledger: int) -> None:
        self._db = db
        self._ledger = ledger
        rows = db.execute("SELECT message, id, body FROM lines WHERE ledger = ?", (ledger,))
        self._kept: dict[bytes, tuple[int, bytes]] = {row[0]: (row[1], row[2]) for row in rows}
        self._seen: set[bytes] = set()

    def note(self, message: Envelope, start: int, size: int) -> None:
        """Say where *message* is; of several lines with one id the last counts."""
        key, body = _digest(message.id), _digest(message.body)
        self._seen.add(key)
        number, indexed = self._kept.get(key, (None, None))
        if number is not None and indexed == body:
            self._db.execute(
                "UPDATE lines SET at = ?, start = ?, size = ? WHERE id = ?",
                (message.enqueued_at, start, size, number),
            )
            return
        if number is not None:
            self._drop(number)
        number = self._db.execute(
            "INSERT INTO lines (ledger, message, body, at, start, size) VALUES (?, ?, ?, ?, ?, ?)",
            (self._ledger, key, body, message.enqueued_at, start, size),
        ).lastrowid
        assert number is not None
        self._kept[key] = (number, body)
        self._db.execute(
            "INSERT INTO words (rowid, body) VALUES (?, ?)",
            (number, " ".join(words_of(message.body))),
        )

    def drop_others(self) -> None:
        """Forget the lines that were not noted."""
        for key, (number, _) in self._kept.items():
            if key not in self._seen:
                self._drop(number)

    def _drop(self, number: int) -> None:
        # Its words stay, under a number that no line has: an index of words alone cannot tell
        # which of them are this line's.
        self._db.execute("DELETE FROM lines WHERE id = ?", (number,))
        self._db.execute("UPDATE about SET dropped = dropped + 1")
