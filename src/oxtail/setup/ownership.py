"""Which entries are ours, which are npm oxtail's, and which belong to somebody else.

Pure: it looks at values that were read from a client's files.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

NAME: Final = "oxtail"
"""The name of the server in both clients; tools are called ``mcp__oxtail__…`` after it."""

SCRIPT_NAME: Final = "oxtail-hook.sh"
HOOK_TOOL: Final = "hook"
NPM_MARKER: Final = "_oxtailHook"
"""The member that npm oxtail leaves at the top of Claude Code's settings."""

_NPM_SCRIPT: Final = re.compile(
    r"oxtail/hooks/(?:pretooluse|posttooluse|stop|userpromptsubmit|sessionstart)\.sh"
)
_NPM_PACKAGE: Final = re.compile(r"oxtail(?:@[\w.^~-]+)?|.*[/\\]oxtail[/\\].*\.[cm]?js")
_NPM_RUNNERS: Final = frozenset(("npx", "npm", "node", "bunx", "bun", "pnpm", "yarn", "deno"))


class Owner(Enum):
    """To whom an entry belongs."""

    OURS = "ours"
    NPM = "npm"
    OTHER = "other"


def owner_of_hook(handler: object) -> Owner:
    """Tell to whom one hook handler belongs."""
    if not isinstance(handler, Mapping):
        return Owner.OTHER
    if handler.get("type") == "mcp_tool":
        named = (handler.get("server"), handler.get("tool"))
        return Owner.OURS if named == (NAME, HOOK_TOOL) else Owner.OTHER
    command = handler.get("command")
    if handler.get("type", "command") != "command" or not isinstance(command, str):
        return Owner.OTHER
    if SCRIPT_NAME in command:
        return Owner.OURS
    return Owner.NPM if _NPM_SCRIPT.search(command.replace('"', "")) else Owner.OTHER


def _words(server: Mapping[str, Any]) -> tuple[str, list[str]] | None:
    command, arguments = server.get("command"), server.get("args", [])
    if not isinstance(command, str) or not isinstance(arguments, list):
        return None
    return os.path.basename(command), [word for word in arguments if isinstance(word, str)]


def owner_of_server(server: object) -> Owner:
    """Tell to whom a registered server of our name belongs."""
    words = _words(server) if isinstance(server, Mapping) else None
    if words is None:
        return Owner.OTHER
    program, arguments = words
    if arguments[-1:] == ["serve"] and (
        program == NAME or arguments[-3:-1] == ["-m", NAME] or NAME in arguments
    ):
        return Owner.OURS
    if program == NAME and not arguments:
        return Owner.NPM
    if program in _NPM_RUNNERS and any(_NPM_PACKAGE.fullmatch(word) for word in arguments):
        return Owner.NPM
    return Owner.OTHER


def launches(server: Mapping[str, Any]) -> str:
    """Return the program that *server* starts, or an empty text."""
    command = server.get("command")
    return command if isinstance(command, str) else ""
