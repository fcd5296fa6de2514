"""Ledgers as others leave them: appended to, compacted, rewritten by npm peers, damaged."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from helpers.stores import ALICE, BOB
from oxtail.core.codec import encode_line
from oxtail.core.envelope import Envelope
from oxtail.core.history import Problem, Record, Wanted
from oxtail.core.names import hash32
from oxtail.disk.atomic import Disk
from oxtail.store.files.history import FileHistory

NOW = 1_800_000_000


def message(number: int, body: str | None = None, **members: Any) -> Envelope:
    """Return the message of this *number*, sent in that second."""
    members.setdefault("from_session_id", ALICE)
    return Envelope(f"{number:016x}", body or f"message {number}", NOW + number, **members)


class LedgerFile:
    """The ledger of one session, written without any of the code under test."""

    def __init__(self, home: Path | str, session_id: str = BOB) -> None:
        self.name = hash32(session_id)
        self.path = Path(home, "received", self.name + ".jsonl")
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def append(self, *messages: Envelope | bytes) -> None:
        """Add lines in place, as a Python peer does; bytes go in as they are."""
        with open(self.path, "ab") as file:
            file.writelines(map(_line, messages))

    def rewrite(self, messages: Iterable[Envelope | bytes]) -> None:
        """Put another file under the name, as a compaction and every write of an npm peer does."""
        other = self.path.with_suffix(".other")
        with open(other, "wb") as file:
            file.writelines(map(_line, messages))
        os.rename(other, self.path)

    def drop_oldest(self, count: int) -> None:
        """Compact: drop lines, and put another file under the name."""
        lines = self.path.read_bytes().split(b"\n")[:-1]
        self.rewrite(line + b"\n" for line in lines[count:])


def _line(each: Envelope | bytes) -> bytes:
    return each if isinstance(each, bytes) else encode_line(each.as_dict())


class Reports(list[Problem]):
    """Keeps what is reported."""

    @property
    def texts(self) -> list[str]:
        return [problem.problem for problem in self]


def wanted(*owners: str, **members: Any) -> Wanted:
    return Wanted(owners or (BOB,), **members)


def history(home: Path | str) -> FileHistory:
    return FileHistory(Disk(str(home), fsync=False))


def numbers(records: Iterable[Record]) -> list[int]:
    return [int(record.message.id, 16) for record in records]
