"""Every verb, its arguments, and the exit statuses, as data.

Rules of this file:

* It knows names and help texts, never what a verb does; so help and docs import no verb.
* ``docs/reference/cli.md`` is made from these tables by :func:`reference` and compared in a test.

:mod:`oxtail.cli.parser` reads a command line by these tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.cli.argument import (
    AS,
    BODY,
    CLIENT,
    DRY_RUN,
    FORCE,
    JSON,
    MESSAGE,
    PROJECT,
    TARGET,
    WAKE,
    YES,
    Argument,
    Verb,
    positive_number,
    seconds,
    stage_and_seconds,
)
from oxtail.cli.history_verbs import HISTORY_VERBS
from oxtail.cli.nats_verbs import NATS_VERBS
from oxtail.cli.policy_verbs import POLICY_VERBS
from oxtail.cli.work_verbs import DELEGATION, WORK_VERBS

if TYPE_CHECKING:
    from collections.abc import Mapping


VERBS: Final[Mapping[str, Verb]] = {
    "serve": Verb(
        "run the MCP server of one agent session on standard input and output",
        "Reads JSON-RPC lines until standard input ends. Plain `oxtail` does the same when "
        "standard input is not a terminal.",
    ),
    "peers": Verb(
        "list the sessions of this project",
        "Shows every running session of the project, inside tmux or not. Changes nothing.",
        (
            PROJECT,
            Argument("compact", "group the JSON by where agents run", "--compact"),
        ),
    ),
    "send": Verb(
        "send a message",
        "Exits with 0 only after the message is on disk in the receiver's mailbox. "
        "That it was read is not known then; ask `oxtail status`, or wait for it here: then it "
        "exits with 4 if the message is stored and has not come that far in time.",
        (
            TARGET._replace(
                help="a session id, a chosen name or a tmux session name; all: every other session "
                "of the project that runs",
                unless="to",
            ),
            BODY,
            Argument("to", "a target; give it once for each of several", "--to", "T", repeat=True),
            WAKE,
            Argument(
                "reply_to", "the request id that this message answers", "--reply-to", "REQUEST_ID"
            ),
            Argument(
                "wait",
                "wait until it is shown, in_context or answered, for 60 seconds unless given",
                "--wait",
                "STAGE[:SECONDS]",
                convert=stage_and_seconds,
            ),
            *DELEGATION,
        ),
    ),
    "ask": Verb(
        "ask a peer and wait for its answer",
        "Prints the answer. Exits with 4 if none came in time; a late answer arrives as mail "
        "for `oxtail inbox`.",
        (
            TARGET,
            BODY,
            Argument(
                "timeout",
                "how long to wait (default 60, at most 100 unless configured)",
                "--timeout",
                "SECONDS",
                convert=seconds,
            ),
            FORCE,
        ),
    ),
    "inbox": Verb(
        "show waiting messages and take them out of the mailbox",
        "A message leaves the mailbox only after the output is written and flushed; "
        "an interrupted command leaves the mail where it is.",
        (
            Argument("limit", "show at most N messages", "--limit", "N", convert=positive_number),
            Argument("keep", "show them and leave them", "--keep"),
            Argument(
                "adopt",
                "take over mail, work and questions of OLD, which does not run, and show nothing",
                "--adopt",
                "OLD",
            ),
            FORCE,
        ),
    ),
    "reply": Verb(
        "answer a message by its id",
        "Sends to whoever sent the message; an answer to a question reaches the waiting asker.",
        (MESSAGE, BODY, WAKE),
    ),
    **WORK_VERBS,
    **HISTORY_VERBS,
    **POLICY_VERBS,
    "read": Verb(
        "show what a session said, or what its pane shows",
        "For orientation only: a transcript proves no answer.",
        (
            TARGET,
            PROJECT,
            Argument(
                "mode",
                "which of the two; auto takes the transcript where one is known",
                "--mode",
                choices=("auto", "transcript", "pane"),
                default="auto",
            ),
            Argument(
                "limit",
                "most messages (default 20, at most 1000)",
                "--limit",
                "N",
                convert=positive_number,
                default=20,
            ),
            Argument(
                "max_bytes",
                "most bytes of text (default 24000)",
                "--max-bytes",
                "N",
                convert=positive_number,
                default=24000,
            ),
            Argument("timestamps", "show when it was said", "--timestamps"),
            Argument(
                "tail_scan",
                "read long transcripts from the end; the total may be unknown then",
                "--tail-scan",
            ),
            Argument(
                "pane_lines",
                "rows of the pane (default 240, at most 2000)",
                "--pane-lines",
                "N",
                convert=positive_number,
                default=240,
            ),
            Argument(
                "pane_max_chars",
                "most characters of the pane (default 20000)",
                "--pane-max-chars",
                "N",
                convert=positive_number,
                default=20000,
            ),
        ),
    ),
    "status": Verb(
        "tell what is known of a message that was sent",
        "The status is the furthest stage with a proof: stored, offered, shown, in_context, "
        "answered; or held, refused, expired. unknown: there is no record. Each proof is listed "
        "with its time.",
        (MESSAGE,),
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
    **NATS_VERBS,
    "diagnose": Verb(
        "count what became of wakes, from the trace",
        "Reads the file that MCP_TRACE_FILE names, and the one before it, and counts the newest "
        "200 wake outcomes. Exits with 1 if the file cannot be read.",
    ),
}

EXIT_STATUSES: Final[Mapping[int, str]] = {
    0: "done",
    1: "failed, or could not be done as a whole, or doctor found something wrong",
    2: "wrong usage",
    3: "the target, the message or the caller's own session id cannot be used",
    4: "what was waited for did not come in time, or the wait was cancelled",
    5: "the state folder could not be read or written",
    6: "tmux failed",
    130: "interrupted",
}

_SETUP: Final = ("setup", "uninstall", "install-hook", "uninstall-hook")
_WITHOUT_IDENTITY: Final = frozenset(("serve", "demo", "doctor", "diagnose", "nats", *_SETUP))
_WITHOUT_JSON: Final = frozenset(("serve",))


def arguments_of(verb: str) -> tuple[Argument, ...]:
    """Return the arguments of *verb*, those that most verbs share included."""
    shared = (() if verb in _WITHOUT_IDENTITY else (AS,)) + (
        () if verb in _WITHOUT_JSON else (JSON,)
    )
    return VERBS[verb].arguments + shared


def help_text() -> str:
    """Return what ``oxtail --help`` prints."""
    width = max(map(len, VERBS))
    lines = [
        "usage: oxtail VERB [ARGUMENTS]",
        "",
        "Coding agents that run side by side find each other, message, ask and hand over work.",
        "",
        "verbs:",
        *(f"  {name:<{width}}  {verb.summary}" for name, verb in VERBS.items()),
        "",
        "options:",
        "  --help, -h   show this, or with a verb what the verb takes",
        "  --version    show the version",
        "",
        "Without a verb: the MCP server if standard input is not a terminal, else this help.",
        "",
        "who you are: --as ID, or OXTAIL_SESSION_ID; OXTAIL_NAME is a name that peers may use.",
        "Without an id, send works and nobody can reply; ask, inbox and reply need one.",
        "",
        "exit status:",
        *(f"  {status:>3}  {meaning}" for status, meaning in EXIT_STATUSES.items()),
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_FORMS: Final = """
## JSON

