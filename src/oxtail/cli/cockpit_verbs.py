"""The verb that opens the cockpit; data, as all verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.cli.argument import PROJECT, Argument, Verb, positive_number

if TYPE_CHECKING:
    from collections.abc import Mapping

VERBS: Final[Mapping[str, Verb]] = {
    "cockpit": Verb(
        "watch the fleet on one screen, message and nudge its agents, and go to their panes",
        "Needs the extra oxtail[cockpit]. Shows what `oxtail status` shows and keeps it new; ? "
        "lists the keys, Ctrl-C quits. It only reads, but for what a person asks it to send, "
        "acknowledge or show. Where standard input or output is no terminal, and with --json, "
        "it prints the fleet once, as `oxtail status` does.",
        (
            Argument("dock", "one line per agent, for a pane of a few rows", "--dock"),
            Argument("everywhere", "all projects", "--all"),
            PROJECT,
            Argument("client", "the tmux client that a jump moves", "--client", "NAME"),
            Argument("light", "begin in light colors; T switches", "--light"),
            Argument(
                "web",
                "show it in a browser of this machine, under an address that nobody can guess; "
                "needs the extra oxtail[web]",
                "--web",
            ),
            Argument("web_write", "let the browser send and acknowledge, too", "--web-write"),
            Argument(
                "port",
                "where the browser finds it; any free port unless given",
                "--port",
                "N",
                convert=positive_number,
            ),
            Argument("no_doctor", "do not look for what doctor finds", "--no-doctor"),
        ),
    ),
}
