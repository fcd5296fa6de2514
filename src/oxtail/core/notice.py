"""A line for the human."""

from __future__ import annotations

from oxtail.core.value import Value


class Notice(Value):
    """Something that a person should know.

    Attributes:
        at: Unix seconds.
        kind: A stable word, such as ``damped`` or ``expired``.
        text: One line.
        session_id: Whom it is about, if anybody.
    """

    at: int
    kind: str
    text: str
    session_id: str | None = None
