"""The life of delegated work, from the delegation to its one end.

The rule: work ends exactly once.  Whoever closes it first records that it is being closed, with the
result; from then on the end is decided, and whatever dies in between is finished by the next one.
The table below is that life; the diagram in ``docs/states.md`` is made from it.

On disk peers of other kinds know two ends, ``done`` and ``blocked``.  Work that was declined is
``blocked`` to them, work that was handed on is ``done``; a member of ours beside it says which.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final

from oxtail.core.life import diagram, step
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeGuard

    from oxtail.core.envelope import Envelope

NOTE_MAX_UNITS: Final = 280
"""UTF-16 units of the result that stay with closed work; the same number in every peer."""

DUE_MAX_SECONDS: Final = 30 * 86_400
"""Farthest deadline: what is due later than in a month is not work for a running session."""


class State(enum.Enum):
    """Where a piece of work stands."""

    OPEN = "open"
    """It is in the ledger of the one who owes it."""

    CLOSING = "closing"
    """Its result is recorded, and perhaps not yet delivered; nothing else can end it now."""

    DONE = "done"
    """Its requester has the result."""

    BLOCKED = "blocked"
    """Its requester knows why it could not be done."""

    DECLINED = "declined"
    """Its requester knows that it will not be done, and why."""

    REASSIGNED = "reassigned"
    """Another session owes it now, and its requester knows which."""


class Event(enum.Enum):
    """What can happen to a piece of work."""

    BEGUN = "begun"
    """Its owner has recorded how it ends."""

    COMPLETED = "completed"
    """The result is delivered, and the ledger says so."""

    GIVEN_UP = "given_up"
    """The reason why it is blocked is delivered, and the ledger says so."""

    REFUSED = "refused"
    """The reason why it is declined is delivered, and the ledger says so."""

    HANDED_ON = "handed_on"
    """It is in the ledger of another session, its requester was told, and this ledger says so."""


TRANSITIONS: Final[Mapping[tuple[State, Event], State]] = {
    (State.OPEN, Event.BEGUN): State.CLOSING,
    (State.CLOSING, Event.COMPLETED): State.DONE,
    (State.CLOSING, Event.GIVEN_UP): State.BLOCKED,
    (State.CLOSING, Event.REFUSED): State.DECLINED,
    (State.CLOSING, Event.HANDED_ON): State.REASSIGNED,
    # Servers of npm peers record no intent.
    (State.OPEN, Event.COMPLETED): State.DONE,
    (State.OPEN, Event.GIVEN_UP): State.BLOCKED,
}

FIRST: Final = State.OPEN

ENDS: Final = frozenset(State) - {state for state, _ in TRANSITIONS}
"""States that nothing leads out of."""

_ENDINGS: Final = {
    after: event for (before, event), after in TRANSITIONS.items() if before is State.CLOSING
}
"""How work that is being closed comes to each of its ends."""

_ON_DISK: Final = {
    State.DONE: ("done", None),
    State.BLOCKED: ("blocked", None),
    State.DECLINED: ("blocked", "declined"),
    State.REASSIGNED: ("done", "reassigned"),
}
_FROM_DISK: Final = {written: state for state, written in _ON_DISK.items()}

_PREFIXES: Final = {State.BLOCKED: "[blocked] ", State.DECLINED: "[declined] "}


def advance(state: State, event: Event) -> State:
    """Return the state that *event* leads to from *state*.

    Raises:
        ValueError: *event* cannot happen in *state*; nothing has changed.
    """
    return step(TRANSITIONS, state, event, "work")


def is_end(outcome: State | None) -> TypeGuard[State]:
    """Tell whether work can be closed as *outcome*."""
    return outcome in _ENDINGS


def begun(owed: Owed) -> Owed:
    """Return *owed* as it stands once the intent to close it is recorded.

    Raises:
        ValueError: it cannot be closed from where it stands.
    """
    return owed._replace(state=advance(owed.state, Event.BEGUN))


def state_diagram() -> str:
    """Return the table as a Mermaid state diagram, without a last newline."""
    return diagram(TRANSITIONS, FIRST, ENDS)


class Owed(Value):
    """A message in the ledger of the one who received it, and its standing as work.

    Attributes:
        session_id: Who owes it: the session whose ledger it is in.
        message: The delegation, without its outcome; its id names the work.
        is_work: Whether it is work at all.
        state: Where it stands.
        closed_at: When it was closed, in unix seconds; None while it has not ended.
        note: What was said at its end, shortened.
        to: Who owes it since, where it was reassigned.
    """

    session_id: str
    message: Envelope
    is_work: bool
    state: State
    closed_at: int | None = None
    note: str | None = None
    to: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing can change its state any more."""
        return self.state in ENDS

    def is_overdue(self, now: float) -> bool:
        """Tell whether it should have ended by *now*, in unix seconds, and has not."""
        deadline = self.message.deadline
        return self.is_work and not self.has_ended and deadline is not None and deadline <= now


