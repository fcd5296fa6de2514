"""What is known of one message: stages in an order, each with its proof.

The rule: a stage is reported only where something on disk proves it, and a proof is written only
after what it proves.  No stage is concluded from an earlier one, so a later stage may be proved
where an earlier one is not: a peer that writes no receipts can still answer.  The tables below are
those of ``docs/formats/evidence.md``.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final

from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TRANSCRIPT_MAX_CHARS: Final = 4_096
"""Longest path of a transcript that is believed; no system opens a longer one."""

LINE_LIMIT: Final = 2**53
"""The number of a line is below this; peers count no further without gaps."""


class Stage(enum.Enum):
    """How far a message has come, or how its way has ended."""

    STORED = "stored"
    """It was committed to the receiver's box and ledger, synced."""

    CARRIED = "carried"
    """The server between the hosts keeps it, on its way to the receiver's host."""

    OFFERED = "offered"
    """A door has taken a notice of it for the receiver's client."""

    SHOWN = "shown"
    """It was handed over: the output was written, then acknowledged."""

    IN_CONTEXT = "in_context"
    """It stands in the receiver's own transcript."""

    ANSWERED = "answered"
    """The receiver has sent a message that answers it."""

    HELD = "held"
    """The receiver's policy keeps it back until a person releases it."""

    REFUSED = "refused"
    """The receiver's policy keeps it out."""

    EXPIRED = "expired"
    """It waited longer than mail is kept, and was set apart."""


class Meaning(Value):
    """What a stage rests on.

    Attributes:
        rank: Its place in the order; of several stages with a proof the highest is the status.
        proof: What proves it.
        writer: Who writes the proof.
    """

    rank: int
    proof: str
    writer: str


STAGES: Final[Mapping[Stage, Meaning]] = {
    Stage.STORED: Meaning(1, "the sender's record, made after the commit", "the sender"),
    Stage.CARRIED: Meaning(2, "`evidence/r-<id>`", "the carrier of the sender's host"),
    Stage.OFFERED: Meaning(3, "`evidence/o-<id>`", "whoever used the door"),
    # An end outranks what came before it.  What is shown has left the held and the expired mail.
    Stage.HELD: Meaning(
        4, "the message in the box of held mail", "the sender, or whoever looks first"
    ),
    Stage.EXPIRED: Meaning(5, "`evidence/e-<id>`", "the server that set it apart"),
    Stage.REFUSED: Meaning(6, "the error of the send; nothing is stored", "the sender"),
    Stage.SHOWN: Meaning(7, "`receipts/<id>`", "the reader, after its output is out"),
    Stage.IN_CONTEXT: Meaning(8, "`evidence/c-<id>`", "the receiver's server"),
    Stage.ANSWERED: Meaning(9, "the answer in the sender's ledger", "the receiver"),
}

ENDS: Final = frozenset((Stage.REFUSED, Stage.EXPIRED))
"""Stages after which nothing more is to come unless a person acts."""

UNKNOWN: Final = "unknown"
"""The status of a message of which there is no proof at all."""

AWAITABLE: Final = (Stage.SHOWN, Stage.IN_CONTEXT, Stage.ANSWERED)
"""Stages that a sender can wait for."""


class Offered(Value):
    """A message was offered to its receiver's client.

    Attributes:
        message_id: The message.
        door: Through which door.
        at: When, in unix seconds.
        attempt: The how manieth offer it was, from 1.
    """

    message_id: str
    door: str
    at: int
    attempt: int


class InContext(Value):
    """A message was found in the receiver's own transcript.

    Attributes:
        message_id: The message.
        transcript: Path of the transcript.
        line: Number of the line, from 1.
        at: When it was found, in unix seconds.
    """

    message_id: str
    transcript: str
    line: int
    at: int


class Elsewhere(Value):
    """What became of a message for a session on another host, as far as is known here.

    Attributes:
        message_id: The message.
        host: The host.
        stage: ``carried``, or what that host says of it.
        at: When, in unix seconds; by the clock of that host where it said so.
        reason: Why it was refused, or None.
    """

    message_id: str
    host: str
    stage: str
    at: int
    reason: str | None = None


FROM_ELSEWHERE: Final = (
    Stage.CARRIED,
    Stage.OFFERED,
    Stage.HELD,
    Stage.EXPIRED,
    Stage.REFUSED,
    Stage.IN_CONTEXT,
)
"""Stages that the record of another host proves; ``shown`` has a receipt, as on one host."""


def elsewhere_rank(stage: str) -> int:
    """Return the place of *stage* in the order, or 0 if such a record cannot prove it."""
    return next((STAGES[each].rank for each in FROM_ELSEWHERE if each.value == stage), 0)


class Proof(Value):
    """One piece of evidence.

    Attributes:
        stage: What it proves.
        at: When that was, in unix seconds; None where the proof does not say.
        facts: What else it says, in the order in which it is shown.
    """

    stage: Stage
    at: int | None
    facts: tuple[tuple[str, Any], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the members that apply."""
        members: dict[str, Any] = {"stage": self.stage.value}
        if self.at is not None:
            members["at"] = self.at
        return {**members, **dict(self.facts)}


def is_place(transcript: str, line: int) -> bool:
    """Tell whether a record may name this *line* of this *transcript*."""
    return 0 < len(transcript) <= TRANSCRIPT_MAX_CHARS and 0 < line < LINE_LIMIT


def furthest(proofs: Iterable[Proof]) -> Stage | None:
    """Return the stage that *proofs* amount to, or None without any."""
    return max((proof.stage for proof in proofs), key=lambda s: STAGES[s].rank, default=None)


def has_reached(wanted: Stage, proofs: Iterable[Proof]) -> bool:
    """Tell whether *wanted*, or a stage that lies behind it, is proved.

    *wanted* is one that can be awaited; all of them lie behind the ends.
    """
    stage = furthest(proofs)
    return stage is not None and STAGES[stage].rank >= STAGES[wanted].rank


def is_over(proofs: Iterable[Proof]) -> bool:
    """Tell whether nothing more is to come: the message was refused, or has expired unseen."""
    return furthest(proofs) in ENDS


def table() -> str:
    """Return the stages as a Markdown table, in their order, without a last newline."""
    lines = ["| stage | proved by | written by |", "|---|---|---|"]
    ordered = sorted(STAGES.items(), key=lambda item: item[1].rank)
    lines += [f"| `{stage.value}` | {m.proof} | {m.writer} |" for stage, m in ordered]
    return "\n".join(lines)
