"""What a person does from the cockpit, carried out by the use cases of :mod:`oxtail.app`.

The rule: each action has a context of its own, so that several may run at once and none shares
anything with the look at the fleet.  What is said of a message is what is proved, never more.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from oxtail.app.acknowledge import acknowledge
from oxtail.app.jump import jump
from oxtail.app.operator import nudge, tell
from oxtail.app.read_session import read_session
from oxtail.app.status import message_status
from oxtail.cockpit.actions import Done, Excerpt, Utterance
from oxtail.core.attachment import tries
from oxtail.core.fleet_words import age
from oxtail.core.plain import plain
from oxtail.trace import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oxtail.app.context import Context
    from oxtail.app.operator import Told
    from oxtail.app.results import SessionText
    from oxtail.core.evidence import Proof
    from oxtail.core.fleet import Fleet
    from oxtail.core.fleet_agent import Agent


TRANSCRIPT_MESSAGES: Final = 60
TRANSCRIPT_BYTES: Final = 24_000
"""How much of a transcript is shown: messages, and UTF-8 bytes of text."""


class ContextActions:
    """Carries out the actions of :class:`oxtail.cockpit.actions.Actions`.

    Args:
        open_context: Makes a new context.
        client: The tmux client that a jump moves, or None for the one that is clear.
    """

    def __init__(self, open_context: Callable[[], Context], client: str | None = None) -> None:
        self._open = open_context
        self._client = client

    def message(self, agent: Agent, text: str, attachments: Sequence[str] = ()) -> Done:
        """Send *text* to *agent* as the operator, with copies of the files *attachments*."""
        return Done(_told(tell(self._open(), agent, text, attachments), agent, "message"))

    def attachable(self, text: str) -> str | None:
        """Return the path of the regular file that *text* names, or None."""
        for path in tries(text):
            if os.path.isabs(path) and os.path.isfile(path):
                return path
        return None

    def nudge(self, agent: Agent) -> Done:
        """Ask *agent* to look at its inbox and its work."""
        return Done(_told(nudge(self._open(), agent), agent, "nudge"))

    def jump(self, agent: Agent, *, within_window: bool) -> Done:
        """Show a person the pane of *agent*; *within_window*, where a dock of its window is."""
        gone = jump(self._open(), agent, client=self._client, dock=within_window)
        where = f"{gone.spot.session} {gone.spot.pane_id}"
        by = f" on {gone.terminal.name}" if gone.terminal else ""
        return Done(f"{agent.label}: {where} is shown{by}")

    def acknowledge(self, fleet: Fleet, agent: Agent | None) -> Done:
        """Keep that a person knows of what is wrong in *fleet*."""
        troubles = acknowledge(self._open(), fleet, agent.key if agent else None)
        return Done("acknowledged: " + "; ".join(each.text for each in troubles))

    def receipts(self, message_id: str) -> tuple[str, ...]:
        """Return the status of a message and a line for each proof."""
        status = message_status(self._open(), message_id)
        lines = [f"status: {status.status}", *map(_proof, status.proofs)]
        if status.note:
            lines.append(plain(status.note))
        return tuple(lines)

    def transcript(self, agent: Agent) -> Excerpt:
        """Return the end of the transcript of *agent*; whatever cannot be read is a problem."""
        if agent.session_id is None:
            return Excerpt(problem="unknown: the session has not said who it is")
        return _excerpt(
            read_session(
                self._open(),
                agent.session_id,
                project_root=agent.cwd or None,
                mode="transcript",
                limit=TRANSCRIPT_MESSAGES,
                max_bytes=TRANSCRIPT_BYTES,
                include_timestamps=True,
                tail_scan=True,
            )
        )


def _excerpt(found: SessionText) -> Excerpt:
    if found.error or found.messages is None:
        return Excerpt(problem=found.error or "unknown")
    if found.transcript_age_seconds is None:
        return Excerpt(problem="none: there is no file at its place")
    total = found.total_messages
    of = f" of {total}" if total is not None else ", of how many is unknown"
    about = f"the last {len(found.messages)}{of}"
    if found.bytes_truncated:
        about += "; long text is cut"
    about += f"; written {age(found.transcript_age_seconds)} ago"
    said = (Utterance(each["role"], each["timestamp"], each["text"]) for each in found.messages)
    return Excerpt(tuple(said), about)


def _told(told: Told, agent: Agent, what: str) -> str:
    files = f", {len(told.attached)} attached" if told.attached else ""
    box = ", in the box of its process: it has not said who it is" if told.unclaimed else ""
    return f"{what} {told.message_id} to {agent.label}: stored{files}, wake {told.wake_status}{box}"


def _proof(proof: Proof) -> str:
    when = "-" if proof.at is None else timestamp(proof.at)
    facts = ", ".join(f"{name} {value}" for name, value in proof.facts if value is not None)
    return plain(f"{proof.stage.value}  {when}  {facts}")
