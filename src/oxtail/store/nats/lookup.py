"""What the server remembers of what hosts have said of themselves.

Belongs here: asking it, and reading its answers.  Never here: what follows from them.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import TYPE_CHECKING, Any, Final

from oxtail.core.value import Value
from oxtail.errors import EngineRefused
from oxtail.store.nats import encoding, subjects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oxtail.store.nats.client import Client

ANSWER_SECONDS: Final = 1.0
"""How long the next message of an answer may take; a server that is too old sends none."""

_SUBJECT: Final = "Nats-Subject"
_TIME: Final = "Nats-Time-Stamp"
_numbers = itertools.count(1)


class Said(Value):
    """Something that a host has said of itself.

    Attributes:
        host_id: The host.
        part: Which part of its description it is, or None for a beat.
        data: The words.
        digest: The digest of that part, by the word of the host; empty where it says none.
        at: When the server got it, in unix seconds of the server; 0 where it does not tell.
    """

    host_id: str
    part: int | None
    data: bytes
    digest: str = ""
    at: float = 0.0

    @classmethod
    def of(cls, subject: str, message: Any) -> Said | None:
        """Return what *message* says under *subject*, or None if nobody says such a thing."""
        place = subjects.parse_presence_subject(subject)
        if place is None:
            return None
        headers = message.headers or {}
        digest = headers.get(subjects.DIGEST, "")
        if not encoding.is_digest(digest):
            digest = ""
        return cls(*place, message.data, digest, encoding.unix_time(headers.get(_TIME)))


async def look_up(client: Client, wanted: Sequence[str]) -> list[Said]:
    """Return what was last said under each subject that fits one of *wanted*, oldest first.

    A server older than 2.11 does not answer; then there is nothing.

    Raises:
        EngineUnreachable: the connection is lost.
    """
    queue: asyncio.Queue[Any] = asyncio.Queue()
    inbox = client.own_subject(f"who.{next(_numbers)}")
    stop = await client.hear(inbox, queue.put)
    found: list[Said] = []
    try:
        subject = f"{subjects.API}.DIRECT.GET.{subjects.PRESENCE_STREAM}"
        await client.say(subject, json.dumps({"multi_last": list(wanted)}).encode(), reply=inbox)
        while message := await client.wait(queue.get(), ANSWER_SECONDS):
            name = (message.headers or {}).get(_SUBJECT)
            if name is None:
                break  # the end, or a refusal
            if said := Said.of(name, message):
                found.append(said)
    finally:
        await stop()
    return found


async def last_said(client: Client, subject: str) -> Said | None:
    """Return what was last said under *subject*, or None if the server keeps nothing there.

    Raises:
        EngineUnreachable: the connection is lost.
    """
    question = json.dumps({"last_by_subj": subject}).encode()
    try:
        answer = await client.request(
            f"{subjects.API}.DIRECT.GET.{subjects.PRESENCE_STREAM}", question
        )
    except EngineRefused:
        return None  # it keeps nothing at all
    headers = answer.headers or {}
    return Said.of(subject, answer) if headers.get(_SUBJECT) == subject else None
