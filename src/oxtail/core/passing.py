"""Work of another host's session that is handed on: what that host is told, in one member of mail.

The host of the requester speaks for its sessions, so it alone can give work in their name.  Whoever
owes such work tells that host who shall owe it, in the note to the requester, and that host passes
it on; see ``docs/formats/nats.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from oxtail.core import codec
from oxtail.core.envelope import BODY_MAX_BYTES, TIME_MAX_SECONDS
from oxtail.core.names import is_host_id, is_message_id, is_session_id
from oxtail.core.value import Value

if TYPE_CHECKING:
    from oxtail.core.envelope import Envelope

HANDED_ON: Final = "handed_on"
"""Extension member of the note to a requester on another host; its host takes it out."""


class HandedOn(Value):
    """Work of a session of this host that a session of another one has handed on.

    Attributes:
        message_id: The work, as the one who handed it on owed it.
        to: The session that shall owe it.
        host: The host of that session, where the work is not there yet; else None.
        body: The work, where it is not there yet; else an empty text.
        deadline: When it is due, in unix seconds, if it has a deadline.
    """

    message_id: str
    to: str
    host: str | None = None
    body: str = ""
    deadline: int | None = None


def with_handed_on(note: Envelope, handed: HandedOn) -> Envelope:
    """Return *note* with what the host of its receiver has to know."""
    members = {name: value for name, value in handed._asdict().items() if value not in (None, "")}
    return note._replace(extra=(*note.extra, (HANDED_ON, members)))


def handed_on(note: Envelope) -> HandedOn | None:
    """Return what *note* says of work that was handed on, or None if it says nothing usable."""
    members = dict(note.extra).get(HANDED_ON)
    if not isinstance(members, dict):
        return None
    message_id, to = members.get("message_id"), members.get("to")
    if not isinstance(message_id, str) or not is_message_id(message_id):
        return None
    if not isinstance(to, str) or not is_session_id(to):
        return None
    host, body = members.get("host"), members.get("body", "")
    if host is None:
        return HandedOn(message_id, to)
    if not is_host_id(host) or not isinstance(body, str) or not body:
        return None
    if codec.utf8_length(body) > BODY_MAX_BYTES:
        return None
    return HandedOn(message_id, to, str(host), body, _deadline(members.get("deadline")))


def _deadline(value: Any) -> int | None:
    is_time = isinstance(value, int) and not isinstance(value, bool)
    return value if is_time and 0 < value < TIME_MAX_SECONDS else None
