"""What the carrier needs of the host that it carries for.

Every method is called from a thread of its own, may take locks and write to the disk, and may
raise :class:`~oxtail.errors.StoreError`; the carrier then tries again later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    from oxtail.core.arrival import Arrival
    from oxtail.core.remote import Mail, RemoteHost, Report


class Local(Protocol):
    """This host, as its carrier sees it."""

    def describe(self) -> RemoteHost:
        """Return what this host says of itself, in one part."""

    def heard(self, host: RemoteHost) -> bool:
        """Keep what another host says of itself; tell whether all of it was believed."""

    def still_there(self, hosts: Collection[str]) -> None:
        """Keep that *hosts* are there, and have nothing new to say."""

    def relays(self) -> tuple[str, ...]:
        """Return the ids of hosts that mail may have to be carried to."""

    def arrive(self, mail: Mail, host: str) -> Arrival:
        """Take over mail of *host*; once this returns a settled arrival it is committed."""

    def refuse(self, mail: Mail, host: str) -> None:
        """Keep that *mail*, whose sender is none of *host*, was not taken, so that it is told."""

    def carried(self, host: str, message_ids: Collection[str]) -> None:
        """Keep that messages are with the server now, on their way to *host*."""

    def undeliverable(self, host: str, message_id: str, problem: str) -> None:
        """Tell the sender of a message that it cannot be carried to *host*, ever."""

    def reports(self) -> tuple[tuple[str, Report], ...]:
        """Return what other hosts want to hear and have not heard: the host, and the report."""

    def told(self, host: str, report: Report) -> None:
        """Keep that *report* is with the server now."""

    def reported(self, report: Report, host: str) -> None:
        """Keep what *host* says became of a message that this host sent to it."""

    def set_aside(self, data: bytes, problem: str, host: str) -> None:
        """Keep what *host* sent and nobody can use, for a person to look at."""

    def say(self, kind: str, text: str) -> None:
        """Tell the person at this host.  Never raises."""
