"""One look at the server: does it let this host in, and is it ready for mail?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.errors import EngineRefused
from oxtail.store.nats import subjects
from oxtail.store.nats.client import Client

if TYPE_CHECKING:
    from oxtail.store.nats.settings import Engine, Host
    from oxtail.store.nats.streams import Bounds

_NO_CONSUMER: Final = 10014


async def check(engine: Engine, host: Host) -> None:
    """Return if mail can be carried for *host*.

    Raises:
        EngineUnreachable: the server does not answer.
        EngineRefused: it does not let this host in, or has not been prepared.
    """
    client = await Client.connect(engine, host.host_id, f"oxtail {host.name} looks")
    try:
        await client.api(f"CONSUMER.INFO.{subjects.STREAM}.{subjects.consumer(host.host_id)}")
    except EngineRefused as error:
        # The carrier makes its consumer itself; without the stream there is nothing to make it on.
        if error.fields.get("err_code") != _NO_CONSUMER:
            raise EngineRefused("the server keeps no mail yet: run oxtail nats init") from error
    finally:
        await client.close()


async def prepare_server(engine: Engine, bounds: Bounds) -> tuple[str, ...]:
    """Make on the server what mail needs; return what was made.

    Raises:
        EngineUnreachable, EngineRefused: as above.
    """
    from oxtail.store.nats.streams import prepare

    client = await Client.connect(engine, "0" * 16, "oxtail nats init")
    try:
        return await prepare(client, bounds)
    finally:
        await client.close()
