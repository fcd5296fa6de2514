"""Who is on which host: said by each host of itself, heard by all.

A host says it at once when something changes, and again well before the server forgets it.  Others
hear it as it is said; what was said before they came they get from the server.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final

from oxtail.core import remote
from oxtail.errors import ConfigError, EngineRefused, StoreError
from oxtail.store.nats import encoding, subjects

if TYPE_CHECKING:
    from oxtail.core.remote import RemoteHost
    from oxtail.store.nats.client import Client
    from oxtail.store.nats.local import Local
    from oxtail.store.nats.seal import Keyring
    from oxtail.store.nats.settings import Host
    from oxtail.trace import Trace

TTL_SECONDS: Final = 60
"""How long the server remembers what a host said of itself."""

SAY_SECONDS: Final = 20.0
"""How often a host says it, a third of that."""

LOOK_SECONDS: Final = 1.0
"""How often a host looks whether something has changed."""


class TwoFolders(Exception):
    """Another state folder carries for the same host id."""


class Roster:
    """What this host says of itself, and what the others say, on one connection.

    Attributes:
        hosts: The hosts that were heard of on this connection, with the number of their sessions.
        problem: What keeps the server from remembering what this host says of itself, if anything.
    """

    def __init__(
        self, client: Client, host: Host, local: Local, keys: Keyring, trace: Trace
    ) -> None:
        self.hosts: dict[str, int] = {}
        self.problem = ""
        self.twin = ""
        self._client = client
        self._host = host
        self._local = local
        self._keys = keys
        self._trace = trace
        self._parts: dict[str, dict[int, RemoteHost]] = {}
        self._lookups = 0
        self._guard = asyncio.Lock()

    async def open(self) -> None:
        """Say who is here, and learn who else is.

        Raises:
            EngineUnreachable: the connection is lost.
            TwoFolders: another state folder says that it is this host.
        """
        await self._client.hear(subjects.ALL_PRESENCE, self._heard)
        await self.look_up(None)
        if self.twin:  # it was here first, and goes on
            raise TwoFolders(self.twin)
        await self._say(await asyncio.to_thread(self._local.describe))

    async def run(self) -> None:
        """Say who is here for as long as the connection lasts.

        Raises:
            EngineUnreachable: the connection is lost.
            TwoFolders: another state folder says that it is this host.
        """
        loop = asyncio.get_running_loop()
        said: RemoteHost | None = None
        due = 0.0
        while not await self._client.until_closed(LOOK_SECONDS):
            if self.twin:
                raise TwoFolders(self.twin)
            try:
                now = await asyncio.to_thread(self._local.describe)
            except StoreError as error:
                self._trace("nats_presence_failed", error=error.message)
                continue
            if loop.time() >= due or said is None or now._replace(at=0) != said._replace(at=0):
                await self._say(now)
                said, due = now, loop.time() + SAY_SECONDS

    async def _say(self, host: RemoteHost) -> None:
        for part in remote.split(host._replace(key=self._keys.public)):
            subject = subjects.presence_subject(self._host.host_id, part.part)
            data = encoding.encode_host(part)
            try:
                await self._client.keep(subject, data)
                self.problem = ""
            except EngineRefused as error:
                # Those who are here hear it all the same, and mail needs no more than that.
                self.problem = f"presence: {error.message}"
                await self._client.say(subject, data)

    # ------------------------------------------------------------------ hearing

    async def _heard(self, message: Any) -> None:
        place = subjects.parse_presence_subject(message.subject)
        if place:
            await self._take(place, message.data)

    async def _take(self, place: tuple[str, int], data: bytes) -> None:
        host_id, number = place
        part = encoding.decode_host(data, host_id, number)
        if isinstance(part, encoding.Unreadable):
            self._trace("nats_presence_unreadable", host=host_id, problem=part.problem)
            return
        if host_id == self._host.host_id:
            if part.instance != self._host.instance:
                self.twin = part.instance
            return
        async with self._guard:
            parts = self._parts.setdefault(host_id, {})
            parts[number] = part
            for old in [n for n in parts if n >= part.parts]:
                del parts[old]
            if 0 not in parts:
                return
            whole = remote.merged(parts.values())
            self.hosts[host_id] = len(whole.sessions)
            try:
                problem = await asyncio.to_thread(self._keys.heard, host_id, whole.key)
                await asyncio.to_thread(self._local.heard, whole)
                if problem:
                    await asyncio.to_thread(self._local.say, "host_key_changed", problem)
            except (ConfigError, StoreError) as error:
                self._trace("nats_presence_failed", host=host_id, error=error.message)

    async def look_up(self, host_id: str | None) -> None:
        """Ask the server what *host_id*, or everybody for None, has last said.

        A server that is too old to answer for many is not asked again: they all speak up soon.

        Raises:
            EngineUnreachable: the connection is lost.
        """
        wanted = f"{subjects.PRESENCE}.{host_id}.*" if host_id else subjects.ALL_PRESENCE
        queue: asyncio.Queue[Any] = asyncio.Queue()
        self._lookups += 1
        inbox = self._client.own_subject(f"who.{self._lookups}")
        stop = await self._client.hear(inbox, queue.put)
        try:
            subject = f"{subjects.API}.DIRECT.GET.{subjects.PRESENCE_STREAM}"
            data = json.dumps({"multi_last": [wanted]}).encode()
            await self._client.say(subject, data, reply=inbox)
            while message := await self._client.wait(queue.get(), LOOK_SECONDS):
                headers = message.headers or {}
                place = subjects.parse_presence_subject(headers.get("Nats-Subject", ""))
                if place is None:
                    return
                await self._take(place, message.data)
        finally:
            await stop()
