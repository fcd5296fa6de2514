"""The records beside the mail, as one value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.value import Value

if TYPE_CHECKING:
    from oxtail.ports import (
        Acknowledged,
        Attachments,
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


class Sides(Value):
    """All of them; the members are those of :class:`oxtail.app.context.Context`."""

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
