"""The life of a question, from asking to its answer.

The rule: a question ends exactly once, and as long as it has not ended, some record on disk leads
its answer back to the asker.  The table below is that life; the diagram in ``docs/states.md`` is
made from it.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from oxtail.core.life import diagram, step
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from oxtail.core.envelope import Envelope


class Ask(Value):
    """An open question: who asked whom, with which request, in which message.

    Attributes:
        session_id: The asker.
        request_id: What the answer repeats as ``reply_to``.
        target: The session asked.
        message_id: The message that carries the question.
        owner_epoch: ``started_at`` of the asker's server (unix seconds).
        at_ms: When it was asked, in unix milliseconds.
    """

    session_id: str
    request_id: str
    target: str
    message_id: str
    owner_epoch: int
    at_ms: int


class OpenAsk(Value):
    """An open question as others see it.

    Attributes:
        ask: The question.
        waited_on: Whether a process that is not provably dead waits for its answer now.
        since: What its age is counted from, in unix seconds: when it was asked, or when the last
            wait for it ended.
        attempts: How often the target was woken for it after that.
    """

    ask: Ask
    waited_on: bool
    since: float
    attempts: int = 0


class State(enum.Enum):
    """Where a question stands."""

    ASKING = "asking"
    """The waiting record is on disk; the message is not committed yet."""

    WAITING = "waiting"
    """The message is committed, and a live process waits for the answer."""

    PENDING = "pending"
    """Nobody waits any more; a late answer comes as ordinary mail and pulls the asker back."""

    ANSWERED = "answered"
    """The answer was handed to the one who waited."""

    COLLECTED = "collected"
    """The answer came late, as mail, and the asker was pulled back for it."""

    EXPIRED = "expired"
    """No answer came within the time that a pending ask is kept; a later one is plain mail."""

    DROPPED = "dropped"
    """Nothing leads an answer back: it was never sent, or its peer could not mark the answer."""


class Event(enum.Enum):
    """What can happen to a question."""

    COMMITTED = "committed"
    """The message is in the peer's box."""

    SEND_FAILED = "send_failed"
    """The message could not be committed."""

    ANSWERED = "answered"
    """The answer was found in the inbox and shown to the one who waits."""

    TIMED_OUT = "timed_out"
    """The wait is over."""

    CANCELLED = "cancelled"
    """The client no longer wants the answer, or it could not be shown."""

    ASKER_DIED = "asker_died"
    """The process that waited is provably dead."""

    GAVE_UP = "gave_up"
    """The wait is over, and the peer cannot mark its answers, so none could be matched."""

    LATE_ANSWER = "late_answer"
    """A sender delivers the answer to a question that nobody waits on."""

    TTL_PASSED = "ttl_passed"
    """The pending ask is too old."""


TRANSITIONS: Final[Mapping[tuple[State, Event], State]] = {
    (State.ASKING, Event.COMMITTED): State.WAITING,
    (State.ASKING, Event.SEND_FAILED): State.DROPPED,
    # Whether the message was committed cannot be known, so it counts as sent.
    (State.ASKING, Event.ASKER_DIED): State.PENDING,
    (State.WAITING, Event.ANSWERED): State.ANSWERED,
    (State.WAITING, Event.TIMED_OUT): State.PENDING,
    (State.WAITING, Event.CANCELLED): State.PENDING,
    (State.WAITING, Event.ASKER_DIED): State.PENDING,
    (State.WAITING, Event.GAVE_UP): State.DROPPED,
    # The host of a session elsewhere says only later that it does not take the question.
    (State.WAITING, Event.SEND_FAILED): State.DROPPED,
    # The asker looks once more after the pending ask is on disk, so no answer falls in between.
    (State.PENDING, Event.ANSWERED): State.ANSWERED,
    (State.PENDING, Event.LATE_ANSWER): State.COLLECTED,
    (State.PENDING, Event.TTL_PASSED): State.EXPIRED,
}

FIRST: Final = State.ASKING

ENDS: Final = frozenset(State) - {state for state, _ in TRANSITIONS}
"""States that nothing leads out of."""


WAITED_FOR: Final = frozenset((State.ASKING, State.WAITING))
"""States in which the asker itself still waits, or is about to: its waiting record is on disk."""


def advance(state: State, event: Event) -> State:
    """Return the state that *event* leads to from *state*.

    Raises:
        ValueError: *event* cannot happen in *state*; nothing has changed.
    """
    return step(TRANSITIONS, state, event, "a question")


def after_death() -> State:
    """Return where a question stands whose asker has died, and left a waiting record.

    The record is the same in every state that has one, so they all lead to the same.
    """
    (after,) = {advance(state, Event.ASKER_DIED) for state in WAITED_FOR}
    return after


def _itself(session_id: str) -> str:
    return session_id


def answers(
    envelope: Envelope, ask: Ask, *, strict: bool, heir: Callable[[str], str] = _itself
) -> bool:
    """Tell whether *envelope* answers *ask*.

    Args:
        envelope: A message in the asker's inbox.
        ask: The question.
        strict: Whether the peer marks its answers.  If it does not, any message from it counts,
            also one that it sent before it saw the question.
        heir: Returns the session id that another goes by now: a peer that was asked under one id
            may answer under the next.
    """
    sender = envelope.from_session_id
    if not ask.target or not sender:
        return False
    if not strict:
        return sender == ask.target
    if not ask.request_id or envelope.reply_to != ask.request_id:
        return False
    return sender == ask.target or heir(sender) == heir(ask.target)


def state_diagram() -> str:
    """Return the table as a Mermaid state diagram, without a last newline."""
    return diagram(TRANSITIONS, FIRST, ENDS)
