"""What a pane holds, what its screen asks for, and whether a new session is the one that was meant.

Rules of this file:

* Looks and registry entries go in, decisions come out; nothing is asked, typed or waited for.
* A screen never proves that an agent is up.  It only says that waiting is useless, and why.
* Doubt means: leave the pane alone.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Final

from oxtail.core.liveness import Life
from oxtail.core.plain import plain_lines
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from oxtail.core.census import Counted

CLOCK_SLACK_SECONDS: Final = 2.0
"""How much earlier than the launch an entry may say that it started: it cuts to whole seconds."""

DUMP_LINES: Final = 40
DUMP_MAX_CHARS: Final = 4_000
"""How much of a screen is shown to a person."""

QUESTION_ROWS: Final = 24
"""How many rows at the end of a screen are looked at for what it asks."""


class Look(Value):
    """One pane at one moment.

    Attributes:
        is_alive: Whether its process runs.
        command: The program that has its keys, as tmux names it.
        is_own: Whether the pane's own process has the keys, not a program that it started.
        has_shell: Whether that is so, and it is a shell.
        takes_keys: Whether keys would reach this pane, and only this one.
        asks: Whether something wants an answer before anything else.
        is_clear: Whether a client shows an empty input line.
        rows: What it shows.
    """

    is_alive: bool
    command: str
    is_own: bool
    has_shell: bool
    takes_keys: bool
    asks: bool
    is_clear: bool
    rows: tuple[str, ...] = ()


class Level(enum.Enum):
    """What a pane holds before anything is done to it."""

    GONE = "pane-gone"
    """There is no pane, or its process has ended."""

    HEALTHY = "healthy"
    """What we launched is there; it is left alone."""

    EMPTY = "empty"
    """A shell waits for a line."""

    STARTED = "started"
    """A pane that we made, and something runs in it that was never proven."""

    FOREIGN = "wrong-type"
    """Something runs in it that is not ours."""


def level_of(look: Look | None, *, managed: bool, made: bool, has_agent: bool) -> Level:
    """Return what a pane holds.

    Args:
        look: The pane, or None if there is none.
        managed: Whether it carries the mark of a confirmed launch of this fleet.
        made: Whether it was created for this fleet.
        has_agent: Whether the server of a live session provably runs below the pane.
    """
    if look is None or not look.is_alive:
        return Level.GONE
    if look.has_shell and not has_agent:
        return Level.EMPTY
    if managed:
        return Level.HEALTHY
    return Level.STARTED if made else Level.FOREIGN


_QUESTIONS: Final = {
    "hooks-prompt": r"hooks? needs? review",
    "trust-prompt": (
        r"accessing workspace|do you trust|trust (?:this|the) (?:folder|contents|files|directory)"
    ),
    "login": (
        r"sign in with|log ?in with|select login method|use this api key|run /login"
        r"|how you want to use codex"
    ),
    "first-start": r"let's get started|choose the text style",
    "update-prompt": r"update (?:now|available)|new version",
    "model-prompt": r"(?:select|choose) (?:a )?model|introducing|try new model",
    "permission-prompt": (
        r"do you want to|would you like to|allow .{0,80}\bto\b|requires? approval"
    ),
}
"""Words of each question that a client may ask before anything else; the first match counts."""

_PATTERNS: Final = tuple(
    (reason, re.compile(words, re.IGNORECASE)) for reason, words in _QUESTIONS.items()
)
_FIRST_START: Final = re.compile(
    r"\s*(?:let's get started\.|select login method:?)\s*", re.IGNORECASE
)

OTHER_PROMPT: Final = "prompt"
"""Something asks, and it is none of the questions that are known."""

ASKED: Final = {
    "hooks-prompt": "it asks whether it may run hooks; answer in its window, or run oxtail setup",
    "trust-prompt": "it asks whether this folder is trusted; answer in its window once",
    "login": "it wants you to log in; do so in its window once",
    "first-start": "it starts for the first time; go through its questions once",
    "update-prompt": "it asks about an update; answer in its window",
    "model-prompt": "it asks for a model; answer in its window",
    "permission-prompt": "it asks for permission; answer in its window",
    OTHER_PROMPT: "it asks something; answer in its window",
}
"""What a person is told about each question."""


def asks_at_start(rows: Sequence[str]) -> bool:
    """Tell whether a client asks one of the questions of its first start, which have no numbers."""
    return any(_FIRST_START.fullmatch(row) for row in rows)


def question_of(rows: Sequence[str]) -> str:
    """Return what a screen asks that is known to ask something: a key of :data:`ASKED`."""
    shown = [row for row in rows if row.strip()]
    text = " ".join(" ".join(shown[-QUESTION_ROWS:]).split())
    return next((reason for reason, words in _PATTERNS if words.search(text)), OTHER_PROMPT)


_SHELL_PROMPT: Final = re.compile(
    "(?:\\A|\\s|[\\]):~/\\w])[$#>\u276f\u00bb\u03bb\u279c]\\s*\\Z|(?:\\A|\\s)%\\s*\\Z"
)


def shows_prompt(rows: Sequence[str]) -> bool:
    """Tell whether the last row ends like the prompt of a shell; ``100%`` is none."""
    last = next((row for row in reversed(rows) if row.strip()), "")
    return _SHELL_PROMPT.search(last) is not None


def dump(rows: Iterable[str]) -> str:
    """Return what a pane shows, for people: clean, without its blank rows, and bounded."""
    clean = [row for row in plain_lines("\n".join(rows)).split("\n") if row.strip()]
    return "\n".join(clean[-DUMP_LINES:])[-DUMP_MAX_CHARS:]


def running_ids(counted: Iterable[Counted]) -> frozenset[str]:
    """Return the sessions that run."""
    return frozenset(
        each.entry.session_id
        for each in counted
        if each.life is Life.RUNNING and each.entry.session_id
    )


def newcomers(
    counted: Iterable[Counted],
    *,
    client_type: str,
    root: str,
    before: frozenset[str],
    since: float,
    real_path: Callable[[str], str],
) -> dict[int, str]:
    """Return the sessions that may be the launched one, by the process of their server.

    Args:
        counted: The registry.
        client_type: What was launched.
        root: The real path of the folder in which it was launched.
        before: The sessions that ran before the launch.
        since: When it was launched, unix seconds.
        real_path: Returns where a path leads.
    """
    return {
        each.entry.server_pid: each.entry.session_id
        for each in counted
        if each.life is Life.RUNNING
        and each.entry.session_id
        and each.entry.session_id not in before
        and each.entry.client.type == client_type
        and each.entry.started_at >= since - CLOCK_SLACK_SECONDS
        and real_path(each.entry.client.cwd) == root
    }
