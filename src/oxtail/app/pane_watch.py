"""Which panes one look at a fleet looks into, and what is believed of those it did not.

The rule: an entry's word for its pane only chooses what is looked into; what is seen counts once
the processes of the same moment prove whose pane it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.core.liveness import age_of
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from oxtail.app.context import Context
    from oxtail.core.activity import Activity
    from oxtail.core.census import Counted, PaneTable
    from oxtail.core.entry import Entry
    from oxtail.core.fleet_facts import Facts
    from oxtail.core.pane import Pane, PaneView

LOOKED_INTO: Final = 16
"""Most panes that one look looks into; those of the others come in the next looks."""

BELIEVED_SECONDS: Final = 30.0
"""How long it is believed what a pane has shown while its turn has not come again."""


def activities(ctx: Context, running: Iterable[Counted]) -> dict[int, Activity]:
    """Return what the transcripts of *running* agents say, by process."""
    return {
        each.entry.server_pid: ctx.transcripts.activity(path, each.entry.client.type)
        for each in running
        if (path := each.entry.client.transcript_path)
    }


def recent(
    running: Iterable[Entry], read: Mapping[int, Activity], facts: Facts
) -> Iterator[tuple[int, str | None]]:
    """Yield those of whom a screen can still say that they work, each with the pane it claims.

    *facts* tells the moment and the limit; see :func:`oxtail.core.liveness.decide`.
    """
    for entry in running:
        activity = read.get(entry.server_pid)
        age = age_of(activity.modified_at, facts.at) if activity else None
        if age is not None and age <= facts.limits.stall:
            yield entry.server_pid, entry.tmux_pane


class _Seen(Value):
    at: float
    pane_id: str
    pane_pid: int
    view: PaneView


class PaneWatch:
    """What is remembered of panes from one look to the next."""

    def __init__(self) -> None:
        self._hosts: dict[int, str] = {}
        self._seen: dict[int, _Seen] = {}

    def choose(self, agents: Iterable[tuple[int, str | None]]) -> tuple[str, ...]:
        """Return the panes to look into for *agents*, each a process and the pane it claims.

        The pane that hosted the process in the last look goes before the claim.  Whoever was seen
        longest ago is looked at first.
        """
        named = [(pid, self._hosts.get(pid) or claim) for pid, claim in agents]
        named.sort(key=lambda one: self._seen[one[0]].at if one[0] in self._seen else 0.0)
        return tuple(dict.fromkeys(pane for _, pane in named if pane))[:LOOKED_INTO]

    def take(self, table: PaneTable, now: float) -> dict[int, PaneView]:
        """Keep what *table* tells; return what is believed of each process now (*now*: seconds)."""
        hosts = dict(table.hosts)
        self._hosts = {pid: pane.pane_id for pid, pane in hosts.items()}
        for pid, view in table.views:
            self._seen[pid] = _Seen(now, hosts[pid].pane_id, hosts[pid].pane_pid, view)
        self._seen = {
            pid: seen
            for pid, seen in self._seen.items()
            if pid in hosts and _is_same(seen, hosts[pid]) and 0 <= now - seen.at < BELIEVED_SECONDS
        }
        return {pid: seen.view for pid, seen in self._seen.items()}


def _is_same(seen: _Seen, pane: Pane) -> bool:
    return (seen.pane_id, seen.pane_pid) == (pane.pane_id, pane.pane_pid)
