"""What is known of one message, each fact with its proof."""

from __future__ import annotations

from oxtail.core.value import Value


class Offered(Value):
    """A message was offered to its receiver's client.

    Attributes:
        message_id: The message.
        door: Through which door.
        at: When, in unix seconds.
        attempt: The how manieth offer it was, from 1.
    """

    message_id: str
    door: str
    at: int
    attempt: int


class InContext(Value):
    """A message was found in the receiver's own transcript.

    Attributes:
        message_id: The message.
        transcript: Path of the transcript.
        line: Number of the line, from 1.
        at: When it was found, in unix seconds.
    """

    message_id: str
    transcript: str
    line: int
    at: int
