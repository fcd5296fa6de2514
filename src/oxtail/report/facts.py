"""What a report is made from; gathered by :mod:`oxtail.app.report`.

The rule: facts, no conclusions.  The same facts always give the same page.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oxtail.core.fleet import Fleet
    from oxtail.core.history import Problem, Record

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Past(Value):
    """A fleet, and what was said in it.

    Attributes:
        fleet: The fleet as it is now.
        records: Messages of the past, oldest first.
        heirs: For session ids among *records* that were followed by another one: that one.
        names: What users call sessions of the past, by session id.
        older_left_out: Whether there are older messages that match.
        since: The caller asked for nothing older, in unix seconds.
        until: The caller asked for nothing younger, in unix seconds.
        problems: Ledgers of which something could not be read.
    """

    fleet: Fleet
    records: tuple[Record, ...] = ()
    heirs: Mapping[str, str] = _NOTHING
    names: Mapping[str, str] = _NOTHING
    older_left_out: bool = False
    since: int | None = None
    until: int | None = None
    problems: tuple[Problem, ...] = ()
