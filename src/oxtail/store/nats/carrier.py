"""The carrier of one host: a connection, both ways over it, and a new one when it is lost.

Nothing here is in the way of a local send: mail for other hosts lies in relay boxes until somebody
carries it.  What the carrier last saw is in ``nats/state.json``, for whoever asks.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final

from oxtail.core import codec
from oxtail.errors import EngineError, OxtailError, StoreError
from oxtail.store.nats.client import Client
from oxtail.store.nats.inbound import Inbound
from oxtail.store.nats.outbound import Outbound
from oxtail.store.nats.presence import Heard, Roster, TwoFolders
from oxtail.store.nats.seal import Keyring

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from oxtail.disk.atomic import Disk
    from oxtail.ports import Clock, Store
    from oxtail.store.nats.local import Local
    from oxtail.store.nats.settings import Engine, Host
    from oxtail.trace import Trace

PATIENCE: Final = 2
"""Connections in a row that fail before anybody is told: one that is lost is soon there again."""

HELD_SECONDS: Final = 10.0
"""A connection that lasts as long counts as good: the next failure is the first one again."""

STATE_SECONDS: Final = 2.0
"""How often it is looked whether the state has changed while connected."""

AGAIN_SECONDS: Final = 15.0
"""How often it is written down all the same: a word that is a minute old counts no more."""

_jitter = random.SystemRandom()


class Backoff:
    """How long to wait before the next try; longer each time, and never the same for two hosts.

    Args:
        first: The longest first pause, in seconds.
        longest: The longest pause, in seconds.
    """

    def __init__(self, first: float = 0.5, longest: float = 30.0) -> None:
        self._first = first
        self._longest = longest
        self._tries = 0

    def next(self) -> float:
        """Return the next pause in seconds."""
        most = min(self._longest, self._first * 2.0**self._tries)
        self._tries = min(self._tries + 1, 16)
        return _jitter.uniform(most / 4, most)

    def reset(self) -> None:
        """Begin with short pauses again: a connection has held."""
        self._tries = 0


class Carrier:
    """Carries mail between this host and the others, until it is stopped.

    Args:
        engine: How the server is reached, read anew for each connection.
        host: Who this host is.
        local: What is known and kept here.
        store: Its boxes.
        disk: Where the state is written.
        clock: Time.
        backoff: Pauses between connections.
        trace: Where events go.
    """

    def __init__(
        self,
        engine: Callable[[], Engine],
        host: Host,
        local: Local,
        store: Store,
        disk: Disk,
        clock: Clock,
        *,
        backoff: Backoff | None = None,
        trace: Trace,
    ) -> None:
        self._engine = engine
        self._host = host
        self._local = local
        self._store = store
        self._disk = disk
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._trace = trace
        self._client: Client | None = None
        self._heard = Heard()
        self._stopping = asyncio.Event()
        self._told = ""
        self._failures = 0

    def stop(self) -> None:
        """End :meth:`run` soon; what is on its way stays where it is committed."""
        self._stopping.set()
        if self._client:
            self._client.closed.set()

    async def run(self) -> None:
        """Carry until stopped; whatever goes wrong is traced, told once, and tried again."""
        while not self._stopping.is_set():
            problem = ""
            began = asyncio.get_running_loop().time()
            try:
                await self._connected()
            except TwoFolders:
                problem = (
                    "another state folder carries for the same host id: join it under another one"
                )
                self._failures += PATIENCE  # it does not pass by itself
            except OxtailError as error:
                problem = error.message
            if self._stopping.is_set():
                break
            if asyncio.get_running_loop().time() - began > HELD_SECONDS:
                self._backoff.reset()
                self._failures, self._told = 0, ""
            await self._lost(problem or "the connection to the server was lost")
            pause = self._backoff.next()
            try:
                await asyncio.wait_for(self._stopping.wait(), pause)
            except TimeoutError:
                continue
        self._write({"connected": False, "problem": "the carrier of this host has ended"})

    async def _lost(self, problem: str) -> None:
        self._trace("nats_disconnected", problem=problem)
        self._write({"connected": False, "problem": problem})
        self._failures += 1
        if self._failures >= PATIENCE and problem != self._told:
            self._told = problem
            await asyncio.to_thread(self._local.say, "engine_unreachable", problem)

    async def _connected(self) -> None:
        """Connect, and carry until the connection is lost.

        Raises:
            OxtailError: what ended it.
            TwoFolders: as in :mod:`oxtail.store.nats.presence`.
        """
        engine = self._engine()
        client = await Client.connect(engine, self._host.host_id, f"oxtail {self._host.name}")
        self._client = client
        if self._stopping.is_set():
            client.closed.set()
        try:
            keys = await asyncio.to_thread(Keyring, self._disk, self._host.host_id)
        except OxtailError:
            await client.close()
            raise
        host_id, local = self._host.host_id, self._local
        roster = Roster(client, self._host, local, keys, self._trace, self._heard)
        outbound = Outbound(client, host_id, local, self._store, keys, roster, self._trace)
        inbound = Inbound(client, host_id, local, roster, keys, self._trace)
        try:
            await roster.open()
            self._trace("nats_connected", host=self._host.host_id)
            await _all_until_first_fails(
                client,
                (
                    roster.run(),
                    inbound.run(),
                    outbound.run(),
                    outbound.report(),
                    self._keep_state(client, roster, outbound),
                ),
            )
        finally:
            self._client = None
            await client.close()

    async def _keep_state(self, client: Client, roster: Roster, outbound: Outbound) -> None:
        written: dict[str, Any] = {}
        again = 0.0
        while True:
            state = {
                "connected": True,
                "problem": roster.problem,
                "hosts": dict(roster.hosts),
                "kept_back": dict(outbound.problems),
                "complaint": client.complaint,
            }
            now = asyncio.get_running_loop().time()
            if state != written or now >= again:
                await asyncio.to_thread(self._write, state)
                written, again = state, now + AGAIN_SECONDS
            if await client.until_closed(STATE_SECONDS):
                return

    def _write(self, members: dict[str, Any]) -> None:
        """Write the state down; it is a hint for people, so a disk that refuses is no reason."""
        whole = {"schema_version": 1, "at": int(self._clock.now()), **members}
        try:
            self._disk.folder(self._disk.layout.nats)
            path = self._disk.layout.nats_state
            self._disk.publish(path, codec.encode_pretty(whole) + b"\n", durable=False)
        except (OSError, StoreError) as error:
            self._trace("nats_state_failed", error=str(error))


async def _all_until_first_fails(
    client: Client, works: tuple[Coroutine[Any, Any, None], ...]
) -> None:
    """Run *works* side by side; the first that fails ends the connection, which ends the others.

    None is cancelled: each may hold a claim, and ends by itself as soon as the connection is lost.
    """
    tasks = [asyncio.ensure_future(work) for work in works]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    client.closed.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    failures = [result for result in results if isinstance(result, BaseException)]
    unexpected = [error for error in failures if not isinstance(error, (EngineError, TwoFolders))]
    for error in (*unexpected, *failures):
        raise error
