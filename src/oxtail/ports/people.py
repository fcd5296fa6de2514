"""Who is running, where, and who sits behind this server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from oxtail.core.arrival import Arrived
    from oxtail.core.census import Census
    from oxtail.core.detected import Detected
    from oxtail.core.entry import Entry, Known
    from oxtail.core.presence import Marker
    from oxtail.core.remote import Neighbor, RemoteHost
    from oxtail.core.scope import Place


class Projects(Protocol):
    """Which project a folder belongs to."""

    def place(self, path: str) -> Place:
        """Return the place of *path*; a path that cannot be resolved is its own place."""

    def key(self, path: str) -> str | None:
        """Return what the repository of *path* is called between hosts, or None if it has no name.

        32 hex digits; see :func:`oxtail.core.repository.project_key`.  Sessions may have another
        name for their project: :func:`oxtail.app.locate.project_key`.
        """


class Registry(Protocol):
    """Who is running."""

    def publish(self, entry: Entry) -> None:
        """Make *entry* visible; the old one of this process is replaced in one step.

        The entry is published before anything of dead siblings is collected.
        """

    def withdraw(self) -> None:
        """Remove this process's entry; its session stays known."""

    def entries(self) -> tuple[Entry, ...]:
        """Return the live entries; of several for one session only the freshest."""

    def census(self) -> Census:
        """Return all entries with what is known of their processes, and all known sessions.

        What is damaged stays where it is.

        Raises:
            StoreError: the entries cannot be listed.
        """

    def answering(self, target: str) -> tuple[Entry, ...]:
        """Return those of :meth:`entries` whose id, name or tmux session is *target*.

        Costs less: only these are asked whether they live.
        """

    def live(self, pid: int) -> Entry | None:
        """Read the entry of *pid* anew, or None if it is gone, dead, or another process now."""

    def pids_of(self, session_id: str) -> tuple[int, ...]:
        """Return the processes, live or dead, whose entries name *session_id*, oldest first."""

    def remember(self, known: Known) -> None:
        """Keep *known* as a session that may come back."""

    def known(self) -> tuple[Known, ...]:
        """Return the sessions that may come back, whether they run or not."""

    def holder(self, session_id: str) -> Entry | None:
        """Return the live entry of another process tree that holds *session_id*, or None."""


class Detection(Protocol):
    """Ways to learn who sits behind this server without asking."""

    def client_type(self, client_name: str | None) -> str:
        """Return the client's type from the name in its handshake, else from the environment."""

    def from_env(self, client_type: str) -> Detected | None:
        """Return the session that the environment names; costs nothing."""

    def detect(self, entry: Entry, trigger: str) -> Detected | None:
        """Run the whole ladder for *entry* and trace it as *trigger*; may start processes."""

    def is_hopeless(self) -> bool:
        """Tell whether the last :meth:`detect` found nothing and never will."""

    def diagnose(self, entry: Entry) -> dict[str, Any]:
        """Return ``per_strategy``, ``winning`` and ``next_step`` for whoever wants to know why."""

    def recover(self, entry: Entry) -> Detected | None:
        """Return the identity that an earlier server of the same client claimed."""

    def remember(self, entry: Entry) -> None:
        """Keep the identity of *entry* for a server that is restarted; failures are traced."""

    def signature(self) -> str:
        """Return what ``ps`` says about the start of this process, or an empty string."""


class Presence(Protocol):
    """Busy and idle markers, written by hooks."""

    def read(self, session_id: str) -> Marker | None:
        """Return the marker of *session_id*, or None."""

    def write(self, session_id: str, state: str) -> None:
        """Say that *session_id* is ``busy`` or ``idle`` from now on.

        Raises:
            StoreError: the disk refused; the old marker stands.
        """

    def clear(self, session_id: str) -> None:
        """Remove the marker of *session_id*, if there is one.

        Raises:
            StoreError: it is there and cannot be removed.
        """


class Hosts(Protocol):
    """Other hosts and their sessions, as they describe themselves."""

    def are_known(self) -> bool:
        """Tell whether there may be other hosts at all; costs one look.  Never raises."""

    def hosts(self) -> tuple[str, ...]:
        """Return the ids of the hosts that are known."""

    def neighbors(self) -> tuple[Neighbor, ...]:
        """Return the sessions of other hosts; what is damaged is set aside and left out."""

    def host_of(self, session_id: str) -> str | None:
        """Return the host that a session belongs to, also by a former id, or None."""

    def is_of(self, host_id: str, session_id: str) -> bool:
        """Tell whether a session belongs to *host_id*, also by a former id.

        Costs the same however many hosts there are.
        """

    def ids_of(self, session_id: str) -> tuple[str, ...]:
        """Return all ids of the session of another host that goes or went by *session_id*.

        The one that it goes by now is the first; there are none where nobody is known by it.
        """

    def touch(self, host_ids: Collection[str]) -> None:
        """Keep that these hosts are there, as they last described themselves.

        One that is not known stays so.

        Raises:
            StoreError: the disk refused.
        """

    def keep(self, host: RemoteHost, is_own: Callable[[str], bool]) -> tuple[str, ...]:
        """Keep what *host* says of itself; return the ids it claims that are not its own.

        *is_own* tells whether a session belongs to this host.

        Raises:
            StoreError: the disk refused.
        """

    def forget(self) -> None:
        """Remove hosts that have not been heard of for a week."""

    def trouble(self) -> str | None:
        """Return what keeps mail on this host now, as far as its carrier has said, or None."""


class Arrivals(Protocol):
    """Mail that came from other hosts, and what its senders have been told; the carrier's own."""

    def keep(self, arrived: Arrived) -> None:
        """Keep *arrived* in place of what was kept of the same message.

        Raises:
            StoreError: the disk refused.
        """

    def all(self) -> tuple[Arrived, ...]:
        """Return what is kept, in no order."""

    def get(self, message_id: str) -> Arrived | None:
        """Return what is kept of one message, or None."""

    def forget(self, message_id: str) -> None:
        """Forget a message; its sender is told no more of it."""

    def set_aside(self, data: bytes, problem: str) -> None:
        """Keep *data*, which nobody can use, for a person to look at.

        Raises:
            StoreError: the disk refused.
        """


class Doorstep(Protocol):
    """Which boxes belong to a session, for hooks that cannot work it out."""

    def place(self, session_id: str, boxes: Collection[str]) -> None:
        """Say that mail for *session_id* lies in *boxes* and nowhere else.  Never raises."""
