"""The verbs about peers and mail; data, as all verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.cli.argument import (
    BODY,
    FORCE,
    MESSAGE,
    PROJECT,
    TARGET,
    WAKE,
    Argument,
    Verb,
    positive_number,
    seconds,
    stage_and_seconds,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

DELEGATION: Final = (
    Argument(
        "action_required",
        "hand over work: the receiver owes it until it is closed",
        "--action-required",
    ),
    Argument(
        "due",
        "when the work is due: a span such as 30m, 2h or 1d, or a time such as 2026-01-31T12:00",
        "--due",
        "WHEN",
        field="deadline",
    ),
    Argument(
        "idempotency_key",
        "names the message in each try to send it, so that there is one however often it is sent",
        "--idempotency-key",
        "KEY",
    ),
)

VERBS: Final[Mapping[str, Verb]] = {
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
            Argument(
                "limit",
                "show at most N messages; one read takes OXTAIL_READ_MAX_MESSAGES (50) at most",
                "--limit",
                "N",
                convert=positive_number,
            ),
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
}
