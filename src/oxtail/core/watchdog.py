"""What a waiter's own server does about a question that nobody has answered.

The rule: facts in, verdict out.  A pending ask is looked at once in a while; whoever was asked is
woken again only if the question was not shown to it, it had time, and it was not woken too often.
``docs/concepts.md`` says why; ``docs/reference/settings.md`` lists the settings.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from oxtail.core.names import is_message_id
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

IDS_SHOWN: Final = 5
"""How many ids a reminder spells out."""


class Verdict(enum.Enum):
    """What becomes of one pending ask now; the first that applies, in this order."""

    ANSWERED = "answered"
    """The answer is in the ledger of the asker: the record goes."""

    TARGET_GONE = "target_gone"
    """Whoever was asked does not run, or cannot be told from others: nothing can be done."""

    SHOWN = "shown"
    """The question was shown; whoever has seen it is not pressed."""

    HELD = "held"
    """The target's policy holds it: only a person lets it through."""

    YOUNG = "young"
    """There was not much time yet."""

    GAVE_UP = "gave_up"
    """It was woken often enough."""

    WAKE = "wake"
    """It is to be woken, if no other waiter wakes it now."""


class Facts(Value):
    """What the decision rests on.

    Attributes:
        answered: Whether the asker's ledger holds the answer.
        reachable: Whether whoever was asked runs.
        shown: Whether there is a receipt for the question.
        held: Whether it lies where a person has to let it through.
        age: Seconds since somebody last waited on it.
        attempts: How often its target was woken for it since.
        grace: Seconds before the first wake.
        cap: Most wakes.
    """

    answered: bool
    reachable: bool
    shown: bool
    held: bool
    age: float
    attempts: int
    grace: float
    cap: int


def decide(facts: Facts) -> Verdict:
    """Return what to do about one pending ask; every combination of facts has a verdict."""
    if facts.answered:
        return Verdict.ANSWERED
    if not facts.reachable:
        return Verdict.TARGET_GONE
    if facts.shown:
        return Verdict.SHOWN
    if facts.held:
        return Verdict.HELD
    if facts.age < facts.grace:
        return Verdict.YOUNG
    if facts.attempts >= facts.cap:
        return Verdict.GAVE_UP
    return Verdict.WAKE


def reminder(ids: Sequence[str]) -> str:
    """Return the notice to a session whose work *ids* is overdue; it holds no peer's words."""
    shown = [each for each in ids if is_message_id(each)][:IDS_SHOWN]
    count = "1 piece of work is" if len(ids) == 1 else f"{len(ids)} pieces of work are"
    named = ", ".join(shown) + (", ..." if len(ids) > len(shown) else "")
    return (
        f"[oxtail] {count} overdue in this session ({named}). my_open_work shows what was asked; "
        "complete_work or block_work ends it. A notice of the oxtail server, not of the user."
    )
