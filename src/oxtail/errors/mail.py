"""What can be wrong with a message, its receiver, its sender, or the work that it gives."""

from __future__ import annotations

from oxtail.errors import OxtailError, StoreError, UsageError


class TargetError(UsageError):
    """The target of a message cannot be used."""

    code = "target-error"
    exit_status = 3


class TargetNotFound(TargetError):
    """No running session, and no session known to return, answers to this target."""

    code = "target-not-found"


class AmbiguousTarget(TargetError):
    """More than one running session answers to this target."""

    code = "ambiguous-target"


class CrossProject(TargetError):
    """The target works in another project."""

    code = "cross-project"


class SelfSend(TargetError):
    """The target is the sender itself."""

    code = "self-send"


class PeerHasNoSessionId(TargetError):
    """The target has not said who it is yet, so no answer could be matched to it."""

    code = "peer-has-no-session-id"


class PeerTakesNoWork(TargetError):
    """The target is too old to keep work that must be closed, so none can be handed on to it."""

    code = "peer-takes-no-work"


class Refused(TargetError):
    """The receiver's policy refuses mail from this sender; nothing was stored."""

    code = "refused"


class MailboxFull(TargetError):
    """The session is not running, and as much mail as is kept waits for it already."""

    code = "mailbox-full"


class AgentGone(TargetError):
    """The agent has left the registry since it was looked at; nothing was done."""

    code = "agent-gone"


class AgentDead(TargetError):
    """The process of the agent has ended; nothing was done."""

    code = "agent-dead"


class AgentReplaced(TargetError):
    """Another process has the process id of the agent; nothing was done."""

    code = "agent-replaced"


class TooManyReceivers(TargetError):
    """A broadcast would go to more agents than it may; --cap N allows for N."""

    code = "too-many-receivers"


class SessionUnreadable(TargetError):
    """The session is there, and neither its transcript nor its pane can be read."""

    code = "session-unreadable"


class NoSessionId(UsageError):
    """This session has not said who it is yet: call claim_session with its session id first."""

    code = "no-session-id"
    exit_status = 3


class SessionIdTaken(UsageError):
    """A live session in another process tree holds this session id."""

    code = "session-id-taken"
    exit_status = 3


class SessionRunning(UsageError):
    """The session runs, and what it was sent is its own."""

    code = "session-running"
    exit_status = 3


class HasHeir(UsageError):
    """The session goes by another id now, and that one has inherited."""

    code = "has-heir"
    exit_status = 3


class MessageNotFound(UsageError):
    """No message with this id was received by this session, or it is too old to be known."""

    code = "message-not-found"
    exit_status = 3


class NoReplyTarget(UsageError):
    """The message names no sender session, so there is nowhere to send a reply."""

    code = "no-reply-target"
    exit_status = 3


class NotAnObligation(UsageError):
    """The message is no work that must be closed: answer it with reply_to_message."""

    code = "not-an-obligation"
    exit_status = 3


class IdempotencyConflict(UsageError):
    """Another message, or one to somebody else, was sent under this idempotency key."""

    code = "idempotency-conflict"
    exit_status = 3


class Damped(UsageError):
    """Too much passes between these sessions; nothing was stored."""

    code = "damped"
    exit_status = 3

    def __init__(self, message: str, /, *, reason: str, limit: int, retry_after_s: int) -> None:
        super().__init__(message, reason=reason, limit=limit, retry_after_s=retry_after_s)
        self.reason = reason
        self.limit = limit
        self.retry_after_s = retry_after_s


class AlreadyJoined(UsageError):
    """This process already takes part as a peer: one process is one peer."""

    code = "already-joined"


class AskCancelled(OxtailError):
    """The question was cancelled while it waited; a late answer arrives as ordinary mail."""

    code = "ask-cancelled"
    exit_status = 4


class TooManyQuestions(UsageError):
    """This session waits on as many questions as it may; let one end first."""

    code = "too-many-questions"


class DeliveryFailed(StoreError):
    """The end of the work is recorded and could not be delivered yet; oxtail delivers it later."""

    code = "delivery-failed"
