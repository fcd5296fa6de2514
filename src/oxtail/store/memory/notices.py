"""The lines for the human, in memory; the twin of those on files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.notice import on_one_line
from oxtail.store.retention import NOTICES_KEPT

if TYPE_CHECKING:
    from oxtail.core.notice import Notice


class MemoryNotices:
    """See :class:`oxtail.ports.Notices`."""

    def __init__(self) -> None:
        self._notices: list[Notice] = []

    def say(self, notice: Notice) -> None:
        """Keep a notice; see :meth:`oxtail.ports.Notices.say`."""
        self._notices.append(notice._replace(text=on_one_line(notice.text)))
        del self._notices[:-NOTICES_KEPT]

    def recent(self, limit: int) -> tuple[Notice, ...]:
        """Return the latest notices; see :meth:`oxtail.ports.Notices.recent`."""
        return tuple(self._notices[-limit:]) if limit > 0 else ()
