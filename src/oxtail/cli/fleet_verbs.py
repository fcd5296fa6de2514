"""The verb that shows the fleet; data, as all verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.cli.argument import PROJECT, Argument, Verb, positive_number

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMS_SHOWN: Final = 20
"""Messages that ``--log`` shows unless the caller says otherwise."""

VERBS: Final[Mapping[str, Verb]] = {
    "status": Verb(
        "show the fleet: who works, who waits for whom, what is stuck; or how far a message came",
        "Without MESSAGE_ID, shows the agents of this project once: state, tool, unread mail, open "
        "work and waits, and what is wrong: deadlocks, waits that nobody will end, and work or "
        "mail of sessions that do not run. Reads only, and takes no mail. With --check it exits "
        "with 2 if anything is wrong that was not acknowledged; --ack acknowledges what is wrong "
        "now, or only what concerns MESSAGE_ID, which may also be an agent's id or label. With "
        "MESSAGE_ID alone, tells what is known of a message that was sent. Its status is the "
        "furthest stage with a proof: stored, offered, shown, in_context, answered; or held, "
        "refused, expired. unknown: there is no record. Each proof is listed with its time.",
        (
            Argument(
                "message_id",
                "the id of a message: 16 hex digits; with --ack also an agent",
                value="MESSAGE_ID",
                optional=True,
            ),
            PROJECT,
            Argument("everywhere", "all projects", "--all"),
            Argument("check", "exit with 2 if something is wrong", "--check"),
            Argument("ack", "acknowledge what is wrong, so that a check passes", "--ack"),
            Argument("log", "show the latest messages, too", "--log"),
            Argument(
                "limit",
                f"how many messages --log shows (default {COMMS_SHOWN})",
                "--limit",
                "N",
                convert=positive_number,
                default=COMMS_SHOWN,
            ),
            Argument("no_activity", "do not look at transcripts", "--no-activity"),
            Argument("doctor", "show what doctor finds, too", "--doctor"),
            Argument(
                "width",
                "columns of the text; those of the terminal, or 100, unless given",
                "--width",
                "N",
                convert=positive_number,
            ),
        ),
    ),
}
