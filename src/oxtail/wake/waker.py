"""Opening the doors of a peer; implements :class:`oxtail.ports.Waker`.

Whether a peer may be woken is decided elsewhere (:mod:`oxtail.core.wake`).  Here the doors are
tried in order, and no peer is woken twice within a short time by this process.
"""

from __future__ import annotations

from _thread import allocate_lock
from typing import TYPE_CHECKING, Final, Protocol

from oxtail.core import wake
from oxtail.core.value import Value
from oxtail.errors import OxtailError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oxtail.core.entry import Entry
    from oxtail.trace import Trace

STAMPS_MAX: Final = 256
"""How many woken peers are remembered before old ones are forgotten."""

STAMP_WINDOWS: Final = 10
"""After how many debounce windows a stamp is old; more than one, so that sweeps are rare."""


class Refusal(Value):
    """Why a door was not gone through, though it may lead to the session.

    Attributes:
        reason: One of :data:`oxtail.core.wake.REFUSALS`.
        status: The wake status if no other door opens.
        members: Further members of the trace event.
    """

    reason: str
    status: str = wake.SKIPPED_NO_TARGET
    members: tuple[tuple[str, object], ...] = ()


class Woken(Value):
    """What a wake came to: its status, and the reason of a wake that was not carried out."""

    status: str
    reason: str | None = None


class Door(Protocol):
    """One way to bring a nudge into a session that is not looking."""

    name: str

    def open(self, entry: Entry) -> bool | Refusal | None:
        """Try to nudge the session of *entry*.

        Returns:
            True if the nudge arrived, False if it went out and nothing proves that it arrived,
            None if this door does not lead to this session, a refusal if it may not be used now.

        Raises:
            OxtailError: the door is there and did not open; the next one is tried.
            OSError: as above.
        """
        ...


class LateDoor:
    """A door that is built when it is first tried, because most processes wake nobody.

    Args:
        name: The name of the door.
        build: Returns the door.
        leads_to: Tells from its entry whether a peer could be behind this door at all.
        otherwise: What is said of a peer that cannot.
    """

    def __init__(
        self,
        name: str,
        build: Callable[[], Door],
        *,
        leads_to: Callable[[Entry], bool] = lambda _entry: True,
        otherwise: Refusal | None = None,
    ) -> None:
        self.name = name
        self._build = build
        self._leads_to = leads_to
        self._otherwise = otherwise
        self._door: Door | None = None

    def open(self, entry: Entry) -> bool | Refusal | None:
        """As the door itself, which is not even built for a peer that it cannot lead to."""
        if not self._leads_to(entry):
            return self._otherwise
        if self._door is None:
            self._door = self._build()
        return self._door.open(entry)


class DoorWaker:
    """Wakes a peer through the first of its doors that opens.

    Args:
        strategy: ``auto``, ``legacy`` or ``off``.
        trace: Told what was done and why not (``ask_peer_wake_*``).
        monotonic: Seconds that never run backwards.
        debounce_ms: Least time between wakes of one peer by this process.
        doors: What is tried, best first.
    """

    def __init__(
        self,
        strategy: str,
        trace: Trace,
        *,
        monotonic: Callable[[], float],
        debounce_ms: int,
        doors: Sequence[Door],
    ) -> None:
        self._strategy = strategy
        self._trace = trace
        self._monotonic = monotonic
        self._window = debounce_ms / 1000
        self._doors = tuple(doors)
        self._lock = allocate_lock()
        self._stamps: dict[str, float] = {}

    def wake(self, entry: Entry) -> str:
        """Try to wake the session of *entry*; return the wake status.  Never raises.

        Returns:
            ``disabled``, ``skipped_debounced``, ``fired``, ``fired_unconfirmed``,
            ``skipped_no_target``, or what the last door gave as the status of its refusal.
        """
        return self.try_to_wake(entry).status

    def try_to_wake(self, entry: Entry) -> Woken:
        """As :meth:`wake`, with the reason of a wake that was not carried out."""
        session_id = entry.session_id
        if self._strategy == "off":
            return self._skip(Refusal(wake.STRATEGY_OFF, wake.DISABLED), entry)
        if session_id and not self._stamp(session_id):
            return self._skip(Refusal(wake.DEBOUNCED, wake.SKIPPED_DEBOUNCED), entry)
        refusal = Refusal(wake.NO_DOOR)
        for door in self._doors:
            arrived = self._open(door, entry)
            if isinstance(arrived, Refusal):
                refusal = arrived
            elif arrived is not None:
                self._trace("ask_peer_wake_fired", target=session_id, door=door.name)
                return Woken(wake.FIRED if arrived else wake.FIRED_UNCONFIRMED)
        if session_id:
            with self._lock:
                self._stamps.pop(session_id, None)  # nothing was fired, so nothing is too soon
        return self._skip(refusal, entry)

    def _skip(self, refusal: Refusal, entry: Entry) -> Woken:
        self._trace(
            "ask_peer_wake_skipped",
            reason=refusal.reason,
            target_session_id=entry.session_id,
            target_server_pid=entry.server_pid,
            **dict(refusal.members),
        )
        return Woken(refusal.status, refusal.reason)

    def _open(self, door: Door, entry: Entry) -> bool | Refusal | None:
        try:
            return door.open(entry)
        except (OxtailError, OSError) as error:
            self._trace(
                "ask_peer_wake_failed", target=entry.session_id, door=door.name, error=str(error)
            )
            return None

    def _stamp(self, session_id: str) -> bool:
        """Note that *session_id* is woken now; False if it was a moment ago."""
        now = self._monotonic()
        with self._lock:
            before = self._stamps.get(session_id)
            if before is not None and 0 <= now - before < self._window:
                return False
            self._stamps.pop(session_id, None)  # so that the newest stamp is the last one
            self._stamps[session_id] = now
            if len(self._stamps) > STAMPS_MAX:
                self._forget(now)
            return True

    def _forget(self, now: float) -> None:
        oldest_kept = now - STAMP_WINDOWS * self._window
        kept = [(key, at) for key, at in self._stamps.items() if at >= oldest_kept]
        self._stamps = dict(kept[-STAMPS_MAX:])
