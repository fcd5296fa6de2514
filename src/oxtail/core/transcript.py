"""Transcripts of Claude Code and Codex: lines to messages, messages to a budget."""

from __future__ import annotations

from typing import NamedTuple


class Said(NamedTuple):
    """One message of a transcript: ``user`` or ``assistant``, its text and time stamp."""

    role: str
    text: str
    timestamp: str | None


class Transcript(NamedTuple):
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
