"""What a use case is given: its own session and the ports.

Built once per process by :mod:`oxtail.wiring`; tests build it from :mod:`oxtail.store.memory` and
fakes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.value import Value

if TYPE_CHECKING:
    from oxtail.app.session import Session
    from oxtail.config import Settings
    from oxtail.ports import (
        Acknowledged,
        Attachments,
        Clock,
        Evidence,
        History,
        Hosts,
        Ids,
        Lineage,
        Lookout,
        Notices,
        OwnDoor,
        Panes,
        Policies,
        Presence,
        Projects,
        Registry,
        Shelf,
        Store,
        Terminals,
        Traffic,
        Transcripts,
        Waker,
        WakeRecords,
        Work,
    )
    from oxtail.trace import Trace


class Context(Value):
    """Everything that the use cases of :mod:`oxtail.app` work with.

    *doors* are those of the own session, best first; only the server of an agent has any.
    """

    settings: Settings
    session: Session
    store: Store
    registry: Registry
    projects: Projects
    presence: Presence
    wake_records: WakeRecords
    waker: Waker
    panes: Panes
    terminals: Terminals
    transcripts: Transcripts
    clock: Clock
    ids: Ids
    trace: Trace
    work: Work
    evidence: Evidence
    lineage: Lineage
    traffic: Traffic
    policies: Policies
    notices: Notices
    history: History
    shelf: Shelf
    lookout: Lookout
    acknowledged: Acknowledged
    hosts: Hosts
    attachments: Attachments
    doors: tuple[OwnDoor, ...] = ()
