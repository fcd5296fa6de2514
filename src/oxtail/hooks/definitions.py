"""Which hooks each client gets, as data; ``oxtail setup`` installs them.

Rules of this file:

* Both kinds are given for an event: a call of the running server costs no process, and a command
  keeps mail flowing when the server is gone, because no client starts it again.
* A tool call gets one event, after it: its output is read with the tool's result.
* A call names only fields that the event has.  Codex drops a hook whose placeholder it cannot fill.
* Claude Code has no server to call when a session starts or ends, so these events have a command.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, Final

from oxtail.core.hook import CLAUDE, CODEX
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVER: Final = "oxtail"
"""The name under which the server is registered with the clients."""

TOOL: Final = "hook"
"""The tool that such a hook calls; it is in no list of tools, so no model calls it."""

TIMEOUT_SECONDS: Final = 10
"""How long a client waits; a hook that shows mail takes a hundredth of it."""

END_TIMEOUT_SECONDS: Final = 3
"""The most that Codex allows at the end of a session."""


class HookDefinition(Value):
    """One hook of one client.

    Attributes:
        event: When it runs.
        kind: ``mcp_tool`` or ``command``.
        handler: What stands in the client's settings, in a group without a matcher.
    """

    event: str
    kind: str
    handler: Mapping[str, Any]


_FIELDS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    CLAUDE: {
        "UserPromptSubmit": ("session_id", "agent_id"),
        "PostToolUse": ("session_id", "agent_id"),
        "Stop": ("session_id", "agent_id", "stop_hook_active"),
    },
    CODEX: {
        "SessionStart": ("session_id", "source"),
        "UserPromptSubmit": ("session_id",),
        "PostToolUse": ("session_id",),
        "Stop": ("session_id", "stop_hook_active"),
    },
}
"""The events whose hook calls the server, and the fields that it hands over."""

EVENTS: Final = ("SessionStart", "UserPromptSubmit", "PostToolUse", "Stop", "SessionEnd")
"""The events that both clients report to the command."""


def definitions(client: str, script: str, server: str = SERVER) -> tuple[HookDefinition, ...]:
    """Return the hooks of *client*, in the order in which they are to stand in its settings.

    Args:
        client: ``claude`` or ``codex``.
        script: Absolute path of the installed script.
        server: The name under which the server is registered.
    """
    found = []
    for event in EVENTS:
        if event in _FIELDS[client]:
            found.append(_call(client, event, server))
        found.append(_command(client, event, script))
    return tuple(found)


def _call(client: str, event: str, server: str) -> HookDefinition:
    fields = {name: f"${{{name}}}" for name in _FIELDS[client][event]}
    handler = {
        "type": "mcp_tool",
        "server": server,
        "tool": TOOL,
        "input": {"event": event, "client": client, **fields},
        "timeout": TIMEOUT_SECONDS,
    }
    return HookDefinition(event, "mcp_tool", handler)


def _command(client: str, event: str, script: str) -> HookDefinition:
    handler = {
        "type": "command",
        "command": f"{shlex.quote(script)} {event} {client}",
        "timeout": END_TIMEOUT_SECONDS if event == "SessionEnd" else TIMEOUT_SECONDS,
    }
    return HookDefinition(event, "command", handler)
