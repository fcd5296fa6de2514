"""What an argument and a verb are, and the arguments that several verbs share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable


class Argument(Value):
    """One argument of a verb.

    Attributes:
        name: What the verb finds it under.
        help: What it is for.
        flag: ``--word`` for an option; None for an argument that is known by its place.
        value: What help calls its value; None for an option without one.
        choices: The only values it takes, if any.
        convert: Makes the value from the text; raises ValueError with what it must be.
        default: The value where it is left out.
        many: Whether it takes all words that are left, at least one.
        repeat: Whether an option may be given several times; its value is a list then.
        optional: Whether a place may stay empty.
        unless: The name of an option that stands for this place.
        short: A second, shorter spelling of *flag*.
        field: What errors call it, where that is not *name*.
    """

    name: str
    help: str
    flag: str | None = None
    value: str | None = None
    choices: tuple[str, ...] = ()
    convert: Callable[[str], Any] = str
    default: Any = None
    many: bool = False
    repeat: bool = False
    optional: bool = False
    unless: str | None = None
    short: str | None = None
    field: str | None = None

    @property
    def label(self) -> str:
        """How help and docs write it."""
        value = "|".join(self.choices) or self.value
        flag = f"{self.flag}/{self.short}" if self.short else self.flag
        return " ".join(part for part in (flag, value) if part)

    @property
    def usage(self) -> str:
        """How the line of the usage writes it."""
        if not (self.flag or self.optional or self.unless):
            return self.label
        return f"[{self.label}]{'...' if self.repeat else ''}"


class Verb(Value):
    """One verb.

    Attributes:
        summary: A line for the list of verbs.
        promise: What the caller may rely on.
        arguments: What it takes.
        module: The module of :mod:`oxtail.cli` that carries it out; the one of its own name, unless
            it shares one.
    """

    summary: str
    promise: str
    arguments: tuple[Argument, ...] = ()
    module: str | None = None


def positive_number(text: str) -> int:
    """Return the number that *text* spells; ValueError says what it must be."""
    # Digits of other scripts, blanks and underscores are numbers to int(), and typing errors here.
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10) or int(text) < 1:
        raise ValueError("must be a positive number")
    return int(text)


def seconds(text: str) -> float:
    """Return the seconds that a wait may last; ValueError says what it must be."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 300:
        raise ValueError("must be a number of seconds, more than 0 and at most 300")
    return value


STAGES: Final = ("shown", "in_context", "answered")
"""What a sender can wait for; a test compares it with what there is."""

WAIT_SECONDS: Final = 60.0
WAIT_MAX_SECONDS: Final = 86_400.0


def stage_and_seconds(text: str) -> tuple[str, float]:
    """Return what to wait for and how long at most, from ``STAGE`` or ``STAGE:SECONDS``.

    Raises:
        ValueError: it is neither.
    """
    stage, has_time, time = text.partition(":")
    try:
        longest = float(time) if has_time else WAIT_SECONDS
    except ValueError:
        longest = 0.0
    if stage not in STAGES or not 0 < longest <= WAIT_MAX_SECONDS:
        raise ValueError(f"must be one of {', '.join(STAGES)}, or that with :SECONDS behind it")
    return stage, longest


JSON: Final = Argument("json", "print one JSON object instead of text", "--json")
AS: Final = Argument(
    "session_id", "act as the session ID; without it OXTAIL_SESSION_ID counts", "--as", "ID"
)
PROJECT: Final = Argument(
    "project", "the project at PATH instead of the current folder's", "--project", "PATH"
)
TARGET: Final = Argument(
    "target", "a session id, a chosen name or a tmux session name", value="TARGET"
)
BODY: Final = Argument(
    "body",
    "the text, its words joined by spaces; a single - reads it from standard input",
    value="BODY...",
    many=True,
)
MESSAGE: Final = Argument("message_id", "the id of a message: 16 hex digits", value="MESSAGE_ID")
FORCE: Final = Argument("force", "act for the session although it is running elsewhere", "--force")
WAKE: Final = Argument(
    "wake",
    "auto: wake the receiver if it is idle; off: never; else the usual rules",
    "--wake",
    choices=("auto", "off"),
)
DRY_RUN: Final = Argument("dry_run", "show the changes as a diff and write nothing", "--dry-run")
CLIENT: Final = Argument(
    "client",
    "only this client; without it, each that is on this machine",
    "--client",
    choices=("claude", "codex"),
)
YES: Final = Argument("yes", "let Codex trust the hooks without asking", "--yes")
