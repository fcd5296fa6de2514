"""What other hosts say of themselves, in memory; the twin of that on files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxtail.core.remote import Neighbor

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from oxtail.core.remote import RemoteHost
    from oxtail.ports import Clock


class MemoryHosts:
    """See :class:`oxtail.ports.Hosts`.

    Attributes:
        problem: What :meth:`trouble` returns.
    """

    def __init__(self, clock: Clock) -> None:
        self.problem: str | None = None
        self._clock = clock
        self._kept: dict[str, tuple[RemoteHost, float]] = {}

    def are_known(self) -> bool:
        """Tell whether there are other hosts."""
        return bool(self._kept)

    def hosts(self) -> tuple[str, ...]:
        """Return their ids."""
        return tuple(self._kept)

    def neighbors(self) -> tuple[Neighbor, ...]:
        """Return their sessions."""
        now = self._clock.now()
        return tuple(
            Neighbor(
                host.host_id,
                host.name,
                each,
                each.is_live and now - at < 75,
                host.key,
                host.can,
            )
            for host, at in self._kept.values()
            for each in host.sessions
        )

    def host_of(self, session_id: str) -> str | None:
        """Return whose session it is."""
        found = (each for each in self.neighbors() if each.session.went_by(session_id))
        return next((each.host_id for each in found), None)

    def ids_of(self, session_id: str) -> tuple[str, ...]:
        """Return the ids of a session; see :meth:`oxtail.ports.Hosts.ids_of`."""
        found = (each.session for each in self.neighbors() if each.session.went_by(session_id))
        return next(((each.session_id, *each.former) for each in found), ())

    def is_of(self, host_id: str, session_id: str) -> bool:
        """Tell whether it is one of that host; see :class:`oxtail.ports.Hosts`."""
        known = self._kept.get(host_id)
        return known is not None and any(s.went_by(session_id) for s in known[0].sessions)

    def touch(self, host_ids: Collection[str]) -> None:
        """Keep that they are there; see :meth:`oxtail.ports.Hosts.touch`."""
        for host_id in host_ids:
            if known := self._kept.get(host_id):
                self._kept[host_id] = (known[0], self._clock.now())

    def keep(self, host: RemoteHost, is_own: Callable[[str], bool]) -> tuple[str, ...]:
        """Keep what *host* says of itself; see :meth:`oxtail.ports.Hosts.keep`."""
        named = {each.session_id for each in host.sessions}
        stolen = {
            each
            for each in host.ids()
            if is_own(each) or self.host_of(each) not in (None, host.host_id)
        }
        own = tuple(
            each._replace(former=tuple(s for s in each.former if s not in stolen | named))
            for each in host.sessions
            if each.session_id not in stolen
        )
        self._kept[host.host_id] = (host._replace(sessions=own), self._clock.now())
        return tuple(sorted(stolen))

    def forget(self) -> None:
        """Forget nobody: it ends with the process."""

    def trouble(self) -> str | None:
        """Return what keeps mail on this host now, or None."""
        return self.problem
