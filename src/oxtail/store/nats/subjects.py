"""What things are called on the server: subjects, streams, consumers, permissions.

Belongs here: names, pure.  Never here: a connection.  The name of the sending host is part of a
subject, and a host may publish under its own name only; so the server itself vouches for it.
``docs/formats/nats.md`` lists the names.
"""

from __future__ import annotations

from typing import Any, Final

from oxtail.core.names import check_host_id, is_host_id
from oxtail.core.remote import PARTS_MAX
from oxtail.core.value import Value

STREAM: Final = "OXTAIL"
BUCKET: Final = STREAM + "_PRESENCE"
PRESENCE_STREAM: Final = "KV_" + BUCKET
MAIL: Final = "ox.m"
PRESENCE: Final = "$KV." + BUCKET
API: Final = "$JS.API"
BEAT: Final = "beat"
DIGEST: Final = "Oxtail-Digest"
"""Header of a part of a description: its digest, so that who knows the part need not read it."""

ALL_MAIL: Final = f"{MAIL}.*.*"
ALL_PRESENCE: Final = f"{PRESENCE}.*.*"

_ACK: Final = "$JS.ACK"
_ACK_TOKENS: Final = 9
_ACK_TOKENS_WITH_DOMAIN: Final = 11
_DIGITS_MAX: Final = 20


class Delivery(Value):
    """What the server says about one delivery of a message.

    Attributes:
        stream_sequence: The place of the message in the stream.
        consumer_sequence: The how manieth delivery of this consumer it is, from 1.
        deliveries: The how manieth delivery of this message it is, from 1.
        pending: Messages that wait behind it.
    """

    stream_sequence: int
    consumer_sequence: int
    deliveries: int
    pending: int


def mail_subject(receiver: str, sender: str) -> str:
    """Return the subject of what host *sender* sends to host *receiver*."""
    return f"{MAIL}.{check_host_id(receiver)}.{check_host_id(sender)}"


def inbox_filter(host: str) -> str:
    """Return the filter of all that is sent to *host*."""
    return f"{MAIL}.{check_host_id(host)}.*"


def parse_mail_subject(subject: str) -> tuple[str, str] | None:
    """Return receiver and sender of a mail subject, or None if it is none."""
    parts = subject.split(".")
    if len(parts) != 4 or parts[:2] != MAIL.split("."):
        return None
    return (parts[2], parts[3]) if is_host_id(parts[2]) and is_host_id(parts[3]) else None


def consumer(host: str) -> str:
    """Return the name of the consumer of *host*."""
    return f"h-{check_host_id(host)}"


def presence_subject(host: str, part: int) -> str:
    """Return the subject under which *host* describes part *part* of itself."""
    return f"{PRESENCE}.{check_host_id(host)}.{int(part)}"


def beat_subject(host: str) -> str:
    """Return the subject under which *host* says that it is there."""
    return f"{PRESENCE}.{check_host_id(host)}.{BEAT}"


def presence_of(host: str) -> str:
    """Return the filter of all that *host* says of itself."""
    return f"{PRESENCE}.{check_host_id(host)}.*"


def presence_of_all(beats_only: bool) -> tuple[str, ...]:
    """Return the filter of all that anybody says of itself, or of the beats of all."""
    return (f"{PRESENCE}.*.{BEAT}",) if beats_only else (ALL_PRESENCE,)


def parse_presence_subject(subject: str) -> tuple[str, int | None] | None:
    """Return host and part of a presence subject, None as part of a beat, or None if it is none."""
    parts = subject.split(".")
    if len(parts) != 4 or parts[:2] != PRESENCE.split("."):
        return None
    host, number = parts[2:]
    if number == BEAT:
        return (host, None) if is_host_id(host) else None
    is_part = number.isascii() and number.isdecimal() and len(number) <= len(str(PARTS_MAX))
    if not is_host_id(host) or not is_part or int(number) >= PARTS_MAX:
        return None
    return (host, int(number)) if str(int(number)) == number else None


def inbox_prefix(host: str) -> str:
    """Return the first word of all subjects under which answers come to *host*."""
    return f"_INBOX_{check_host_id(host)}"


def parse_ack(reply: str) -> Delivery | None:
    """Return what the reply subject of a delivered message says, or None if it says nothing."""
    parts = reply.split(".")
    if parts[:2] != _ACK.split("."):
        return None
    if len(parts) >= _ACK_TOKENS_WITH_DOMAIN:
        parts = parts[2:]  # before the stream: the domain and the hash of the account
    elif len(parts) != _ACK_TOKENS:
        return None
    numbers = parts[4:9]
    if not all(n.isascii() and n.isdecimal() and len(n) <= _DIGITS_MAX for n in numbers):
        return None
    deliveries, stream_sequence, consumer_sequence, _, pending = map(int, numbers)
    return Delivery(stream_sequence, consumer_sequence, deliveries, pending)


def permissions(host: str) -> dict[str, Any]:
    """Return what the user of *host* may do on the server, as its configuration says it.

    It may send to any host under its own name, take its own mail, describe itself and hear what
    others say of themselves.  It can neither read the stream nor anybody else's mail.
    """
    own = consumer(host)
    return {
        "publish": {
            "allow": [
                f"{MAIL}.*.{host}",
                f"{PRESENCE}.{host}.*",
                f"{API}.CONSUMER.CREATE.{STREAM}.{own}.{inbox_filter(host)}",
                f"{API}.CONSUMER.DELETE.{STREAM}.{own}",
                f"{API}.CONSUMER.INFO.{STREAM}.{own}",
                f"{API}.CONSUMER.MSG.NEXT.{STREAM}.{own}",
                f"{API}.DIRECT.GET.{PRESENCE_STREAM}",
                f"{_ACK}.{STREAM}.{own}.>",
            ]
        },
        "subscribe": {"allow": [f"{inbox_prefix(host)}.>", ALL_PRESENCE]},
    }