With `--json` a verb prints exactly one line to standard output, whatever happens;
`log --follow` prints one for each message:

- `{"oxtail":1,"command":"send","ok":true,"result":{...}}`: the verb was carried out.
  `result` has the members that the tool of the same purpose answers with ([tools](tools.md)).
- `{"oxtail":1,"command":"send","ok":false,"error":{"code":...,"message":...}}`: it was not.
  `code` is stable ([errors](errors.md)); further members are facts about the error.

`oxtail` is the version of this form.
Under the same number members may be added, and are never removed or changed.
Where the verb was carried out and found something bad, `ok` is true and the exit status tells:
`ask` without an answer exits with 4, `doctor` with findings exits with 1.

## Text

Text output is for people.
Control characters in messages are shown as escapes, so that mail cannot steer a terminal.
`--json` is exact.
"""


def reference() -> str:
    """Return the page ``docs/reference/cli.md``."""
    lines = [
        "# The `oxtail` command",
        "",
        "Made from `src/oxtail/cli/arguments.py`; a test compares the two.",
        "",
        "```text",
        help_text().rstrip(),
        "```",
    ]
    for name, verb in VERBS.items():
        lines += ["", f"## oxtail {name}", "", f"{verb.summary[0].upper()}{verb.summary[1:]}."]
        lines += [verb.promise]
        rows = [f"| `{_cell(a.label)}` | {_cell(a.help)} |" for a in arguments_of(name)]
        if rows:
            lines += ["", "| argument | meaning |", "|---|---|", *rows]
    return "\n".join(lines) + "\n" + _FORMS
