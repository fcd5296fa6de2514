"""Whether something in the state folder has changed, at the cost of stats and nothing else.

The rule: nothing is opened, written or locked.  A stamp that differs means that it is worth looking
again; one that does not is no proof that nothing happened, so whoever watches looks now and then.
"""

from __future__ import annotations

import os
from itertools import islice
from typing import Final

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from oxtail.disk.layout import Layout

ENTRIES_MAX: Final = 4_000
"""Most files of one folder that are statted."""


def stamp(layout: Layout) -> int:
    """Return a number that changes with the registry, boxes, ledgers, waits, work and markers.

    Raises nothing: what cannot be statted counts as absent.
    """
    folders = (
        layout.sessions, layout.mailboxes, layout.received, layout.asks, layout.pending_asks,
        layout.work, layout.activity, layout.claimed,
    )  # fmt: skip
    return hash(tuple(tuple(_files(folder)) for folder in folders))


def _files(folder: str) -> Iterator[tuple[str, int, int]]:
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, ENTRIES_MAX):
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                yield entry.name, status.st_mtime_ns, status.st_size
    except OSError:
        return
