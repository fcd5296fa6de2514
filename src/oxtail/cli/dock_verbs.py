"""The verb that builds a docked tmux session; data, as all verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.cli.argument import PROJECT, Argument, Verb
from oxtail.core.dock import FLIP_KEY, ROWS, ROWS_MAX, ROWS_MIN

if TYPE_CHECKING:
    from collections.abc import Mapping


def rows(text: str) -> int:
    """Return the height that *text* spells; ValueError says what it must be."""
    if text.isascii() and text.isdigit() and len(text) < 4 and ROWS_MIN <= int(text) <= ROWS_MAX:
        return int(text)
    raise ValueError(f"must be a number from {ROWS_MIN} to {ROWS_MAX}")


VERBS: Final[Mapping[str, Verb]] = {
    "dock": Verb(
        "open the fleet in tmux, with a strip of the cockpit at the bottom of each window",
        "Uses the tmux session of the project's fleet. If there is none, the editor of the fleet "
        "opens first; it says what would be started and starts it. With --yes or --session, and "
        "where nobody can answer, the fleet is started unasked if a fleet.json describes one or "
        "--spawn is given; else, and with --no-spawn, the session gets a shell. Then each window "
        "that has no strip gets one, and the session is shown here: inside tmux by switching to "
        "it, on a terminal by attaching, elsewhere not at all. Run "
        "again, it adds what is missing and shows the session. Panes that are there are left "
        f"alone. In docked windows {FLIP_KEY} moves between the strip and the pane above it; "
        "OXTAIL_OXPIT_FLIP=off takes the key back, and a key that you have bound stays yours.",
        (
            Argument("dry_run", "say what would be done, and do nothing", "--dry-run", short="-n"),
            Argument("spawn", "start the fleet even if no fleet.json describes one", "--spawn"),
            Argument("no_spawn", "start no agents; make a session with a shell", "--no-spawn"),
            Argument("yes", "start it without the editor", "--yes", short="-y"),
            Argument(
                "rows",
                f"height of a strip, from {ROWS_MIN} (default {ROWS})",
                "--rows",
                "N",
                convert=rows,
                default=ROWS,
            ),
            Argument("session", "another tmux session", "--session", "NAME"),
            PROJECT,
        ),
    ),
}
