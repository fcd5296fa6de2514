"""The verbs of the person at the screen that act on one agent; data, as all verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.cli.argument import PROJECT, Argument, Verb, positive_number

if TYPE_CHECKING:
    from collections.abc import Mapping

CAP: Final = 10
"""Most receivers of a broadcast unless the caller says otherwise; a test compares it."""

AGENT: Final = Argument(
    "target",
    "an agent: its session id, the beginning of it that is shown, its name, label or window",
    value="AGENT",
)
ALL: Final = Argument("everywhere", "look at all projects", "--all")

VERBS: Final[Mapping[str, Verb]] = {
    "message": Verb(
        "tell an agent something as its operator",
        "Exits with 0 only after the message is on disk in the agent's mailbox. The agent sees it "
        "framed, as text that its human sent and that nobody can reply to; at most 8192 bytes. "
        "The agent is woken unless it is busy, and never by typing the message. Says who an agent "
        "is as `oxtail status` does: background agents too, agents that do not run never. "
        "With --broadcast it goes to every agent of the project that runs in a terminal; without "
        "--yes it only lists them and exits with 1.",
        (
            AGENT._replace(unless="broadcast"),
            Argument(
                "body",
                "the text, its words joined by spaces; a single - reads it from standard input",
                value="TEXT...",
                many=True,
                optional=True,
            ),
            Argument("nudge", "ask it to look at its mail and its work; no TEXT", "--nudge"),
            Argument(
                "attach",
                "copy this file and name the copy in the message; may be repeated",
                "--attach",
                "PATH",
                repeat=True,
            ),
            Argument("no_wake", "do not wake it", "--no-wake"),
            Argument("broadcast", "to every agent instead of one", "--broadcast"),
            Argument("yes", "send the broadcast that is otherwise only shown", "--yes"),
            Argument("yes", "the same", "-y"),
            Argument(
                "cap",
                f"refuse a broadcast to more than N agents (default {CAP})",
                "--cap",
                "N",
                convert=positive_number,
                default=CAP,
            ),
            Argument("include_main", "broadcast to your own session too", "--include-main"),
            ALL,
            PROJECT,
        ),
    ),
    "jump": Verb(
        "show an agent's pane in your terminal",
        "Finds the pane by the processes of this moment, makes it the active one, and brings a "
        "terminal to its tmux session: the one that you are in if it shows that session, else the "
        "only other one that does, else your own if no other is attached. Where that is not clear "
        "nothing is changed, and the error names the terminals and a command for a new one.",
        (
            AGENT,
            Argument("client", "the terminal to use, as tmux names it", "--client", "NAME"),
            Argument("dry_run", "say what would be shown where, and change nothing", "--dry-run"),
            ALL,
            PROJECT,
        ),
    ),
}
