"""What the server has to keep, and within which bounds.

One stream holds mail that is on its way, each message until its receiver's host has committed it;
one bucket holds what hosts say of themselves.  A full stream refuses new mail instead of dropping
old, so that mail waits with its sender.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from oxtail.core.value import Value
from oxtail.errors import EngineRefused
from oxtail.store.nats import subjects
from oxtail.store.nats.encoding import PAYLOAD_MAX_BYTES

if TYPE_CHECKING:
    from oxtail.store.nats.client import Client

_SECOND: Final = 1_000_000_000
_STREAM_MISSING: Final = 10059

DUPLICATES_SECONDS: Final = 600
"""How long the server knows what it has; a receiver knows it for a week."""


DESCRIBED_SECONDS: Final = 3_600
"""How long the server remembers a description.

A host looks each time it says that it is there whether the server still has its own, and says it
again if not; so a shorter time works, too, and costs more.  Whether a host is there is told by when
it last said so."""


class Bounds(Value):
    """How much the server keeps.

    Attributes:
        pair_messages: Messages from one host to another that are on their way.
        total_bytes: Bytes of all mail that is on its way.
        replicas: Servers that hold each message: 1, 3 or 5, at most as many as the cluster has.
    """

    pair_messages: int = 10_000
    total_bytes: int = 1 << 30
    replicas: int = 1


def mail_stream(bounds: Bounds) -> dict[str, Any]:
    """Return the configuration of the stream."""
    return {
        "name": subjects.STREAM,
        "description": "oxtail: mail between hosts, until it is committed by its receiver's",
        "subjects": [subjects.ALL_MAIL],
        "retention": "workqueue",
        "storage": "file",
        "discard": "new",
        "discard_new_per_subject": True,
        "max_msgs_per_subject": bounds.pair_messages,
        "max_bytes": bounds.total_bytes,
        "max_msg_size": PAYLOAD_MAX_BYTES + 4_096,
        "duplicate_window": DUPLICATES_SECONDS * _SECOND,
        "num_replicas": bounds.replicas,
    }


def presence_stream(bounds: Bounds) -> dict[str, Any]:
    """Return the configuration of the bucket; nobody can remove what another host says."""
    return {
        "name": subjects.PRESENCE_STREAM,
        "description": "oxtail: who is on which host",
        "subjects": [f"{subjects.PRESENCE}.>"],
        "retention": "limits",
        "storage": "file",  # one in memory would be gone with a single server that is restarted
        "discard": "new",
        "max_msgs_per_subject": 1,
        "max_age": DESCRIBED_SECONDS * _SECOND,
        "max_msg_size": PAYLOAD_MAX_BYTES + 4_096,
        "allow_direct": True,
        "deny_delete": True,
        "allow_rollup_hdrs": False,
        "num_replicas": bounds.replicas,
    }


async def prepare(client: Client, bounds: Bounds) -> tuple[str, ...]:
    """Make the stream and the bucket, or give them these bounds; return what was made.

    Raises:
        EngineRefused: the server does not let this user, or cannot.
        EngineUnreachable: no answer came.
    """
    made = []
    for config in (mail_stream(bounds), presence_stream(bounds)):
        try:
            await client.api(f"STREAM.UPDATE.{config['name']}", config)
        except EngineRefused as error:
            if error.fields.get("err_code") != _STREAM_MISSING:
                raise
            await client.api(f"STREAM.CREATE.{config['name']}", config)
            made.append(str(config["name"]))
    return tuple(made)
