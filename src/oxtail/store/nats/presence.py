"""Who is on which host: said by each host of itself, heard by all.

A host describes itself at once when something changes; the server keeps that for those who come
later.  In between it only says that it is there, in a *beat*: a few bytes with the digests of its
description.  Whoever knows a description of these digests looks at nothing; whoever does not asks
the server for it.  So hosts that change nothing cost their number of beats and no more.  Hosts of
the first version know no beats: while one is there, this host describes itself in full instead.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final

from oxtail.core import remote
from oxtail.errors import ConfigError, EngineRefused, StoreError
from oxtail.store.nats import encoding, subjects
from oxtail.store.nats.encoding import Beat, Unreadable
from oxtail.store.nats.lookup import Said, last_said, look_up

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oxtail.core.remote import RemoteHost
    from oxtail.store.nats.client import Client
    from oxtail.store.nats.local import Local
    from oxtail.store.nats.seal import Keyring
    from oxtail.store.nats.settings import Host
    from oxtail.trace import Trace

TTL_SECONDS: Final = 60
"""How long a host counts as there after its last word."""

BEAT_SECONDS: Final = 20.0
"""How often a host says that it is there, a third of that; never all at the same moment."""

LOOK_SECONDS: Final = 1.0
"""How often a host looks whether something has changed, here and of what it has heard."""

ACTIVITY_SECONDS: Final = 5.0
"""How often a change of nothing but who is busy is said: that changes with each turn.

