"""One wait: a session is owed an answer, or the end of work, by another one."""

from __future__ import annotations

import enum

from oxtail.core.value import Value


class Standing(enum.Enum):
    """What can be expected of a session."""

    RUNNING = "running"
    """Its server runs, or a process of it waits for an answer now."""

    AWAY = "away"
    """It does not run; its mail is kept, and it may return."""

    GONE = "gone"
    """Nothing is known of it any more."""


class Kind(enum.Enum):
    """What a session waits for."""

    QUESTION = "question"
    """An answer to a question."""

    WORK = "work"
    """The end of work that it delegated."""


class Stage(enum.Enum):
    """Where that stands."""

    WAITING = "waiting"
    """A live process waits for the answer now; its session does nothing else."""

    PENDING = "pending"
    """Nobody waits on the question any more; a late answer pulls its asker back."""

    OPEN = "open"
    """The work is not finished."""

    CLOSING = "closing"
    """The work was ended, and its result is on the way."""

    HELD = "held"
    """The target's policy holds the message: a person has to let it through first."""


class Orphan(enum.Enum):
    """Why nobody will end a wait."""

    TARGET_AWAY = "target_away"
    """The one waited for does not run; it may still answer when it returns."""

    TARGET_GONE = "target_gone"
    """The one waited for is gone for good."""

    ASKER_GONE = "asker_gone"
    """Whoever waited is gone for good, so nobody takes the answer."""


class Wait(Value):
    """One session waits for another one.

    Attributes:
        waiter: Who waits.
        target: Who is waited for; None where an old record does not tell.
        kind: For what.
        stage: Where that stands.
        request_id: What the answer repeats, if there is one.
        message_id: The message that asked; for work it names the work.
        since: Unix seconds.
        deadline: When work is due, in unix seconds, or None.
        overdue: Whether that has passed.
        attempts: How often the waiter's own server has woken the target for it.
        orphan: Why nobody will end it, or None.
    """

    waiter: str
    target: str | None
    kind: Kind
    stage: Stage
    request_id: str | None
    message_id: str | None
    since: int
    deadline: int | None = None
    overdue: bool = False
    attempts: int = 0
    orphan: Orphan | None = None
