"""The file of the search index: whose it is, who has it, and when it is thrown away.

Rules of this file:

* An index is never the truth, so one that is no good is thrown away and not mended; only what
  somebody else put in its place is set aside.
* Whoever opens it has it alone: SQLite's own locks do not cover a file that is thrown away.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, Self

from oxtail.core.words import VERSION as WORDS_VERSION
from oxtail.disk.atomic import FILE_MODE
from oxtail.errors import LockBusy
from oxtail.store.files.flock import drop_flock, take_flock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oxtail.disk.atomic import Disk

APPLICATION_ID: Final = 0x6F78_746C
"""What the header of the file says about whose it is."""

SCHEMA_VERSION: Final = 1

BUSY_SECONDS: Final = 2.0
"""How long another search is waited for; one that builds the index may take longer."""

LOCK_ENDING: Final = ".lock"

MISSING: Final = "was missing"
OLDER: Final = "was of another version"
FOREIGN: Final = "was something else and is set aside"

_HEADER_BYTES: Final = 100
_MAGIC: Final = b"SQLite format 3\0"
_TABLES: Final = (
    "CREATE TABLE about (words TEXT NOT NULL, dropped INTEGER NOT NULL)",
    """CREATE TABLE ledgers (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    stamp TEXT NOT NULL, mark TEXT NOT NULL, bad INTEGER NOT NULL)""",
    # A number is never given twice: the words of a line that is gone stay under its number.
    """CREATE TABLE lines (id INTEGER PRIMARY KEY AUTOINCREMENT, ledger INTEGER NOT NULL,
    message BLOB NOT NULL, body BLOB NOT NULL, at INTEGER NOT NULL, start INTEGER NOT NULL,
    size INTEGER NOT NULL, UNIQUE (ledger, message))""",
    # Words are made by core/words.py; to this tokenizer they are what stands between blanks.  Where
    # in a text a word stands is not kept, which halves the file: whoever asks looks there anyway.
    """CREATE VIRTUAL TABLE words USING fts5 (body, content='', columnsize=0, detail=none,
    tokenize='ascii')""",
)
_USABLE_LATER: Final = frozenset(
    (
        sqlite3.SQLITE_BUSY,  # another program looks into it
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_TOOBIG,
    )
)


def _code(error: sqlite3.Error) -> int | None:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def is_fts_missing(error: sqlite3.Error) -> bool:
    """Tell whether *error* says that this SQLite was built without full-text search."""
    return "no such module" in str(error)


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether *error* says that the index is no good, and not that it cannot be used now."""
    return _code(error) not in _USABLE_LATER


class IndexFile:
    """The index of one state folder as a file; a context manager.

    Every method may raise :class:`sqlite3.Error`; see :func:`is_damage`.
    """

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self._path = disk.layout.search_index
        self._alone: int | None = None
        self._db: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def open(self) -> str | None:
        """Open the index, or make an empty one and return why.

        Raises:
            LockBusy: another search has it.
            StoreError, OSError: the file cannot be made or replaced.
        """
        self.disk.folder(self.disk.layout.search)
        if self._alone is None:
            self._alone, _ = self.disk.open_side(self._path + LOCK_ENDING)
            if not take_flock(self._alone, time.monotonic() + BUSY_SECONDS):
                raise LockBusy("another search is at it")
        reason = self._state()
        if reason is None:
            self._connect()
            row = self.db.execute("SELECT words FROM about").fetchone()
            if row == (WORDS_VERSION,):
                return None
            reason = OLDER
        if reason == FOREIGN:
            self.disk.set_aside(self._path, "not a search index")
        self.discard()
        # SQLite would make it with the modes of the user; its journal gets those of this file.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        os.close(os.open(self._path, flags, FILE_MODE))
        self._connect()
        self._make()
        return reason

    @property
    def db(self) -> sqlite3.Connection:
        """The open file."""
        assert self._db is not None
        return self._db

    def _connect(self) -> None:
        self._db = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
        self._db.execute("PRAGMA temp_store=MEMORY")  # no words in a folder of temporary files
        self._db.execute(f"PRAGMA synchronous={'NORMAL' if self.disk.fsync else 'OFF'}")

    def _state(self) -> str | None:
        """Return why the file is no good, or None."""
        try:
            found = os.lstat(self._path)
        except FileNotFoundError:
            return MISSING
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            return FOREIGN
        if stat.S_IMODE(found.st_mode) != FILE_MODE:
            os.chmod(self._path, FILE_MODE)
        if not found.st_size:
            return MISSING  # its maker died before it wrote anything
        with open(self._path, "rb") as file:
            header = file.read(_HEADER_BYTES)
        if os.path.lexists(self._path + "-journal"):
            return None  # its writer died; SQLite takes back what was half done
        if header[:16] != _MAGIC or header[68:72] != APPLICATION_ID.to_bytes(4, "big"):
            return FOREIGN
        return None if header[60:64] == SCHEMA_VERSION.to_bytes(4, "big") else OLDER

    def discard(self) -> None:
        """Throw the file away; nobody else has it.

        Raises:
            OSError: it cannot be removed.
        """
        if self._db is not None:
            self._db.close()
            self._db = None
        for ending in ("", "-journal", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.unlink(self._path + ending)

    def _make(self) -> None:
        with self.writing() as db:
            db.execute(f"PRAGMA application_id={APPLICATION_ID}")
            db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
            for table in _TABLES:
                db.execute(table)
            db.execute("INSERT INTO about VALUES (?, 0)", (WORDS_VERSION,))

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the open file for changes that count together or not at all."""
        db = self.db
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # the first error says more
                db.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the file, and let others have it."""
        if self._db is not None:
            self._db.close()
            self._db = None
        alone, self._alone = self._alone, None
        drop_flock(alone)
