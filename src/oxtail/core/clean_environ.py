"""Which environment variables say whose child a process is.

The rule: an agent that is started by a command inside another agent inherits such variables and
would be taken for that agent.  Settings of a client (keys, addresses, its configuration folder) are
no such variables and stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

AGENT_VARIABLES: Final = (
    "AI_AGENT",
    "CLAUDECODE",
    "CLAUDE_CODE_CHILD_NOTES_DIR",
    "CLAUDE_CODE_CHILD_SESSION",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_LAUNCHED_BY_SESSION_IDS",
    "CLAUDE_CODE_MESSAGING_SOCKET",
    "CLAUDE_CODE_MESSAGING_TOKEN",
    "CLAUDE_CODE_SESSION_ATTENDED",
    "CLAUDE_CODE_SESSION_ID",
    "CLAUDE_EFFORT",
    "CLAUDE_ENV_FILE",
    "CLAUDE_PID",
    "CLAUDE_PROJECT_DIR",
    "CODEX_CI",
    "CODEX_COMPANION_SESSION_ID",
    "CODEX_RUNTIME",
    "CODEX_SANDBOX",
    "CODEX_SANDBOX_NETWORK_DISABLED",
    "CODEX_SESSION_ID",
    "CODEX_THREAD_ID",
    "CODEX_TOOL_CALL_ID",
    "CODEX_VERSION",
    "OXTAIL_NAME",
    "OXTAIL_SESSION_ID",
)
"""What Claude Code, Codex and oxtail tell the processes of one session, and no others."""


def agent_variables(names: Iterable[str]) -> tuple[str, ...]:
    """Return those of *names* that belong to one session, in the order of the alphabet."""
    return tuple(sorted(set(names) & set(AGENT_VARIABLES)))
