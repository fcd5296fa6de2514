"""The tools: names, arguments and nature.  What they do is in :mod:`oxtail.server.tools`.

Kept apart from the tools so that listing them loads no use case.  Limits that a use case owns are
its own; the bounds here only keep what is passed on small.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from oxtail.core.entry import NAME_MAX_CHARS, PURPOSE_MAX_CHARS
from oxtail.core.value import Value
from oxtail.server.schema import (
    Anything,
    Body,
    Choice,
    Field,
    Flag,
    Integer,
    Targets,
    Text,
    object_schema,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SESSION_ID_MAX_CHARS: Final = 200
TARGET_MAX_CHARS: Final = 300
"""A session id, a chosen name, or a tmux session name."""

GROUP_MAX: Final = 32

MESSAGE_ID_MAX_CHARS: Final = 200
"""Ids of this implementation have 16; other peers may use longer ones."""

KEY_MAX_CHARS: Final = 200
DUE_MAX_SECONDS: Final = 30 * 86_400
PATH_MAX_CHARS: Final = 4_096
ASK_MAX_MS: Final = 300_000
WAIT: Final = "wait_ms"
"""The argument that makes a call wait that otherwise does not."""

_DESCRIPTIONS: Final = os.path.join(os.path.dirname(__file__), "descriptions")


class Tool(Value):
    """One tool.

    Attributes:
        name: As clients call it; its text is ``descriptions/<name>.md``.
        fields: Its arguments.
        reads_only: Whether it leaves everything as it is.
        waits: Whether a call may take long, and so must not keep others waiting.
    """

    name: str
    fields: tuple[Field, ...] = ()
    reads_only: bool = False
    waits: bool = False

    def listing(self) -> dict[str, Any]:
        """Return the tool as ``tools/list`` shows it.

        A tool that changes something says that it destroys nothing and stays on this machine:
        clients ask their user before each call of a tool that does not.
        """
        return {
            "name": self.name,
            "description": text(self.name),
            "inputSchema": object_schema(self.fields),
            "annotations": {"readOnlyHint": True}
            if self.reads_only
            else {"destructiveHint": False, "openWorldHint": False},
        }


def text(name: str) -> str:
    """Return the text ``descriptions/<name>.md``, each paragraph on one line."""
    with open(os.path.join(_DESCRIPTIONS, f"{name}.md"), encoding="utf-8") as file:
        paragraphs = file.read().split("\n\n")
    return "\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _root(note: str = "") -> Text:
    return Text("project_root", PATH_MAX_CHARS, note=note, empty="absent")


def _peer(name: str) -> Text:
    return Text(name, TARGET_MAX_CHARS, required=True, note="session id, peer name or tmux name")


def _wake() -> Choice:
    return Choice("wake", ("auto", "off"))


def _message_id(required: bool = True, name: str = "message_id") -> Text:
    return Text(name, MESSAGE_ID_MAX_CHARS, required=required)


_IDENTITY: Final = (
    Text("session_id", SESSION_ID_MAX_CHARS, required=True),
    Text("name", NAME_MAX_CHARS, note="a name peers may use"),
    Flag("force", note="take over an id that a live session holds"),
)

TOOLS: Final = (
    Tool(
        "list_project_sessions",
        (_root("absolute; default: your project"), Flag("compact")),
        reads_only=True,
    ),
    Tool(
        "read_session",
        (
            _peer("name"),
            _root(),
            Choice("mode", ("auto", "transcript", "pane")),
            Integer("limit", 1, 1_000, note="messages; default 20", clamps=True),
            Integer("max_bytes", 256, 1_000_000, note="default 24000", clamps=True),
            Flag("include_timestamps"),
            Flag("tail_scan", note="read backwards; for long transcripts"),
            Integer("pane_lines", 20, 2_000, note="default 240", clamps=True),
            Integer("pane_max_chars", 500, 200_000, note="default 20000", clamps=True),
        ),
        reads_only=True,
    ),
    Tool("register_my_session", _IDENTITY),
    Tool("claim_session", _IDENTITY),
    Tool("get_my_session", reads_only=True),
    Tool(
        "set_my_state",
        (
            Text(
                "purpose",
                PURPOSE_MAX_CHARS,
                note="omit to renew",
                printable=False,
                empty="kept",
                tells_limit=True,
            ),
        ),
    ),
    Tool(
        "send_message",
        (
            Targets(
                "target",
                TARGET_MAX_CHARS,
                GROUP_MAX,
                required=True,
                note="session id, peer name or tmux name; a list of these; or all",
            ),
            Body("body", note="1 to 8192 bytes"),
            _wake(),
            Text("reply_to", MESSAGE_ID_MAX_CHARS, note="request_id that this answers"),
            _message_id(required=False, name="source_message_id"),
            Flag("action_required", note="delegate: the peer owes it until closed"),
            Integer("due_in_s", 1, DUE_MAX_SECONDS),
            Text("idempotency_key", KEY_MAX_CHARS, note="same key in a retry: sent once"),
            Integer(WAIT, 1, ASK_MAX_MS, note="wait until it is shown"),
        ),
    ),
    Tool("reply_to_message", (_message_id(), Body("body", note="1 to 8192 bytes"), _wake())),
    Tool("read_my_messages"),
    Tool(
        "ask_peer",
        (
            _peer("target"),
            Body("body", note="1 to 8192 bytes"),
            Integer("timeout_ms", 1, ASK_MAX_MS, note="default 60000, usually at most 100000"),
        ),
        waits=True,
    ),
    Tool(
        "message_status",
        (Text("message_id", 16, required=True, pattern="[0-9a-f]{16}"),),
        reads_only=True,
    ),
    Tool("my_open_work"),
    Tool("complete_work", (_message_id(), Body("body"), _wake())),
    Tool(
        "block_work",
        (
            _message_id(),
            Body("reason"),
            Flag("decline", note="it will not be done"),
            Text("reassign_to", TARGET_MAX_CHARS, note="peer that takes it over"),
            _wake(),
        ),
    ),
)

UNLISTED: Final = (
    Tool(
        "hook",
        tuple(
            Anything(name)
            for name in ("event", "client", "session_id", "agent_id", "stop_hook_active")
        ),
    ),
)
"""Tools for the client's hooks, which call them by name; no model is told of them."""


def listing() -> Iterator[dict[str, Any]]:
    """Yield every tool as ``tools/list`` shows it."""
    for tool in TOOLS:
        yield tool.listing()
