"""The verbs about delegated work, and what a send takes to delegate; data, as all verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.cli.argument import MESSAGE, PROJECT, TARGET, WAKE, Argument, Verb

if TYPE_CHECKING:
    from collections.abc import Mapping

DELEGATION: Final = (
    Argument(
        "action_required",
        "hand over work: the receiver owes it until it is closed",
        "--action-required",
    ),
    Argument(
        "due",
        "when the work is due: a span such as 30m, 2h or 1d, or a time such as 2026-01-31T12:00",
        "--due",
        "WHEN",
    ),
    Argument(
        "idempotency_key",
        "names the message in each try to send it, so that there is one however often it is sent",
        "--idempotency-key",
        "KEY",
    ),
)

_RESULT: Final = Argument(
    "body",
    "the result, its words joined by spaces; a single - reads it from standard input",
    value="RESULT...",
    many=True,
)
_REASON: Final = Argument(
    "body",
    "the reason, its words joined by spaces; a single - reads it from standard input",
    value="REASON...",
    many=True,
)
_MODULE: Final = "work"
_CLOSES: Final = "Exits with 0 once it is recorded how the work ends and its requester is sent it."

WORK_VERBS: Final[Mapping[str, Verb]] = {
    "work": Verb(
        "show work that is open: what a session owes, and what it waits for",
        "Without a session id, shows all that is open in the project. Changes nothing, but "
        "finishes what was left of an earlier closing.",
        (
            Argument("graph", "draw who waits for whom, and say what can never end", "--graph"),
            PROJECT,
            Argument("everywhere", "all projects", "--all"),
        ),
    ),
    "complete": Verb("close work as done", _CLOSES, (MESSAGE, _RESULT, WAKE), _MODULE),
    "block": Verb("close work that cannot be done", _CLOSES, (MESSAGE, _REASON, WAKE), _MODULE),
    "decline": Verb("close work that will not be done", _CLOSES, (MESSAGE, _REASON, WAKE), _MODULE),
    "reassign": Verb(
        "hand work on to another session",
        "The other session then owes it to the same requester, who is told.",
        (MESSAGE, TARGET, _REASON, WAKE),
        _MODULE,
    ),
}
