"""Transcripts of Claude Code and Codex: lines to messages, messages to a budget.

Belongs here: one line, and a list of messages.  Never here: files.  Both clients write one JSON
object a line and append while we read, so a line that is none is skipped, never an error.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from oxtail.core import codec
from oxtail.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

LIMIT_DEFAULT: Final = 20
LIMIT_RANGE: Final = (1, 1_000)
BYTES_DEFAULT: Final = 24_000
BYTES_RANGE: Final = (256, 1_000_000)
"""Defaults and bounds of a transcript's budgets: messages, and UTF-8 bytes of text."""

_ROLES: Final = ("user", "assistant")
_INSTRUCTIONS: Final = "# AGENTS.md instructions for "
_ENVIRONMENT: Final = ("<environment_context>", "</environment_context>")


class Said(Value):
    """One message of a transcript: ``user`` or ``assistant``, its text and time stamp."""

    role: str
    text: str
    timestamp: str | None


class Transcript(Value):
    """The end of a conversation, within budgets, oldest first.

    Attributes:
        messages: What was said.
        count_truncated: Older messages were left out because of the limit.
        bytes_truncated: Text was left out because of the byte budget.
        total_messages: How many there are, None where the scan did not see the beginning.
        modified_at: When the file last changed (unix seconds), None if it is gone.
    """

    messages: tuple[Said, ...]
    count_truncated: bool
    bytes_truncated: bool
    total_messages: int | None
    modified_at: float | None


def _object(line: bytes | str) -> dict[str, Any]:
    try:
        value = codec.decode(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _blocks(content: object, types: Collection[str]) -> list[str]:
    if not isinstance(content, list):
        return []
    return [
        block["text"]
        for block in content
        if isinstance(block, dict)
        and block.get("type") in types
        and isinstance(block.get("text"), str)
    ]


def _said(message: dict[str, Any], text: str, timestamp: object) -> Said | None:
    role = message.get("role")
    if not isinstance(role, str) or role not in _ROLES or not text:
        return None
    return Said(role, text, timestamp if isinstance(timestamp, str) else None)


def parse_claude_line(line: bytes | str) -> Said | None:
    """Return what one line of a Claude Code transcript says, or None.

    Tool calls and tool results say nothing.
    """
    record = _object(line)
    message = record.get("message")
    if record.get("type") not in _ROLES or not isinstance(message, dict):
        return None
    content = message.get("content")
    text = content if isinstance(content, str) else "\n".join(_blocks(content, ("text",)))
    return _said(message, text, record.get("timestamp"))


def _is_injected(text: str) -> bool:
    """Tell whether Codex itself put *text* into the conversation."""
    bare = text.strip()
    return bare.startswith(_INSTRUCTIONS) or (
        bare.startswith(_ENVIRONMENT[0]) and bare.endswith(_ENVIRONMENT[1])
    )


def parse_codex_line(line: bytes | str) -> Said | None:
    """Return what one line of a Codex transcript says, or None.

    Blocks that Codex injects into the user's messages are left out.
    """
    record = _object(line)
    message = record.get("payload")
    if record.get("type") != "response_item" or not isinstance(message, dict):
        return None
    if message.get("type") != "message":
        return None
    blocks = _blocks(message.get("content"), ("input_text", "output_text"))
    text = "\n".join(block for block in blocks if not _is_injected(block))
    return _said(message, text, record.get("timestamp"))


def _clamp(value: object, default: int, bounds: tuple[int, int]) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return default
    if isinstance(value, float) and not math.isfinite(value):
        return default
    return min(max(math.floor(value), bounds[0]), bounds[1])


def clamp_limit(value: object) -> int:
    """Return a usable number of messages: 1 to 1000, and 20 for what is no finite number."""
    return _clamp(value, LIMIT_DEFAULT, LIMIT_RANGE)


def clamp_bytes(value: object) -> int:
    """Return a usable byte budget: 256 to 1000000, and 24000 for what is no finite number."""
    return _clamp(value, BYTES_DEFAULT, BYTES_RANGE)


def _head(text: str, room: int) -> str:
    """Return as many whole characters from the start of *text* as fit into *room* UTF-8 bytes."""
    data = text.encode("utf-8", "surrogatepass")
    while room > 0 and data[room] & 0xC0 == 0x80:
        room -= 1
    return data[:room].decode("utf-8", "surrogatepass")


def fit(
    messages: Sequence[Said],
    limit: int,
    max_bytes: int,
    *,
    more_before: bool,
    total: int | None,
    modified_at: float | None,
) -> Transcript:
    """Return the end of *messages* that fits the budgets.

    The newest messages are kept whole while they fit.  The first that does not fit keeps its
    beginning, cut between characters, and says how many bytes are gone; that mark is not counted.
    Everything older is left out.

    Args:
        messages: What the reader found, newest last; one more than *limit* is enough.
        limit: Most messages.
        max_bytes: Most UTF-8 bytes of text.
        more_before: Whether the reader knows of older messages than these.
        total: How many messages the whole file has, if known.
        modified_at: When the file last changed (unix seconds), None if it is gone.
    """
    newest = messages[max(0, len(messages) - limit) :]
    kept: list[Said] = []
    room, cut = max_bytes, False
    for said in reversed(newest):
        size = codec.utf8_length(said.text)
        if size > room:
            cut = True
            if room > 0:
                head = _head(said.text, room)
                gone = size - codec.utf8_length(head)
                kept.append(said._replace(text=f"{head}…[+{gone}B truncated]"))
            break
        kept.append(said)
        room -= size
    return Transcript(
        messages=tuple(reversed(kept)),
        count_truncated=more_before or len(newest) < len(messages),
        bytes_truncated=cut,
        total_messages=total,
        modified_at=modified_at,
    )


def clip_tail(text: str, max_chars: int) -> tuple[str, bool]:
    """Return the last *max_chars* characters of *text*, and whether any were left out.

    Then one line in front says so; it is not counted.
    """
    if len(text) <= max_chars:
        return text, False
    return (
        f"[... only the last {max_chars} characters are shown]\n{text[len(text) - max_chars :]}",
        True,
    )
