"""The records beside the mail, in memory; twins of those on files."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from oxtail.core.later import Later
from oxtail.store.sides import Sides

if TYPE_CHECKING:
    from oxtail.ports import (
        Acknowledged,
        Attachments,
        Clock,
        Evidence,
        History,
        Hosts,
        Lineage,
        Lookout,
        Notices,
        Policies,
        Shelf,
        Traffic,
        Work,
    )
    from oxtail.store.memory.store import MemoryStore


def _attachments() -> Attachments:
    def build() -> object:
        from oxtail.store.memory.attachments import MemoryAttachments

        return MemoryAttachments()

    return cast("Attachments", Later(build))


def memory_sides(store: MemoryStore, clock: Clock) -> Sides:
    """Return records that end with the process; those about mail look into *store*."""

    def work() -> object:
        from oxtail.store.memory.work import MemoryWork

        return MemoryWork(store)

    def evidence() -> object:
        from oxtail.store.memory.evidence import MemoryEvidence

        return MemoryEvidence(clock)

    def lineage() -> object:
        from oxtail.store.memory.lineage import MemoryLineage

        return MemoryLineage(clock)

    def traffic() -> object:
        from oxtail.store.memory.traffic import MemoryTraffic

        return MemoryTraffic()

    def policies() -> object:
        from oxtail.store.memory.policies import MemoryPolicies

        return MemoryPolicies()

    def notices() -> object:
        from oxtail.store.memory.notices import MemoryNotices

        return MemoryNotices()

    def history() -> object:
        from oxtail.store.memory.history import MemoryHistory

        return MemoryHistory(store)

    def shelf() -> object:
        from oxtail.store.memory.shelf import MemoryShelf

        return MemoryShelf(store, clock)

    def lookout() -> object:
        from oxtail.store.memory.lookout import MemoryLookout

        return MemoryLookout(store)

    def acknowledged() -> object:
        from oxtail.store.memory.lookout import MemoryAcknowledged

        return MemoryAcknowledged()

    def hosts() -> object:
        from oxtail.store.memory.hosts import MemoryHosts

        return MemoryHosts(clock)

    return Sides(
        work=cast("Work", Later(work)),
        evidence=cast("Evidence", Later(evidence)),
        lineage=cast("Lineage", Later(lineage)),
        traffic=cast("Traffic", Later(traffic)),
        policies=cast("Policies", Later(policies)),
        notices=cast("Notices", Later(notices)),
        history=cast("History", Later(history)),
        shelf=cast("Shelf", Later(shelf)),
        lookout=cast("Lookout", Later(lookout)),
        acknowledged=cast("Acknowledged", Later(acknowledged)),
        hosts=cast("Hosts", Later(hosts)),
        attachments=_attachments(),
    )
