"""Looking for words: by the index where it helps, by reading the ledgers where it does not.

The rule: the ledgers are the truth.  What the index names is read from its ledger and compared
again; what the index does not cover is read plainly.  So an answer is the same without an index.
"""

from __future__ import annotations

from contextlib import closing
from heapq import merge
from typing import TYPE_CHECKING

from oxtail.core.history import Problem, Record, both, record_of
from oxtail.errors import StoreError
from oxtail.store.files.ledger_scan import OpenLedgers, bad_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from oxtail.core.history import Wanted
    from oxtail.core.words import Words
    from oxtail.disk.atomic import Disk
    from oxtail.store.files.search_index import Hit, Index

    Meant = Sequence[tuple[str, str | None]]
    Found = tuple[tuple[Record, ...], str | None]


class Search:
    """A search through some ledgers.

    Args:
        disk: The state folder.
        scan: Yields the wanted records of the given ledgers, oldest first.
    """

    def __init__(self, disk: Disk, scan: Callable[[Meant, Wanted], Iterator[Record]]) -> None:
        self._disk = disk
        self._scan = scan

    def run(self, words: Words, wanted: Wanted, meant: Meant) -> Found:
        """Return the wanted records of the ledgers *meant* that hold *words*, and a remark."""
        if not meant:
            return (), None
        try:
            import sqlite3

            from oxtail.store.files.search_file import is_damage, is_fts_missing
            from oxtail.store.files.search_index import Index
        except ImportError:
            return self._plainly(words, wanted, meant), _plain("this Python has no SQLite")
        remarks: list[str] = []
        try:
            with Index(self._disk) as index:
                for attempt in range(2):
                    try:
                        reason = index.open()
                        if reason and not attempt:
                            remarks.append(f"the search index {reason}; it is built anew")
                        found, left = self._indexed(index, words, wanted, meant)
                        break
                    except sqlite3.Error as error:
                        if attempt or not is_damage(error):
                            raise
                        remarks = ["the search index was damaged; it is built anew"]
                        index.discard()
        except (StoreError, OSError) as error:
            why = f"the search index cannot be used ({error})"
        except sqlite3.Error as error:
            why = f"the search index cannot be used ({error})"
            if is_fts_missing(error):
                why = "the SQLite of this Python has no full-text search (FTS5)"
        else:
            if left:
                remarks.append(f"{left} ledgers are not in it yet; they were read instead")
            return found, "\n".join(remarks) or None
        return self._plainly(words, wanted, meant), _plain(why)

    def _plainly(self, words: Words, wanted: Wanted, meant: Meant) -> tuple[Record, ...]:
        def matches(record: Record) -> bool:
            return words.match(record.message.body)

        # The cheaper test goes first: the words of a body take longer than all filters.
        return tuple(self._scan(meant, wanted._replace(matches=both(wanted.matches, matches))))

    def _indexed(
        self, index: Index, words: Words, wanted: Wanted, meant: Meant
    ) -> tuple[tuple[Record, ...], int]:
        """Return the records, and how many ledgers are left for a later search to index."""
        receivers = dict(meant)
        behind, left = index.update(tuple(receivers))
        for name, count in index.bad():
            if name in receivers and name not in behind:
                wanted.report(Problem(name, bad_lines(count)))
        found: list[Record] = []
        with closing(OpenLedgers(self._disk)) as ledgers:
            for hit in index.hits(words, wanted.since, wanted.until):
                if hit.ledger in behind or hit.ledger not in receivers:
                    continue
                record = _record(ledgers, hit, receivers)
                if record is None:
                    behind.add(hit.ledger)
                    found = [each for each in found if each.ledger != hit.ledger]
                elif wanted.has(record) and words.match(record.message.body):
                    found.append(record)
                    if wanted.newest is not None and len(found) >= wanted.newest:
                        break
        found.reverse()
        if behind:
            others = [(name, receiver) for name, receiver in meant if name in behind]
            found = list(merge(found, self._plainly(words, wanted, others), key=_key))
        if wanted.newest is not None:
            del found[: max(len(found) - wanted.newest, 0)]
        return tuple(found), left


def _plain(reason: str) -> str:
    return f"{reason}; the ledgers were read instead, which takes longer"


def _key(record: Record) -> tuple[int, str]:
    return record.message.enqueued_at, record.ledger


def _record(ledgers: OpenLedgers, hit: Hit, receivers: Mapping[str, str | None]) -> Record | None:
    """Return the record that *hit* names, or None if its ledger is not what was indexed."""
    try:
        message = ledgers.ledger(hit.ledger).message(hit.start, hit.size)
    except StoreError:
        return None
    if message is None or not hit.is_of(message):
        return None
    return record_of(receivers[hit.ledger], hit.ledger, message)
