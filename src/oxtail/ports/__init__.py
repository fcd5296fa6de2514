"""The edges of oxtail: what the use cases ask for, and what an adapter promises.

Adapters with the same name implement these: :mod:`oxtail.store.files` and
:mod:`oxtail.store.memory` the stores and records, :mod:`oxtail.identity` the registry and projects,
:mod:`oxtail.wake` presence and wakes, :mod:`oxtail.transcripts` the transcripts.
Use cases in :mod:`oxtail.app` import this package and no adapter.
"""

from __future__ import annotations

from oxtail.ports.attachments import Attachments
from oxtail.ports.looking import Acknowledged, Lookout
from oxtail.ports.mail import Bell, Store
from oxtail.ports.people import Arrivals, Detection, Doorstep, Hosts, Presence, Projects, Registry
from oxtail.ports.reading import Panes, Transcripts
from oxtail.ports.records import (
    Evidence,
    History,
    Lineage,
    Notices,
    Policies,
    Shelf,
    Traffic,
    Work,
)
from oxtail.ports.system import Clock, Ids
from oxtail.ports.terminals import Terminals
from oxtail.ports.wake import OwnDoor, Waker, WakeRecords

__all__ = [
    "Acknowledged",
    "Arrivals",
    "Attachments",
    "Bell",
    "Clock",
    "Detection",
    "Doorstep",
    "Evidence",
    "History",
    "Hosts",
    "Ids",
    "Lineage",
    "Lookout",
    "Notices",
    "OwnDoor",
    "Panes",
    "Policies",
    "Presence",
    "Projects",
    "Registry",
    "Shelf",
    "Store",
    "Terminals",
    "Traffic",
    "Transcripts",
    "WakeRecords",
    "Waker",
    "Work",
]
