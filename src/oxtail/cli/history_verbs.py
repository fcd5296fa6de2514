"""The verbs that look back; data, as all verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.cli.argument import PROJECT, Argument, Verb, positive_number

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMIT: Final = 50
"""Messages that are shown unless the caller says otherwise."""


def number(text: str) -> int:
    """Return the number that *text* spells, perhaps 0; ValueError says what it must be."""
    return 0 if text == "0" else positive_number(text)


_WHEN: Final = "a span such as 30m, 2h or 1d, or a time such as 2026-01-31T12:00"
_FILTERS: Final = (
    Argument("peer", "only what this session sent or received: an id or a name", "--peer", "WHO"),
    Argument("thread", "only what belongs with this message id or request id", "--thread", "ID"),
    Argument("since", f"nothing older: {_WHEN}", "--since", "WHEN"),
    Argument("until", f"nothing younger: {_WHEN}", "--until", "WHEN"),
    PROJECT,
    Argument("everywhere", "all projects, and sessions that are forgotten", "--all"),
)
_LIMIT: Final = Argument(
    "limit",
    f"show the newest N that match (default {LIMIT})",
    "--limit",
    "N",
    convert=number,
    default=LIMIT,
)

VERBS: Final[Mapping[str, Verb]] = {
    "log": Verb(
        "show the messages of the past",
        "Shows what the sessions of this project have received, oldest first, as far as their "
        "ledgers hold it: some 1000 messages each. Changes nothing. With --follow it goes on with "
        "each message that comes, until it is interrupted or its reader goes; with --json each "
        "message is then a line of its own.",
        (Argument("follow", "go on with what comes", "--follow"), *_FILTERS, _LIMIT),
    ),
    "search": Verb(
        "find messages of the past by their words",
        'All words must be in a message, in any order; "words in quotes" next to each other; '
        "begin* is the beginning of a word. Case and accents do not count. Uses an index of its "
        "own in the state folder; the answer is the same without it.",
        (*_FILTERS, _LIMIT, Argument("query", "what to look for", value="QUERY...", many=True)),
    ),
    "export": Verb(
        "write the messages of the past as Markdown",
        "Writes all that match, oldest first. FILE appears whole or not at all, readable by its "
        "user alone, and replaces nothing unless --force is given. With --json, FILE is needed.",
        (
            Argument("out", "where to; without it, to standard output", "--out", "PATH"),
            Argument("force", "replace the file if it is there", "--force"),
            *_FILTERS,
        ),
    ),
    "report": Verb(
        "write the fleet's history as one page of HTML",
        "Writes a page that needs no network and runs nothing of others: the fleet now, its "
        "trouble, a picture of who waits for whom, open work, a timeline of messages, waits and "
        "work, and the newest 2000 messages with a filter. At most 12 MiB; the page says what was "
        "left out. FILE appears whole or not at all, readable by its user alone, and replaces "
        "nothing unless --force is given. Changes nothing else.",
        (
            Argument("out", "where to; - is standard output", "--out", "PATH", short="-o"),
            Argument("force", "replace the file if it is there", "--force"),
            *_FILTERS,
        ),
    ),
}
