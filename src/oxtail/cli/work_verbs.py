"""The verbs about delegated work; data, as all verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.cli.argument import MESSAGE, PROJECT, TARGET, WAKE, Argument, Verb

if TYPE_CHECKING:
    from collections.abc import Mapping

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

VERBS: Final[Mapping[str, Verb]] = {
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