class Closing(Value):
    """The intent to close a piece of work, with all that it takes to carry it out.

    Attributes:
        session_id: Who owes it: the session whose ledger it is in.
        message_id: Which work.
        outcome: The state that it ends in.
        body: What is delivered: the result, the reason, or the work itself where it is handed on.
        at: When it was begun, in unix seconds.
        target: Who takes it over, where it is reassigned.
        requester: Who gave it and gets the result; None if it named nobody.
        request_id: The request that the result answers, if any.
        note: What the requester is told where the work is handed on.
        deadline: When it is due, in unix seconds, if it has a deadline.
    """

    session_id: str
    message_id: str
    outcome: State
    body: str
    at: int
    target: str | None = None
    requester: str | None = None
    request_id: str | None = None
    note: str | None = None
    deadline: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What names the work: its owner and its message."""
        return self.session_id, self.message_id


def spoken(outcome: State, text: str) -> str:
    """Return the body that tells the requester of *outcome*: *text*, marked unless it is done."""
    return _PREFIXES.get(outcome, "") + text


def note_of(text: str) -> str:
    """Return the beginning of *text* that stays with closed work: at most 280 UTF-16 units."""
    if len(text) * 2 <= NOTE_MAX_UNITS or (text.isascii() and len(text) <= NOTE_MAX_UNITS):
        return text
    kept, room = [], NOTE_MAX_UNITS
    for character in text[:NOTE_MAX_UNITS]:
        room -= 2 if ord(character) > 0xFFFF else 1
        if room < 0:
            break
        kept.append(character)
    return "".join(kept)


def outcome_to_dict(closing: Closing) -> dict[str, Any]:
    """Return the member ``obligation`` that ends the work of *closing* in its ledger.

    Raises:
        ValueError: work cannot be closed as the outcome of *closing*.
    """
    if not is_end(closing.outcome):
        raise ValueError(f"work cannot be closed as {closing.outcome.value}")
    state, ours = _ON_DISK[advance(State.CLOSING, _ENDINGS[closing.outcome])]
    members: dict[str, Any] = {"state": state, "at": closing.at}
    if note := note_of(closing.note or closing.body):
        members["note"] = note
    if ours:
        members["outcome"] = ours
    if closing.target:
        members["to"] = closing.target
    return members


def closed(owed: Owed, outcome: object) -> Owed:
    """Return *owed* as the member ``obligation`` of its line says that it ended.

    Whatever is there, the work has ended: peers of every kind count it so.  An outcome that is none
    counts as done.
    """
    members = outcome if isinstance(outcome, dict) else {}
    state, at, note = members.get("state"), members.get("at"), members.get("note")
    ours, to = members.get("outcome"), members.get("to")
    word = "blocked" if state == "blocked" else "done"
    known = _FROM_DISK.get((word, ours if isinstance(ours, str) else None), _FROM_DISK[word, None])
    is_time = isinstance(at, (int, float)) and not isinstance(at, bool) and 0 <= at < 2**53
    return owed._replace(
        state=known,
        closed_at=int(at) if at is not None and is_time else None,
        note=note_of(note) if isinstance(note, str) and note else None,
        to=to if known is State.REASSIGNED and isinstance(to, str) and to else None,
    )


def ended(owed: Owed) -> Closing:
    """Return the closing that work which has ended once had, as far as its ledger tells."""
    message = owed.message
    return Closing(
        session_id=owed.session_id,
        message_id=message.id,
        outcome=owed.state,
        body=owed.note or "",
        at=owed.closed_at or 0,
        target=owed.to,
        requester=message.from_session_id,
        request_id=message.request_id,
    )


def is_end_of(closing: Closing, owed: Owed) -> bool:
    """Tell whether the end that work has in its ledger is the one that *closing* means."""
    note = note_of(closing.note or closing.body) or None
    meant = (closing.outcome, note, closing.target, closing.at)
    return meant == (owed.state, owed.note or None, owed.to, owed.closed_at)
