"""A fleet at one moment: who works, who waits for whom, what was said, and what is stuck.

The rule: these are frozen values without behavior; :func:`oxtail.core.snapshot.snapshot` makes
them, :meth:`Fleet.as_dict` shows them to programs, and whoever draws them asks nobody else.  Every
text in them but ids is safe for a screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from oxtail.core.graph import SHORT_ID_CHARS, CircleKind, Graph
from oxtail.core.value import Value

if TYPE_CHECKING:
    from oxtail.core.fleet_agent import Agent
    from oxtail.core.fleet_facts import Alert
    from oxtail.core.notice import Notice
    from oxtail.core.trouble import Counts, Remark, Trouble

SCHEMA_VERSION: Final = 1
"""Version of the JSON form; members may be added under the same number."""


class Line(Value):
    """One message of the comms log.

    Attributes:
        message_id: The message.
        at: When it was sent, in unix seconds.
        sender: The sender's session id, or None.
        sender_label: Who that is; ``operator`` only where the provenance says so.
        receiver: The key of the receiver.
        receiver_label: Who that is.
        body: The whole text, line by line.
        origin: ``peer`` or ``operator``.
        request_id: What an answer to it repeats.
        reply_to: What it answers.
        action_required: Whether it is delegated work.
        closed: How that has ended, or None.
    """

    message_id: str
    at: int
    sender: str | None
    sender_label: str
    receiver: str | None
    receiver_label: str
    body: str
    origin: str = "peer"
    request_id: str | None = None
    reply_to: str | None = None
    action_required: bool = False
    closed: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the members for programs."""
        return {
            "message_id": self.message_id,
            "from_session_id": self.sender,
            "from_label": self.sender_label,
            "to_session_id": self.receiver,
            "to_label": self.receiver_label,
            "body": self.body,
            "at": self.at,
            "origin": self.origin,
            "request_id": self.request_id,
            "reply_to": self.reply_to,
            "action_required": self.action_required,
            "closed": self.closed,
        }


class Fleet(Value):
    """A fleet at one moment.

    Attributes:
        at: That moment, in unix seconds.
        project_root: The project, or None for all of them.
        self_session_id: Who looked, if that is a session.
        agents: In a stable order; the dead come last.
        background: Agents that run outside every terminal and wait for nobody.
        graph: Who waits for whom.
        comms: The latest messages, oldest first.
        counts: The fleet in numbers.
        troubles: What is wrong, with what a person knows of already.
        attention: What a person should look at, the worst first.
        notices: The latest lines for the human, oldest first.
        findings: What doctor found and no agent has to do with.
        warnings: What could not be looked at.
        truncated: Whether there was more than was looked at.
    """

    at: float
    project_root: str | None
    self_session_id: str | None
    agents: tuple[Agent, ...]
    background: tuple[Agent, ...]
    graph: Graph
    comms: tuple[Line, ...]
    counts: Counts
    troubles: tuple[Trouble, ...]
    attention: tuple[Remark, ...]
    notices: tuple[Notice, ...]
    findings: tuple[Alert, ...]
    warnings: tuple[str, ...]
    truncated: bool

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong that a person does not know of."""
        return not any(trouble.is_open for trouble in self.troubles)

    def agent(self, key: str) -> Agent | None:
        """Return the agent that *key* names, or None."""
        return next((each for each in (*self.agents, *self.background) if each.key == key), None)

    def as_dict(self, *, comms: bool = False) -> dict[str, Any]:
        """Return the fleet for programs, with its messages if *comms*.

        Members may be added; none is removed or changes its meaning.
        """
        members: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "ok": True,
            "project_root": self.project_root,
            "generated_at": int(self.at),
            "self_session_id": self.self_session_id,
            "healthy": self.healthy,
            "agents": [each.as_dict(self.at) for each in self.agents],
            "background": [each.as_dict(self.at) for each in self.background],
            "cycles": [
                {
                    "members": [each[:SHORT_ID_CHARS] for each in circle.members],
                    "all_live": circle.kind is not CircleKind.STALE,
                    "kind": circle.kind.value,
                    "session_ids": list(circle.members),
                }
                for circle in self.graph.circles
            ],
            "counts": self.counts._asdict(),
            "troubles": [each.as_dict() for each in self.troubles],
            "attention": [each._asdict() for each in self.attention],
            "notices": [each._asdict() for each in self.notices],
            "findings": [each._asdict() for each in self.findings],
            "warnings": list(self.warnings),
            "truncated": self.truncated,
        }
        if comms:
            members["comms"] = [each.as_dict() for each in self.comms]
        return members
