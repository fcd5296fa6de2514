"""What can be wrong around oxtail: terminals, files, clients, and the engine between hosts."""

from __future__ import annotations

from oxtail.errors import OxtailError, UsageError


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
