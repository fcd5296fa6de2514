"""What hosts say to each other, as bytes.

Belongs here: from a message to the payload that carries it, and back, pure.  Whatever bytes come,
decoding ends with a value: a host on the other side may be broken, newer or hostile.
``docs/formats/nats.md`` is the format.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from oxtail.core import codec, remote
from oxtail.core import envelope as mail_format
from oxtail.core.digest import sha256_hex
from oxtail.core.names import is_host_id, is_message_id, is_session_id
from oxtail.core.remote import Mail, Report
from oxtail.core.value import Value
from oxtail.errors import DamagedRecord

VERSION: Final = 1

PAYLOAD_MAX_BYTES: Final = 900_000
"""Largest payload, a little below what a server takes unless it is told otherwise (1 MiB)."""

BEAT_MAX_BYTES: Final = 2_000
"""Largest beat; one with the most parts has some 700 bytes."""

_DIGEST: Final = re.compile(r"[0-9a-f]{16}")
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z", re.ASCII)
_REASON_MAX_CHARS: Final = 200
_WORD_MAX_CHARS: Final = 40


class Unreadable(Value):
    """A payload that this version cannot use.

    Attributes:
        problem: Why.
        is_newer: Whether a later version of this program may be able to.
    """

    problem: str
    is_newer: bool = False


def message_key(kind: str, message_id: str, stage: str = "") -> str:
    """Return the key by which the server knows a payload that it already has."""
    return f"{kind}:{message_id}:{stage}" if stage else f"{kind}:{message_id}"


def encode_mail(mail: Mail) -> bytes:
    """Return the payload of *mail*.

    Raises:
        ValueError: it is larger than a server takes.
    """
    to: dict[str, Any] = {"session_id": mail.to}
    if mail.project:
        to["project"] = mail.project
    return _sized({"v": VERSION, "kind": "mail", "to": to, "envelope": mail.envelope.as_dict()})


def encode_report(report: Report) -> bytes:
    """Return the payload of *report*."""
    members = {name: value for name, value in report._asdict().items() if value is not None}
    return _sized({"v": VERSION, "kind": "receipt", "receipt": members})


def _sized(members: dict[str, Any]) -> bytes:
    data = codec.encode_compact(members)
    if len(data) > PAYLOAD_MAX_BYTES:
        raise ValueError(f"a payload of {len(data)} bytes is too large")
    return data


def decode(data: bytes) -> Mail | Report | Unreadable:
    """Return what *data* says."""
    if len(data) > PAYLOAD_MAX_BYTES:
        return Unreadable(f"larger than {PAYLOAD_MAX_BYTES} bytes")
    try:
        members = codec.decode(data)
    except ValueError:
        return Unreadable("not JSON")
    if not isinstance(members, dict):
        return Unreadable("not an object")
    version = members.get("v")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        return Unreadable("without a version")
    if version > VERSION:
        return Unreadable(f"of version {min(version, 10**6)}", is_newer=True)
    kind = members.get("kind")
    if kind == "mail":
        return _mail(members)
    if kind == "receipt":
        return _report(members.get("receipt"))
    return Unreadable("of an unknown kind", is_newer=isinstance(kind, str))


def _mail(members: dict[str, Any]) -> Mail | Unreadable:
    to = members.get("to")
    session_id = to.get("session_id") if isinstance(to, dict) else None
    if not isinstance(to, dict) or not isinstance(session_id, str) or not is_session_id(session_id):
        return Unreadable("mail for nobody")
    try:
        message = mail_format.from_dict(members.get("envelope"))
    except DamagedRecord as error:
        return Unreadable(error.problem)
    if not is_message_id(message.id):
        return Unreadable("mail without a message id")
    sender = message.from_session_id
    if sender is not None and not is_session_id(sender):
        return Unreadable("mail from no session")
    project = to.get("project")
    is_key = isinstance(project, str) and remote.PROJECT_KEY.fullmatch(project)
    return Mail(session_id, project if is_key else None, message)


def _word(value: object, limit: int = _WORD_MAX_CHARS) -> str | None:
    is_word = isinstance(value, str) and 0 < len(value) <= limit and value.isprintable()
    return value if is_word and isinstance(value, str) else None


def _report(members: object) -> Report | Unreadable:
    if not isinstance(members, dict):
        return Unreadable("a receipt that is not an object")
    message_id, at = members.get("message_id"), members.get("at")
    stage, session_id = _word(members.get("stage")), members.get("session_id")
    is_time = (
        isinstance(at, int) and not isinstance(at, bool) and 0 <= at < mail_format.TIME_MAX_SECONDS
    )
    if not isinstance(message_id, str) or not is_message_id(message_id) or stage is None:
        return Unreadable("a receipt for no message")
    return Report(
        message_id=message_id,
        stage=stage,
        at=at if is_time and isinstance(at, int) else 0,
        via=_word(members.get("via")),
        session_id=session_id
        if isinstance(session_id, str) and is_session_id(session_id)
        else None,
        reason=_word(members.get("reason"), _REASON_MAX_CHARS),
    )


def encode_host(host: remote.RemoteHost) -> bytes:
    """Return the payload in which a host describes itself.

    Raises:
        ValueError: it is larger than a server takes.
    """
    return _sized(host.as_dict())


def decode_host(data: bytes, host_id: str, part: int) -> remote.RemoteHost | Unreadable:
    """Return what host *host_id* says of itself in its part *part*."""
    if len(data) > PAYLOAD_MAX_BYTES:
        return Unreadable(f"larger than {PAYLOAD_MAX_BYTES} bytes")
    try:
        host = remote.from_dict(codec.decode(data))
    except ValueError:
        return Unreadable("not JSON")
    except DamagedRecord as error:
        return Unreadable(error.problem)
    if host.host_id != host_id or host.part != part:
        return Unreadable("a description of somebody else")
    return host


# ---------------------------------------------------------------------- digests and beats


class Beat(Value):
    """The word of a host that it is there.

    Attributes:
        instance: Its state folder, as in its description.
        parts: The digests of the parts of its description, in their order.
    """

    instance: str
    parts: tuple[str, ...]


def is_digest(text: object) -> bool:
    """Tell whether *text* is a digest: 16 lower-case hex digits."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def digest_of(part: remote.RemoteHost) -> str:
    """Return the digest of what *part* says, whenever it says it."""
    return sha256_hex(encode_host(part._replace(at=0)))[:16]


