"""Every error that oxtail raises on purpose, in one tree.

Rules of this file:

* A class's ``code`` is stable and is what programs compare; its docstring is the default message.
* ``fields`` are further facts for the caller, and appear beside ``error`` in a tool's answer.
* Foreign exceptions are wrapped and kept as the cause.

Each front end has one translator: the server answers with ``error``, the command line exits with
``exit_status``, a hook lets the agent's turn go on.  See ``docs/reference/errors.md``.
The errors of fleets are in :mod:`oxtail.core.fleet_errors`, because no hook and no send needs them.
"""

from __future__ import annotations

from typing import ClassVar


class OxtailError(Exception):
    """Something went wrong in oxtail."""

    code: ClassVar[str] = "oxtail-error"
    exit_status: ClassVar[int] = 1

    def __init__(self, message: str | None = None, /, **fields: object) -> None:
        self.message = message or (type(self).__doc__ or "").split("\n", 1)[0].strip()
        self.fields = fields
        super().__init__(self.message)


class UsageError(OxtailError):
    """The request cannot be carried out as it was put."""

    code = "usage-error"
    exit_status = 2


class BadArgument(UsageError):
    """An argument has the wrong type, size or form."""

    code = "bad-argument"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}", field=field)
        self.field = field
        self.problem = problem


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


class NotEmitted(OxtailError):
    """The answer did not reach the caller, so what it showed stays unread."""

    code = "not-emitted"
    exit_status = 4


class TooManyQuestions(UsageError):
    """This session waits on as many questions as it may; let one end first."""

    code = "too-many-questions"


class StoreError(OxtailError):
    """The state folder could not be read or written; nothing was changed."""

    code = "store-error"
    exit_status = 5


class LockBusy(StoreError):
    """Another process has kept a lock for longer than this one is willing to wait."""

    code = "lock-busy"


class DeliveryFailed(StoreError):
    """The end of the work is recorded and could not be delivered yet; oxtail delivers it later."""

    code = "delivery-failed"


class DamagedRecord(StoreError):
    """A file or line of the state folder is not what its place promises."""

    code = "damaged-record"

    def __init__(self, problem: str, /, **fields: object) -> None:
        super().__init__(problem, **fields)
        self.problem = problem


class PaneError(OxtailError):
    """tmux could not do what was asked."""

    code = "tmux-error"
    exit_status = 6


class NoTmuxServer(PaneError):
    """No tmux server is running."""

    code = "no-tmux-server"


class ConfigError(OxtailError):
    """A setting or a configuration file cannot be used."""

    code = "config-error"
    exit_status = 2


class SetupRefused(ConfigError):
    """Something is in the way of setup, so nothing was changed."""

    code = "setup-refused"
    exit_status = 1


class NoClient(ConfigError):
    """Neither Claude Code nor Codex is here: install one, or name it with --client."""

    code = "no-client"
    exit_status = 1


class FileTrouble(ConfigError):
    """A client's configuration file cannot be read or changed."""

    code = "file-trouble"
    exit_status = 1


class ChangedMeanwhile(FileTrouble):
    """The file was changed by another program while it was being edited."""

    code = "changed-meanwhile"


class MalformedFile(FileTrouble):
    """A configuration file is not what its format promises."""

    code = "malformed-file"


class NotEditable(FileTrouble):
    """The file has a form in which this change cannot be made safely."""

    code = "not-editable"


class NameTaken(FileTrouble):
    """A server named oxtail is registered that is not oxtail."""

    code = "name-taken"


class InsecureEngine(ConfigError):
    """Mail would go to another machine as plain text."""

    code = "insecure-engine"


class NotJoined(ConfigError):
    """This host is not joined with others: run oxtail nats join."""

    code = "not-joined"


class ExtraMissing(ConfigError):
    """A package that this command needs is not installed."""

    code = "extra-missing"


class EngineError(OxtailError):
    """The engine that carries mail between hosts did not do what was asked."""

    code = "engine-error"


class EngineUnreachable(EngineError):
    """The engine that carries mail between hosts does not answer."""

    code = "engine-unreachable"


class EngineRefused(EngineError):
    """The engine that carries mail between hosts refused."""

    code = "engine-refused"


class CodexError(OxtailError):
    """Codex did not answer, or refused."""

    code = "codex-error"


class FileExists(UsageError):
    """A file is there already and would be replaced."""

    code = "file-exists"
    exit_status = 1


class JumpRefused(UsageError):
    """No terminal was brought to the agent's pane, and nothing was changed."""

    code = "jump-refused"
    exit_status = 3


class AttachmentRefused(UsageError):
    """A file cannot be attached, so nothing was sent."""

    code = "attachment-refused"
    exit_status = 1


class OutputFailed(OxtailError):
    """The output could not be written."""

    code = "output-failed"
