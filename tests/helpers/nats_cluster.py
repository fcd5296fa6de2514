"""Three NATS servers on loopback that keep everything three times."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from helpers.nats_server import NatsServer, free_port
from helpers.waiting import until
from oxtail.errors import EngineError
from oxtail.store.nats import subjects
from oxtail.store.nats.settings import Engine

SIZE = 3


class Cluster:
    """Servers that know each other; whichever leads can be found and killed."""

    def __init__(self, folder: Path) -> None:
        ports = [free_port() for _ in range(SIZE)]
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in ports)
        self.servers = [
            NatsServer(
                folder / f"n{number}",
                f'cluster {{ name: "oxtail", listen: "127.0.0.1:{port}", routes: [{routes}] }}',
                name=f"n{number}",
            )
            for number, port in enumerate(ports)
        ]

    @property
    def engine(self) -> Engine:
        return Engine(tuple(server.url for server in self.servers))

    def leader(self) -> NatsServer | None:
        """The server that leads the stream of mail, or None while they elect one."""
        with contextlib.suppress(EngineError):
            name = (asyncio.run(self._info()).get("cluster") or {}).get("leader")
            return next((s for s in self.servers if s.process and s.config.stem == name), None)
        return None

    def is_whole(self) -> bool:
        """Whether each server has all that the leader has."""
        with contextlib.suppress(EngineError):
            replicas = (asyncio.run(self._info()).get("cluster") or {}).get("replicas") or []
            return [replica.get("current") for replica in replicas] == [True] * (SIZE - 1)
        return False

    async def _info(self) -> dict[str, Any]:
        from oxtail.store.nats.client import Client

        client = await Client.connect(self.engine, "0" * 16, "test")
        try:
            return await client.api(f"STREAM.INFO.{subjects.STREAM}")
        finally:
            await client.close()


@contextlib.contextmanager
def nats_cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster that answers and keeps mail three times; gone at the end of the block."""
    from helpers.carriers import prepare

    cluster = Cluster(folder)

    def is_prepared() -> bool:
        with contextlib.suppress(EngineError):
            prepare(cluster.engine, replicas=SIZE)
            return True
        return False

    try:
        for server in cluster.servers:
            server.start()
        until(is_prepared, every=0.2)
        until(cluster.is_whole, every=0.2)
        yield cluster
    finally:
        for server in cluster.servers:
            server.kill()
