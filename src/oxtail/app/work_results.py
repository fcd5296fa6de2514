"""What the verbs about delegated work answer; the forms are those of :mod:`oxtail.app.results`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oxtail.app.results import WakeReport
from oxtail.core.value import Value
from oxtail.core.work import State

if TYPE_CHECKING:
    from oxtail.core.work import Owed

_REQUIRED = (
    "Close this: complete_work with message_id {id} and the result, or block_work with "
    "message_id {id} and the reason (decline: true if it will not be done, reassign_to: a peer "
    "that takes it over)."
)
_BEING_CLOSED = (
    "Nothing: how it ends is recorded, and oxtail delivers that as soon as it can be stored."
)


class OpenItem(Value):
    """One piece of work that has not ended.

    Attributes:
        owed: The work.
        now: What its age is counted to, in unix seconds.
    """

    owed: Owed
    now: int

    @property
    def is_overdue(self) -> bool:
        """Whether it should have ended by now."""
        return self.owed.is_overdue(self.now)

    def as_dict(self) -> dict[str, Any]:
        """Return the members that apply, as the one who owes it is shown them."""
        message = self.owed.message
        members: dict[str, Any] = {
            "message_id": message.id,
            "from_session_id": message.from_session_id,
            "request_id": message.request_id,
            "body": message.body,
            "enqueued_at": message.enqueued_at,
            "age_seconds": max(0, self.now - message.enqueued_at),
        }
        if message.deadline is not None:
            members["deadline"] = message.deadline
            members["overdue"] = self.is_overdue
        members["state"] = self.owed.state.value
        text = _REQUIRED if self.owed.state is State.OPEN else _BEING_CLOSED
        members["required_action"] = text.format(id=message.id)
        return members


class OpenWorkResult(Value):
    """Work that has not ended, oldest first.

    Attributes:
        items: As many as fit into the budgets of a read.
        deferred: How many more there are.
    """

    items: tuple[OpenItem, ...]
    deferred: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the members that apply."""
        members: dict[str, Any] = {
            "schema_version": 1,
            "ok": True,
            "count": len(self.items),
            "open": [item.as_dict() for item in self.items],
        }
        if self.deferred:
            members.update(deferred_count=self.deferred, budget_truncated=True)
        return members


class CloseResult(Value):
    """How a piece of work ends.

    Attributes:
        message_id: The work.
        state: The state that it ends in.
        completion_id: The message that tells the requester; None where none was sent by this call.
        requester: Who is told; None where the work named nobody.
        correlation: ``correlated`` where the requester is pulled back by it.
        wake: What was done to make the receiver look.
        already_closed: It was closed before, or is being closed elsewhere; nothing was sent.
        already_delivered: The requester had the result; it was not sent again.
        stored: The requester is not running; it gets the result when it returns.
        parked: The requester is not known any more; its result waits in the box of its session.
        reassigned_to: Who owes the work now.
        reassigned_message_id: The message under which that session owes it.
        note: A remark for the caller.
    """

    message_id: str
    state: State
    completion_id: str | None = None
    requester: str | None = None
    correlation: str | None = None
    wake: WakeReport = WakeReport()
    already_closed: bool = False
    already_delivered: bool = False
    stored: bool = False
    parked: bool = False
    reassigned_to: str | None = None
    reassigned_message_id: str | None = None
    note: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the members that apply."""
        texts = {
            "completion_message_id": self.completion_id,
            "requester_session_id": self.requester,
            "correlation": self.correlation,
            "reassigned_to": self.reassigned_to,
            "reassigned_message_id": self.reassigned_message_id,
        }
        flags = {
            "already_closed": self.already_closed,
            "already_delivered": self.already_delivered,
            "stored": self.stored,
            "parked": self.parked,
        }
        return {
            "schema_version": 1,
            "ok": True,
            "message_id": self.message_id,
            "obligation_state": self.state.value,
            **{name: text for name, text in texts.items() if text is not None},
            **{name: True for name, is_so in flags.items() if is_so},
            **({"note": self.note} if self.note else {}),
            **self.wake.as_dict(),
        }
