"""A session id that was found, and how."""

from __future__ import annotations

from oxtail.core.value import Value


class Detected(Value):
    """A session id that was found, and how.

    Attributes:
        session_id: The session.
        source: As ``session_id_source`` in :class:`~oxtail.core.entry.Client`.
        transcript_path: Its transcript, where the source knows it.
    """

    session_id: str
    source: str
    transcript_path: str | None = None
