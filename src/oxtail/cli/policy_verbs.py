"""The verb about policies; data, as all verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.cli.argument import Argument, Verb

if TYPE_CHECKING:
    from collections.abc import Mapping

VERBS: Final[Mapping[str, Verb]] = {
    "policy": Verb(
        "say whose mail a session or a project accepts, holds or refuses",
        "Without DO, shows the rules. accept, hold, refuse and remove change the rule about WHO; "
        "of a session's rules and its project's the session's decide first, and everybody without "
        "a rule is accepted. Held mail is stored and shown to nobody: held lists that of a "
        "session, or without one that of the whole project, and release lets it through. Answers "
        "to open questions and results of work are never held or refused.",
        (
            Argument(
                "do",
                "what to do",
                value="DO",
                choices=("accept", "hold", "refuse", "remove", "held", "release"),
                optional=True,
            ),
            Argument(
                "who",
                "a session id, a chosen name, a folder of a project, or * for everybody",
                value="WHO",
                optional=True,
            ),
            Argument(
                "project",
                "the rules of the project at PATH in place of the session's; with held, its mail",
                "--project",
                "PATH",
            ),
            Argument("sender", "with held and release: only mail of WHO", "--from", "WHO"),
            Argument("everywhere", "with held: all projects", "--all"),
        ),
    ),
}
