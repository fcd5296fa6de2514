"""One message, as it lies in a box and in a ledger.

Belongs here: the members of a message, their order, limits and checks.  Never here: where it is
stored.  The order of members and the first bytes of a line are part of the protocol
(``docs/formats/envelope.md``).
"""

from __future__ import annotations

from typing import Any, Final

from oxtail.core import codec
from oxtail.core.names import is_message_id
from oxtail.core.value import Value
from oxtail.errors import BadArgument, DamagedRecord

BODY_MAX_BYTES: Final = 8192
"""Largest body that a front end accepts, in UTF-8 bytes."""

LINE_MAX_BYTES: Final = 1_048_576
"""Largest line that is taken for a message; a longer one is damage."""

ORIGINS: Final = ("peer", "operator")

EXTRA_MAX_DEPTH: Final = 16
"""Deepest nesting of a member of other implementations; a deeper one is left out."""

TIME_MAX_SECONDS: Final = 2**53
"""A time stamp from here on is no time stamp: Node counts no further without gaps."""

DEADLINE: Final = "deadline"
"""Extension member: when delegated work is due, in unix seconds."""

_LINE_START: Final = '{{"schema_version":1,"id":"{}","body":"'
_OPTIONAL_TEXT: Final = (
    "from_session_id",
    "request_id",
    "reply_to",
    "source_message_id",
    "operator_source",
)
_KNOWN: Final = frozenset(
    (
        "schema_version",
        "id",
        "body",
        "enqueued_at",
        "body_bytes",
        "origin",
        "action_required",
        *_OPTIONAL_TEXT,
    )
)


class Envelope(Value):
    """One message.

    Attributes:
        id: Sixteen hex digits; the same message always has the same id.
        body: The sender's text, verbatim.
        enqueued_at: When it was made, in unix seconds.
        origin: ``peer`` or ``operator``; provenance, not authentication.
        from_session_id: The sender's session, absent when it has not said who it is.
        request_id: Set on a question; an answer repeats it as ``reply_to``.
        reply_to: The ``request_id`` that this message answers.
        source_message_id: The message that this one is about.
        operator_source: The operator's tool, on operator mail only.
        action_required: True on delegated work that must be closed.
        extra: Members of other implementations, kept and shown as they are.
    """

    id: str
    body: str
    enqueued_at: int
    origin: str = "peer"
    from_session_id: str | None = None
    request_id: str | None = None
    reply_to: str | None = None
    source_message_id: str | None = None
    operator_source: str | None = None
    action_required: bool = False
    extra: tuple[tuple[str, Any], ...] = ()

    @property
    def body_bytes(self) -> int:
        """Length of the body in UTF-8 bytes."""
        return codec.utf8_length(self.body)

    @property
    def deadline(self) -> int | None:
        """When the work is due, in unix seconds; None where it has no deadline.

        It is an extension member, which npm peers drop when they move a message to another box.
        """
        for name, value in self.extra:
            if name == DEADLINE:
                return _seconds(value) or None
        return None

    def as_dict(self) -> dict[str, Any]:
        """Return the members in protocol order; an empty optional member is left out."""
        members: dict[str, Any] = {
            "schema_version": 1,
            "id": self.id,
            "body": self.body,
            "enqueued_at": self.enqueued_at,
            "body_bytes": self.body_bytes,
            "origin": self.origin,
        }
        for name in _OPTIONAL_TEXT:
            if value := getattr(self, name):
                members[name] = value
        if self.action_required:
            members["action_required"] = True
        members.update(self.extra)
        return members


def check_body(body: object, field: str = "body") -> str:
    """Return *body* if a front end may send it.

    Raises:
        BadArgument: it is no text, empty, or over 8192 UTF-8 bytes.
    """
    if not isinstance(body, str):
        raise BadArgument(field, "must be a string")
    if not body:
        raise BadArgument(field, "must not be empty")
    if (size := codec.utf8_length(body)) > BODY_MAX_BYTES:
        raise BadArgument(field, f"exceeds {BODY_MAX_BYTES} UTF-8 bytes (it has {size})")
    return body


def encode(envelope: Envelope) -> bytes:
    """Return the line of *envelope*, its newline included.

    Raises:
        ValueError: no reader would take the line for a message, for instance because the id is not
            sixteen hex digits, or because it is too long.  Nothing was written.
    """
    line = codec.encode_line(envelope.as_dict())
    start = _LINE_START.format(envelope.id) if is_message_id(envelope.id) else None
    if not start or not line.startswith(start.encode()):
        raise ValueError(f"not a valid message id: {envelope.id[:40]!r}")
    if len(line) > LINE_MAX_BYTES:
        raise ValueError(f"a line of {len(line)} bytes is too long for a message")
    return line


def decode(line: bytes) -> Envelope:
    """Return the message on *line*.

    Readers accept any string as id, as every peer does; optional members of the wrong type count
    as absent, and a time stamp that is none as 0.

    Raises:
        DamagedRecord: *line* is not a message; ``problem`` says why.
    """
    if len(line) > LINE_MAX_BYTES:
        raise DamagedRecord("line is too long for a message")
    try:
        members = codec.decode(line)
    except ValueError as error:
        raise DamagedRecord("line is not JSON") from error
    return from_dict(members)


def _seconds(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0
    return int(value) if 0 <= value < TIME_MAX_SECONDS else 0


def _is_shallow(value: object, levels: int = EXTRA_MAX_DEPTH) -> bool:
    if not isinstance(value, (dict, list)):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_shallow(item, levels - 1) for item in inner)


def from_dict(members: object) -> Envelope:
    """Return the message that *members* describes.

    Raises:
        DamagedRecord: *members* is not a message; ``problem`` says why.
    """
    if not isinstance(members, dict):
        raise DamagedRecord("line is not an object")
    if not codec.is_schema_one(members.get("schema_version")):
        raise DamagedRecord("schema_version is not 1")
    identifier, body = members.get("id"), members.get("body")
    if not isinstance(identifier, str) or not isinstance(body, str):
        raise DamagedRecord("id or body is not a string")
    origin = members.get("origin")
    texts = {
        name: value
        for name in _OPTIONAL_TEXT
        if isinstance(value := members.get(name), str) and value
    }
    return Envelope(
        id=identifier,
        body=body,
        enqueued_at=_seconds(members.get("enqueued_at")),
        origin=origin if isinstance(origin, str) and origin in ORIGINS else "peer",
        action_required=members.get("action_required") is True,
        extra=tuple((k, v) for k, v in members.items() if k not in _KNOWN and _is_shallow(v)),
        **texts,
    )


def replies_to(envelope: Envelope, message_id: str, request_id: str | None) -> bool:
    """Tell whether *envelope* says that it is about this message, or answers this request."""
    return envelope.source_message_id == message_id or (
        bool(request_id) and envelope.reply_to == request_id
    )


__all__ = [
    "BODY_MAX_BYTES",
    "LINE_MAX_BYTES",
    "Envelope",
    "check_body",
    "decode",
    "encode",
    "from_dict",
    "is_message_id",
    "replies_to",
]
