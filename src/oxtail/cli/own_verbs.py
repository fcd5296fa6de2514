"""The verbs about oxtail itself; data, as all verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.cli.argument import (
    CLIENT,
    DRY_RUN,
    YES,
    Verb,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

VERBS: Final[Mapping[str, Verb]] = {
    "serve": Verb(
        "run the MCP server of one agent session on standard input and output",
        "Reads JSON-RPC lines until standard input ends. Plain `oxtail` does the same when "
        "standard input is not a terminal.",
    ),
    "setup": Verb(
        "register oxtail with Claude Code and Codex",
        "Registers the server, installs the hooks and what a person joins with. "
        "Changes only entries of its own, each file in one step, and keeps a dated copy of what "
        "was there. A second run changes nothing. What cannot be read is refused, and then nothing "
        "is changed. Codex runs a hook only once it is trusted: those that setup wrote are shown, "
        "and you are asked.",
        (DRY_RUN, CLIENT, YES),
    ),
    "uninstall": Verb(
        "take out of the clients what setup put in",
        "A file that nobody changed since gets its original bytes back; from any other, only the "
        "entries of oxtail are removed. Mail and records stay.",
        (DRY_RUN, CLIENT),
    ),
    "install-hook": Verb(
        "install only the hooks of setup",
        "As `oxtail setup`, without the server and without what a person joins with.",
        (DRY_RUN, CLIENT, YES),
    ),
    "uninstall-hook": Verb(
        "take out only the hooks",
        "As `oxtail uninstall`, and the server stays registered.",
        (DRY_RUN, CLIENT),
    ),
    "demo": Verb(
        "show sessions at work, in a private folder",
        "Starts real servers below a temporary home, checks each step, and leaves nothing behind. "
        "Exits with 0 only if every step held.",
    ),
    "doctor": Verb(
        "look for trouble in the state folder, on this machine and in the clients' settings",
        "Reads only. Each finding names the step that mends it. "
        "Exits with 1 if something is wrong.",
    ),
    "diagnose": Verb(
        "count what became of wakes, from the trace",
        "Reads the file that MCP_TRACE_FILE names, and the one before it, and counts the newest "
        "200 wake outcomes. Exits with 1 if the file cannot be read.",
    ),
}
