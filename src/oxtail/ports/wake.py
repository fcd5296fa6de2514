"""Ways to make a session look at its mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from oxtail.core.entry import Entry
    from oxtail.core.offer import Offer


class WakeRecords(Protocol):
    """What keeps automatic wakes rare, shared by all processes."""

    def claim_reply_wake(self, session_id: str, reply_to: str) -> str | None:
        """Claim the one automatic wake that this reply may cause.

        Returns:
            None if the caller won, else the wake status that says why not: ``skipped_deduped``,
            ``skipped_rate_limited`` or ``skipped_store_error``.
        """

    def stamp(self, session_id: str, reply_to: str) -> None:
        """Record an automatic wake that needs no permission; never raises."""

    def claim_waiters_wake(self, session_id: str) -> bool:
        """Claim the next wake of *session_id* by anybody who waits for it; never raises.

        True for one of all who try within a while; False also if that cannot be decided.
        """

    def wish(self, session_id: str, message_id: str, sender: str | None) -> None:
        """Ask the own server of *session_id* to wake it for *message_id*; never raises.

        For a peer whose server looks at such records; the first wish for a message counts.
        """

    def is_operator_too_soon(self, session_id: str) -> bool:
        """Tell whether an operator woke *session_id* a moment ago; never raises.

        What cannot be read is no reason to hold a wake back.
        """

    def stamp_operator(self, session_id: str) -> None:
        """Record that an operator has woken *session_id* now; never raises."""

    def claim_reminder(self, message_id: str, deadline: int) -> bool:
        """Claim the one reminder that work is past *deadline*; never raises.

        True for one of all who try; False also if that cannot be decided.
        """


class Waker(Protocol):
    """Something that can make an idle session look at its mail.  A wake is a hint."""

    def wake(self, entry: Entry) -> str:
        """Try to wake the session of *entry*; return the wake status.  Never raises."""


class OwnDoor(Protocol):
    """A way in which a session's own server brings a text in front of its client."""

    name: str

    def is_available(self) -> bool:
        """Tell whether an offer has a chance now; starts no process and connects to nothing."""

    def offer(self, text: str) -> Offer:
        """Hand *text* to the client, within a bounded time.  Never raises.

        Clients drop a text that they have seen a moment ago, so *text* names the ids of the
        messages that it is about.
        """
