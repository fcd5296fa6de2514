"""The verb that starts, changes and ends a fleet; data, as all verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.cli.argument import PROJECT, Argument, Verb

if TYPE_CHECKING:
    from collections.abc import Mapping

VERBS: Final[Mapping[str, Verb]] = {
    "fleet": Verb(
        "start the agents of a project in tmux, change them, and end them",
        "What a project's fleet is stands in its .oxtail/fleet.json: init writes one, check tells "
        "all that is wrong with it, show what it says and what runs of it. "
        "spawn makes a tmux session with its windows and brings them up one by one; sync adds what "
        "is missing, brings up what has ended, and closes windows that the file no longer has; "
        "reset ends all windows of the fleet and launches them anew; teardown closes them; kill "
        "closes one. All these show what they would do and change nothing; with --yes they do it, "
        "and only that. Panes that oxtail has not made are never touched. "
        "Exits with 1 if a step could not be taken, and with 130 if it was interrupted; then the "
        "rest is left undone, and sync takes it up again.",
        (
            Argument(
                "do",
                "what to do",
                value="DO",
                choices=(
                    "show",
                    "check",
                    "init",
                    "spawn",
                    "sync",
                    "reset",
                    "teardown",
                    "kill",
                ),
            ),
            Argument(
                "window",
                "with kill: the name of a window, or the id of its pane",
                value="WINDOW",
                optional=True,
            ),
            Argument("yes", "do it, instead of showing what would be done", "--yes"),
            Argument("apply", "sync: restart windows whose settings have changed", "--apply"),
            Argument(
                "session",
                "the tmux session; the one that is called after the fleet, unless given",
                "--session",
                "NAME",
            ),
            PROJECT,
        ),
    ),
}
