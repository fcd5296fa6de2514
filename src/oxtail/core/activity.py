"""Which tool an agent uses, as the end of its transcript tells.

Belongs here: lines to tool calls, and a call to its family.  Never here: files.  The lines come
from the newest to the oldest, so that a long transcript costs no more than a short one.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Any, Final

from oxtail.core import codec
from oxtail.core.plain import plain
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES_MAX: Final = 2_000
"""Most lines of a transcript that are looked at."""

BYTES_MAX: Final = 512 * 1024
"""Most bytes of a transcript that are looked at."""

BATCH_LINES: Final = 64
"""Lines that are looked at beyond the newest call, for calls that were made together with it."""

NAME_MAX_CHARS: Final = 120
"""Longest name of a tool that is kept."""

LABEL_MAX_CHARS: Final = 12
"""Longest name that stands for a tool without a family."""


class Family(enum.Enum):
    """What kind of thing a tool does."""

    OXTAIL = "oxtail"
    PLAN = "plan"
    TASK = "task"
    WEB = "web"
    SEARCH = "search"
    BASH = "bash"
    EDIT = "edit"
    READ = "read"
    TOOL = "tool"


class Tool(Value):
    """The tool call that counts: the newest that runs, else the newest.

    Attributes:
        name: The client's name of the tool, safe to show.
        family: Its family.
        running: Whether it has no result yet.
    """

    name: str
    family: Family
    running: bool

    @property
    def label(self) -> str:
        """A short word for it."""
        if self.family is not Family.TOOL:
            return str(self.family.value)
        last = self.name.replace(".", "_").rpartition("_")[2]
        return last[:LABEL_MAX_CHARS] or Family.TOOL.value


class Activity(Value):
    """What a transcript says of its agent.

    Attributes:
        modified_at: When it last changed, in unix seconds; None if there is none.
        tool: The tool call at its end, or None if none was found within the bounds.
    """

    modified_at: float | None = None
    tool: Tool | None = None


_OURS: Final = frozenset(
    (
        "claim_session", "register_my_session", "get_my_session", "list_project_sessions",
        "read_session", "send_message", "reply_to_message", "ask_peer", "read_my_messages",
        "set_my_state", "message_status", "my_open_work", "complete_work", "block_work",
    )
)  # fmt: skip

_FAMILIES: Final = tuple(
    (family, re.compile(pattern))
    for family, pattern in (
        (Family.OXTAIL, "oxtail"),
        (Family.PLAN, r"update_plan|todo|(?<![a-z])plan(?![a-z])"),
        (Family.TASK, "task|subagent|dispatch|spawn"),
        (Family.WEB, "web|fetch|url|http|browser|navigate"),
        (Family.SEARCH, "grep|glob|search|find|ripgrep|codebase|list_dir"),
        (Family.BASH, "bash|shell|exec|run_command|terminal|local_shell|container"),
        (Family.EDIT, "edit|write|apply_patch|str_replace|create_file|insert|notebook"),
        (Family.READ, "read|cat|view|open_file"),
    )
)


def family_of(name: str) -> Family:
    """Return the family of the tool that a client calls *name*."""
    lowered = name.lower()
    if lowered in _OURS:
        return Family.OXTAIL
    return next((family for family, form in _FAMILIES if form.search(lowered)), Family.TOOL)


class _Call(Value):
    """One call: its id and name, what it was made together with, and whether it is over."""

    id: str | None
    name: str
    batch: str | None
    over: bool = False


class _Result(Value):
    """The result of the call with this id."""

    call_id: str


class _Border(Value):
    """Something that is part of another batch of calls than what comes after it."""

    batch: str | None


_Event = _Call | _Result | _Border


class ToolScan:
    """Finds the tool call that counts, in lines that are given newest first.

    A client may make several calls at once, and the last one may end first; so all calls that were
    made together with the newest one are looked at.

    Args:
        client_type: ``codex`` for that client's form of lines, else that of Claude Code.
    """

    def __init__(self, client_type: str) -> None:
        self._is_codex = client_type == "codex"
        self._events = _codex_events if self._is_codex else _claude_events
        self._mark = b"_call" if self._is_codex else b'"tool_'
        self._results: set[str] = set()
        self._newest: _Call | None = None
        self._running: _Call | None = None
        self._left = BATCH_LINES

    def take(self, line: bytes) -> bool:
        """Look at the next older line; return whether still older ones may matter."""
        if self._newest is not None:
            self._left -= 1
        elif self._mark not in line:
            return True
        for event in self._events(_object(line)):
            if isinstance(event, _Result):
                self._results.add(event.call_id)
            elif self._newest is not None and event.batch != self._newest.batch:
                return False
            elif isinstance(event, _Call):
                self._newest = self._newest or event
                if not event.over and (event.id is None or event.id not in self._results):
                    self._running = event
                    return False
        return self._left > 0

    @property
    def found(self) -> Tool | None:
        """The call that counts, or None."""
        call = self._running or self._newest
        if call is None:
            return None
        name = plain(call.name, NAME_MAX_CHARS)
        return Tool(name, family_of(name), self._running is not None)


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = codec.decode(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _claude_events(record: dict[str, Any]) -> Iterator[_Event]:
    message = record.get("message")
    if not isinstance(message, dict):
        return
    batch = _text(message.get("id"))
    content = message.get("content")
    for item in reversed(content) if isinstance(content, list) else ():
        if not isinstance(item, dict):
            continue
        if item.get("type") == "tool_use" and (name := _text(item.get("name"))):
            yield _Call(_text(item.get("id")), name, batch)
        elif item.get("type") == "tool_result" and (call_id := _text(item.get("tool_use_id"))):
            yield _Result(call_id)
    if record.get("type") == "assistant":
        yield _Border(batch)


_CODEX_BORDERS: Final = ("message", "reasoning")


def _codex_events(record: dict[str, Any]) -> Iterator[_Event]:
    item = record.get("payload")
    if record.get("type") != "response_item" or not isinstance(item, dict):
        return
    kind, call_id = _text(item.get("type")) or "", _text(item.get("call_id"))
    if kind in _CODEX_BORDERS:
        yield _Border("another")
    elif kind.endswith("_call_output"):
        if call_id:
            yield _Result(call_id)
    elif kind.endswith("_call"):
        # A call that the provider itself carries out has no name and no result of its own.
        name = _text(item.get("name")) or kind.removesuffix("_call")
        space = _text(item.get("namespace"))
        over = call_id is None and item.get("status") == "completed"
        yield _Call(call_id, f"{space}.{name}" if space else name, None, over)
