"""The records beside the mail, on files, each loaded when it is first used."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from oxtail.core.later import Later
from oxtail.store.sides import Sides

if TYPE_CHECKING:
    from collections.abc import Callable

    from oxtail.disk.atomic import Disk
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
    from oxtail.store.files.locks import Locks


class _LatePolicies(Later):
    """Tells whether there may be a policy before anything is loaded, because most have none."""

    def __init__(self, folder: str, build: Callable[[], object]) -> None:
        super().__init__(build)
        self._folder = folder

    def are_set(self) -> bool:
        """Tell whether there may be a policy; see :meth:`oxtail.ports.Policies.are_set`."""
        return os.path.isdir(self._folder)


class _LateHosts(Later):
    """Tells whether there may be other hosts before anything is loaded: most have none."""

    def __init__(self, folder: str, build: Callable[[], object]) -> None:
        super().__init__(build)
        self._folder = folder

    def are_known(self) -> bool:
        """Tell whether there may be other hosts; see :meth:`oxtail.ports.Hosts.are_known`."""
        return os.path.isdir(self._folder)


def _attachments(disk: Disk, clock: Clock) -> Attachments:
    def build() -> object:
        from oxtail.store.files.attachments import FileAttachments

        return FileAttachments(disk, clock)

    return cast("Attachments", Later(build))


def file_sides(disk: Disk, clock: Clock, locks: Locks) -> Sides:
    """Return the records of the state folder of *disk*; touches no file."""

    def work() -> object:
        from oxtail.store.files.work import FileWork

        return FileWork(disk, locks)

    def evidence() -> object:
        from oxtail.store.files.evidence import FileEvidence

        return FileEvidence(disk, clock)

    def lineage() -> object:
        from oxtail.store.files.lineage import FileLineage

        return FileLineage(disk, clock)

    def traffic() -> object:
        from oxtail.store.files.traffic import FileTraffic

        return FileTraffic(disk)

    def policies() -> object:
        from oxtail.store.files.policies import FilePolicies

        return FilePolicies(disk, clock, noticing, locks)

    def notices() -> object:
        from oxtail.store.files.notices import FileNotices

        return FileNotices(disk, locks)

    def history() -> object:
        from oxtail.store.files.history import FileHistory

        return FileHistory(disk)

    noticing = cast("Notices", Later(notices))

    def shelf() -> object:
        from oxtail.store.files.shelf import FileShelf

        return FileShelf(disk, clock, locks)

    def lookout() -> object:
        from oxtail.store.files.lookout import FileLookout

        return FileLookout(disk, clock)

    def acknowledged() -> object:
        from oxtail.store.files.acknowledged import FileAcknowledged

        return FileAcknowledged(disk, locks)

    def hosts() -> object:
        from oxtail.store.files.hosts import FileHosts

        return FileHosts(disk, clock)

    return Sides(
        work=cast("Work", Later(work)),
        evidence=cast("Evidence", Later(evidence)),
        lineage=cast("Lineage", Later(lineage)),
        traffic=cast("Traffic", Later(traffic)),
        policies=cast("Policies", _LatePolicies(disk.layout.policies, policies)),
        notices=noticing,
        history=cast("History", Later(history)),
        shelf=cast("Shelf", Later(shelf)),
        lookout=cast("Lookout", Later(lookout)),
        acknowledged=cast("Acknowledged", Later(acknowledged)),
        hosts=cast("Hosts", _LateHosts(disk.layout.hosts, hosts)),
        attachments=_attachments(disk, clock),
    )
