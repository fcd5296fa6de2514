"""Messages of the person at the screen to agents of a fleet.

Rules of this file:

* Such a message has no sender: nobody can answer it by its id, whoever's shell it was sent from.
* The agent is looked at again in the moment of sending; one that does not run gets nothing.
* It goes the way of all mail, ledger first and then the box, and counts once both are synced.
* The message itself is never typed into a terminal.  A wake says that mail waits, as all wakes do,
  and the agent sees the message once, in its frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oxtail.app.present import present
from oxtail.app.send import SILENT, deliver
from oxtail.app.wake import wake_for_operator
from oxtail.core.attachment import Attached, with_note
from oxtail.core.envelope import Envelope, check_body
from oxtail.core.operator import NUDGE, ORIGIN, SOURCE
from oxtail.core.value import Value
from oxtail.errors import BadArgument, OxtailError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from oxtail.app.context import Context
    from oxtail.core.fleet_agent import Agent


class Told(Value):
    """A message of an operator is committed.

    Attributes:
        message_id: Its id.
        target_session_id: The receiver, None where it has not said who it is.
        target_server_pid: The receiver's server.
        wake_status: What was done to make it look.
        attached: The copies that the message names.
    """

    message_id: str
    target_session_id: str | None
    target_server_pid: int
    wake_status: str
    attached: tuple[Attached, ...] = ()

    @property
    def unclaimed(self) -> bool:
        """Whether the receiver has not said who it is, so the mail lies in its process's box."""
        return self.target_session_id is None

    def as_dict(self) -> dict[str, Any]:
        """Return the members that apply."""
        members: dict[str, Any] = {
            "schema_version": 1,
            "ok": True,
            "message_id": self.message_id,
            "target_session_id": self.target_session_id,
            "target_server_pid": self.target_server_pid,
            "wake_status": self.wake_status,
        }
        if self.unclaimed:
            members["unclaimed"] = True
        if self.attached:
            members["attachments"] = [each._asdict() for each in self.attached]
        return members


class Row(Value):
    """What became of a broadcast for one agent: what is known after it, or why it failed."""

    agent: Agent
    told: Told | None = None
    error: OxtailError | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the members that apply."""
        members: dict[str, Any] = {"agent": self.agent.key, "label": self.agent.label}
        if self.told:
            told = self.told.as_dict()
            del told["schema_version"]
            return members | told
        assert self.error is not None
        fields = {name: value for name, value in self.error.fields.items() if name != "agent"}
        return members | {
            "ok": False,
            "error": self.error.code,
            "message": self.error.message,
            **fields,
        }


def tell(
    ctx: Context,
    agent: Agent,
    text: str,
    attachments: Sequence[str] = (),
    wake: bool = True,
) -> Told:
    """Send *text* of the person at the screen to *agent*.

    When this returns the message is in the agent's box and ledger, synced; it is not known to be
    read.  Files are copied first, so that the message never names one that is not there.

    Args:
        ctx: The context of whoever looks at the fleet; its session is not named in the message.
        agent: Whom to tell.
        text: Delivered verbatim; may be empty if files go along.
        attachments: Paths of files; the message ends with where their copies are.
        wake: Whether to wake the agent, unless it is busy or was woken a moment ago.

    Raises:
        BadArgument: there is nothing to send, or text and names of files are over 8192 UTF-8 bytes.
        AgentGone, AgentDead, AgentReplaced: the agent does not run any more.
        AttachmentRefused: a file cannot be attached.
        StoreError: the message could not be committed.

    Nothing was sent when this raises.
    """
    if attachments and not text.strip():
        text = ""
    elif not text.strip():
        raise BadArgument("body", "must not be empty")
    else:
        check_body(text)
    peer = present(ctx, agent).entry
    attached = ctx.attachments.stage(attachments, ctx.settings.attach_max_bytes)
    envelope = Envelope(
        id=ctx.ids.new_id(),
        body=check_body(with_note(text, attached)),
        enqueued_at=int(ctx.clock.now()),
        origin=ORIGIN,
        operator_source=SOURCE,
        # The agent's own server wakes it for what lies in its box, unless it is told not to.
        extra=(SILENT,) if peer.doors and not wake else (),
    )
    deliver(ctx, peer, envelope)
    return Told(
        envelope.id,
        peer.session_id,
        peer.server_pid,
        wake_for_operator(ctx, peer, envelope.id, wanted=wake),
        attached,
    )


def nudge(ctx: Context, agent: Agent, *, wake: bool = True) -> Told:
    """Ask *agent* to look at its mail and its work; see :func:`tell`."""
    return tell(ctx, agent, NUDGE, wake=wake)


def tell_all(
    ctx: Context, agents: Iterable[Agent], text: str, *, wake: bool = True
) -> tuple[Row, ...]:
    """Send *text* to each of *agents*, to each a message of its own; what fails stops no other.

    Raises:
        BadArgument: the text cannot be sent; nothing was.
    """
    if not text.strip():
        raise BadArgument("body", "must not be empty")
    check_body(text)
    rows = []
    for agent in agents:
        try:
            rows.append(Row(agent, told=tell(ctx, agent, text, wake=wake)))
        except OxtailError as error:
            rows.append(Row(agent, error=error))
    return tuple(rows)
