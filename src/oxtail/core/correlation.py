"""The life of a question, from asking to its answer."""

from __future__ import annotations

from typing import NamedTuple


class Ask(NamedTuple):
    """An open question: who asked whom, with which request, in which message.

    Attributes:
        session_id: The asker.
        request_id: What the answer repeats as ``reply_to``.
        target: The session asked.
        message_id: The message that carries the question.
        owner_epoch: ``started_at`` of the asker's server (unix seconds).
        at_ms: When it was asked, in unix milliseconds.
    """

    session_id: str
    request_id: str
    target: str
    message_id: str
    owner_epoch: int
    at_ms: int