def encode_beat(beat: Beat) -> bytes:
    """Return the payload of *beat*."""
    members = {"v": VERSION, "instance": beat.instance, "parts": list(beat.parts)}
    return codec.encode_compact(members)


def decode_beat(data: bytes) -> Beat | Unreadable:
    """Return the beat that *data* is."""
    if len(data) > BEAT_MAX_BYTES:
        return Unreadable(f"larger than {BEAT_MAX_BYTES} bytes")
    try:
        members = codec.decode(data)
    except ValueError:
        return Unreadable("not JSON")
    if not isinstance(members, dict) or members.get("v") != VERSION:
        return Unreadable("a beat of another version", is_newer=True)
    instance, parts = members.get("instance"), members.get("parts")
    if not is_host_id(instance) or not isinstance(parts, list) or not all(map(is_digest, parts)):
        return Unreadable("no beat")
    if not 0 < len(parts) <= remote.PARTS_MAX:
        return Unreadable("no beat")
    return Beat(str(instance), tuple(parts))


def unix_time(text: object) -> float:
    """Return the unix seconds of a time as the server writes it, or 0 if it is none."""
    if not isinstance(text, str) or (match := _TIME.fullmatch(text)) is None:
        return 0.0
    try:
        return datetime.fromisoformat(match[1] + "+00:00").timestamp()
    except ValueError:
        return 0.0