So often by a host of one part among a hundred; more rarely the larger the host, and the more there
are to hear it."""

MANY_HOSTS: Final = 100

TOUCH_SECONDS: Final = 5.0
"""How often it is written down which hosts are there."""

BELIEVED_SECONDS: Final = 43_200.0
"""After this long a description is looked at again although nothing in it has changed."""

LOOKUP_MAX: Final = 200
"""Most hosts that the server is asked about at a time; it answers with at most 1,024 messages."""

_FAR_AHEAD: Final = 2.0**53
_spread = random.SystemRandom()


class TwoFolders(Exception):
    """Another state folder carries for the same host id."""


class Heard:
    """What other hosts have said of themselves; outlives a connection.

    Attributes:
        parts: The parts of their descriptions, each with its digest, by host and number.
        believed: Hosts whose present description was kept as it is, and when, in seconds of the
            loop.
    """

    def __init__(self) -> None:
        self.parts: dict[str, dict[int, tuple[str, RemoteHost]]] = {}
        self.believed: dict[str, float] = {}

    def is_current(self, host_id: str, digests: tuple[str, ...], now: float) -> bool:
        """Tell whether a description with these *digests* was kept, and not too long ago."""
        since = self.believed.get(host_id)
        if since is None or now - since > BELIEVED_SECONDS:
            return False
        parts = self.parts.get(host_id, {})
        return tuple(digest for _, (digest, _) in sorted(parts.items())) == digests

    def is_known(self, place: tuple[str, int], digest: str, now: float) -> bool:
        """Tell whether this part of a description was kept as it is, and not too long ago."""
        host_id, number = place
        since = self.believed.get(host_id)
        if since is None or now - since > BELIEVED_SECONDS:
            return False
        return self.parts[host_id].get(number, ("",))[0] == digest

    def put(self, part: RemoteHost, digest: str) -> RemoteHost | None:
        """Keep *part*; return the whole description if that completes one."""
        parts = self.parts.setdefault(part.host_id, {})
        self.believed.pop(part.host_id, None)
        parts[part.part] = (digest, part)
        for old in [number for number in parts if number >= part.parts]:
            del parts[old]
        if len(parts) < part.parts:
            return None
        return remote.merged(each for _, each in parts.values())


class Roster:
    """What this host says of itself, and what the others say, on one connection.

    Attributes:
        hosts: The hosts that were heard of on this connection, with the number of their sessions.
        problem: What keeps the server from remembering what this host says of itself, if anything.
        spoken_of: The ids of the sessions of this host that it has spoken of on this connection.
    """

    def __init__(
        self,
        client: Client,
        host: Host,
        local: Local,
        keys: Keyring,
        trace: Trace,
        heard: Heard | None = None,
    ) -> None:
        self.hosts: dict[str, int] = {}
        self.problem = ""
        self.twin = ""
        self.spoken_of: frozenset[str] = frozenset()
        self._client = client
        self._host = host
        self._local = local
        self._keys = keys
        self._trace = trace
        self._heard = heard or Heard()
        self._said: dict[int, str] = {}
        self._there: set[str] = set()
        self._wanted: set[str] = set()
        self._first_versions: dict[str, float] = {}
        self._earlier: list[Said] = []
        self._guard = asyncio.Lock()
        self._speaking = asyncio.Lock()

    async def open(self) -> None:
        """Learn whether somebody else is this host; :meth:`run` says the rest.

        Raises:
            EngineUnreachable: the connection is lost.
            TwoFolders: another state folder says that it is this host.
        """
        await self._client.hear(subjects.ALL_PRESENCE, self._hear)
        # Who is known from an earlier connection is told by its beat whether that still holds.
        wanted = subjects.presence_of_all(bool(self._heard.believed))
        self._earlier = await look_up(self._client, wanted)
        await self._check_twin()

    async def _check_twin(self) -> None:
        """Raise if another folder has said of late that it is this host: it was here first."""
        for said in self._earlier:
            if said.host_id == self._host.host_id:
                self._look_for_twin(said)
                if self.twin and await self._server_time() - said.at <= TTL_SECONDS:
                    raise TwoFolders(self.twin)
                self.twin = ""

    async def _begin(self) -> None:
        """Say who is here, and take what was said before, so far as it still counts."""
        await self.speak_up()
        own = await last_said(self._client, subjects.beat_subject(self._host.host_id))
        for said in self._earlier:
            # What nobody has repeated for so long was said by a host that is gone.
            if said.host_id != self._host.host_id and (
                own is None or own.at - said.at <= TTL_SECONDS
            ):
                await self._take(said)
        self._earlier = []

    async def _server_time(self) -> float:
        """Return the time of the server in unix seconds; far ahead if it does not tell it."""
        name = subjects.consumer(self._host.host_id)
        try:
            answer = await self._client.api(f"CONSUMER.INFO.{subjects.STREAM}.{name}")
        except EngineRefused:
            return _FAR_AHEAD  # nobody carries for this host
        return encoding.unix_time(answer.get("ts")) or _FAR_AHEAD

    def _look_for_twin(self, said: Said) -> None:
        if said.part is not None and said.digest and said.digest == self._said.get(said.part):
            return  # it was said here, and has come back
        if said.part is None:
            word: Any = encoding.decode_beat(said.data)
        else:
            word = encoding.decode_host(said.data, said.host_id, said.part)
        if not isinstance(word, Unreadable) and word.instance != self._host.instance:
            self.twin = word.instance

    async def run(self) -> None:
        """Say who is here for as long as the connection lasts.

        Raises:
            EngineUnreachable: the connection is lost.
            TwoFolders: another state folder says that it is this host.
        """
        await self._begin()
        loop = asyncio.get_running_loop()
        said: RemoteHost | None = None
        said_at = loop.time()
        beat_due = loop.time() + _spread.uniform(BEAT_SECONDS / 4, BEAT_SECONDS)
        touch_due = 0.0
        while not await self._client.until_closed(LOOK_SECONDS):
            if self.twin:
                raise TwoFolders(self.twin)
            await self._look_up_wanted()
            if loop.time() >= touch_due:
                await self._touch()
                touch_due = loop.time() + TOUCH_SECONDS
            async with self._speaking:
                try:
                    now = await asyncio.to_thread(self._local.describe)
                except StoreError as error:
                    self._trace("nats_presence_failed", error=error.message)
                    continue
                is_due = loop.time() >= beat_due
                pause = activity_pause(len(now.sessions), len(self.hosts))
                if is_due or is_worth_saying(said, now, loop.time() - said_at, pause):
                    await self._say(now, in_full=is_due and await self._must_describe())
                    said, said_at = now, loop.time()
                    beat_due = loop.time() + _spread.uniform(BEAT_SECONDS * 0.8, BEAT_SECONDS * 1.1)

    # ------------------------------------------------------------------ saying

    async def _must_describe(self) -> bool:
        """Tell whether others need the whole description although nothing has changed."""
        since = asyncio.get_running_loop().time() - TTL_SECONDS
        if any(heard > since for heard in self._first_versions.values()):
            return True
        subject = subjects.presence_subject(self._host.host_id, 0)
        kept = await last_said(self._client, subject)
        return kept is None or kept.digest != self._said.get(0)

    async def speak_up(self) -> None:
        """Say now who is here; once this returns, whoever asks the server learns it.

        Raises:
            EngineUnreachable: the connection is lost.
            StoreError: what is here cannot be read.
        """
        async with self._speaking:
            await self._say(await asyncio.to_thread(self._local.describe))

    async def _say(self, host: RemoteHost, *, in_full: bool = False) -> None:
        """Say the parts of the description that have changed, or all, and then the beat."""
        digests = []
        for part in remote.split(host._replace(key=self._keys.public)):
            digest = encoding.digest_of(part)
            digests.append(digest)
            if in_full or self._said.get(part.part) != digest:
                subject = subjects.presence_subject(self._host.host_id, part.part)
                self._said[part.part] = digest
                await self._keep(subject, encoding.encode_host(part), digest)
        beat = encoding.encode_beat(Beat(self._host.instance, tuple(digests)))
        await self._keep(subjects.beat_subject(self._host.host_id), beat, "")
        self.spoken_of = host.ids()

    async def _keep(self, subject: str, data: bytes, digest: str) -> None:
        headers = {subjects.DIGEST: digest} if digest else None
        try:
            await self._client.keep(subject, data, headers=headers)
            self.problem = ""
        except EngineRefused as error:
            # Those who are here hear it all the same, and mail needs no more than that.
            self.problem = f"presence: {error.message}"
            await self._client.say(subject, data, headers=headers)

    # ------------------------------------------------------------------ hearing

    async def _hear(self, message: Any) -> None:
        if said := Said.of(message.subject, message):
            await self._take(said)

    async def _take(self, said: Said) -> None:
        """Take what a host has said: a beat, or a part of its description."""
        if said.host_id == self._host.host_id:
            self._look_for_twin(said)
        elif said.part is None:
            self._take_beat(said)
        else:
            await self._take_part(said, said.part)

    def _take_beat(self, said: Said) -> None:
        beat = encoding.decode_beat(said.data)
        if isinstance(beat, Unreadable):
            self._trace("nats_presence_unreadable", host=said.host_id, problem=beat.problem)
            return
        now = asyncio.get_running_loop().time()
        if self._heard.is_current(said.host_id, beat.parts, now):
            self._is_there(said.host_id)
        else:
            self._wanted.add(said.host_id)

    def _is_there(self, host_id: str) -> None:
        self._there.add(host_id)
        if host_id not in self.hosts:
            parts = self._heard.parts[host_id].values()
            self.hosts[host_id] = sum(len(part.sessions) for _, part in parts)

    async def _take_part(self, said: Said, number: int) -> None:
        host_id, now = said.host_id, asyncio.get_running_loop().time()
        if said.digest and self._heard.is_known((host_id, number), said.digest, now):
            self._is_there(host_id)
            return
        part = encoding.decode_host(said.data, host_id, number)
        if isinstance(part, Unreadable):
            self._trace("nats_presence_unreadable", host=host_id, problem=part.problem)
            return
        if remote.BEATS not in part.can:
            self._first_versions[host_id] = now
        async with self._guard:
            whole = self._heard.put(part, said.digest or encoding.digest_of(part))
            if whole is None:
                return
            self.hosts[host_id] = len(whole.sessions)
            try:
                is_believed, problem = await asyncio.to_thread(self._believe, whole)
            except (ConfigError, StoreError) as error:
                self._trace("nats_presence_failed", host=host_id, error=error.message)
                return
            if is_believed:
                self._heard.believed[host_id] = now
            await self._tell(problem)

    def _believe(self, host: RemoteHost) -> tuple[bool, str | None]:
        """Keep what *host* says; return whether all of it was believed, and what is to be told."""
        problem = self._keys.heard(host.host_id, host.key)
        return self._local.heard(host), problem

    async def _tell(self, problem: str | None) -> None:
        if problem:
            await asyncio.to_thread(self._local.say, "host_key_changed", problem)

    async def _touch(self) -> None:
        """Write down which hosts are there that had nothing new to say."""
        there, self._there = self._there, set()
        if not there:
            return
        try:
            for problem in await asyncio.to_thread(self._still, there):
                await self._tell(problem)
        except (ConfigError, StoreError) as error:
            self._trace("nats_presence_failed", error=error.message)

    def _still(self, there: Iterable[str]) -> list[str | None]:
        self._local.still_there(tuple(there))
        # A person may have removed the key by which one of them was known: the next one is taken.
        lost = [each for each in there if self._keys.has_lost(each)]
        return [self._keys.heard(each, self._heard.parts[each][0][1].key) for each in lost]

    # ------------------------------------------------------------------ asking

    async def _look_up_wanted(self) -> None:
        while self._wanted:
            some = [self._wanted.pop() for _ in range(min(LOOKUP_MAX, len(self._wanted)))]
            await self.look_up(*some)

    async def look_up(self, *host_ids: str) -> None:
        """Ask the server how *host_ids* have last described themselves.

        A server that is too old to answer for many says nothing; hosts speak up when they change.

        Raises:
            EngineUnreachable: the connection is lost.
        """
        wanted = [subjects.presence_of(host_id) for host_id in host_ids]
        for said in await look_up(self._client, wanted):
            if said.part is not None:
                await self._take(said)


def activity_pause(sessions: int, hosts: int) -> float:
    """Return how many seconds lie at least between two words about nothing but who is busy."""
    parts = max(1, -(-sessions // remote.SESSIONS_PER_PART))
    return ACTIVITY_SECONDS * parts * max(1.0, hosts / MANY_HOSTS)


def is_worth_saying(said: RemoteHost | None, now: RemoteHost, seconds: float, pause: float) -> bool:
    """Tell whether *now* has to be said, *seconds* after *said* was.

    Where nothing has changed but who is busy, *pause* seconds have to pass.
    """
    if said is None:
        return True
    if now._replace(at=0) == said._replace(at=0):
        return False
    return seconds >= pause or _settled(now) != _settled(said)


def _settled(host: RemoteHost) -> RemoteHost:
    """Return *host* without what changes with each turn of its sessions."""
    sessions = tuple(session._replace(activity="unknown") for session in host.sessions)
    return host._replace(at=0, sessions=sessions)
