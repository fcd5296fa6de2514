"""``oxtail nats carry``: carry mail between this host and the others until ended."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING

from oxtail.app.announce import Here
from oxtail.app.arrive import Arriving
from oxtail.cli.output import Outcome
from oxtail.config import from_env
from oxtail.core.notice import Notice
from oxtail.disk.atomic import Disk
from oxtail.errors import NotJoined, OxtailError
from oxtail.store.files.arrivals import FileArrivals
from oxtail.store.files.carriage import LOOK_SECONDS, take_lock
from oxtail.wiring import open_context

if TYPE_CHECKING:
    from oxtail.app.context import Context
    from oxtail.cli.parser import Options
    from oxtail.store.nats.settings import Engine, Host

_NEWS = "carrier"


def carry(options: Options) -> Outcome:
    """Carry until ended: by a signal, or by the end of standard input for a server's own carrier.

    Alone, it waits until no other process of this host carries.

    Raises:
        NotJoined: there is no server to connect to.
        ConfigError: the configuration cannot be used, or the extra is missing.
    """
    settings = from_env(os.environ)
    ctx = open_context(settings, role="cli", stays=True)
    disk = Disk(settings.home, fsync=settings.fsync, trace=ctx.trace)
    try:
        host = _host(disk)
    except OxtailError as error:
        # Nobody reads what the carrier of a server prints.
        if ctx.traffic.is_news(f"{_NEWS} {error.code}", ctx.clock.now()):
            now = int(ctx.clock.now())
            ctx.notices.say(Notice(now, "engine_unreachable", error.message, None))
        raise
    lock = None if options.with_server else _lock(disk)
    try:
        asyncio.run(_carry(ctx, disk, host, with_server=options.with_server))
    finally:
        if lock is not None:
            os.close(lock)
    return Outcome({"ok": True, "host_id": host.host_id}, "ended")


def _engine(disk: Disk) -> Engine:
    from oxtail.store.nats.settings import load_engine

    engine = load_engine(disk, os.environ)
    if engine is None:
        raise NotJoined
    return engine


def _host(disk: Disk) -> Host:
    from oxtail.store.nats.settings import at_this_place, load_host, name_host, require_client

    require_client()
    _engine(disk)
    # Where only OXTAIL_NATS_URL names the server, nobody has joined, and the host gets an id here.
    host = load_host(disk) or name_host(disk, None, socket.gethostname())
    return at_this_place(disk, host)


def _lock(disk: Disk) -> int:
    while (lock := take_lock(disk)) is None:
        time.sleep(LOOK_SECONDS)
    return lock


async def _carry(ctx: Context, disk: Disk, host: Host, *, with_server: bool) -> None:
    from oxtail.store.nats.carrier import Carrier

    here = Here(host.host_id, host.name, host.instance)
    carrier = Carrier(
        lambda: _engine(disk),
        host,
        Arriving(ctx, here, FileArrivals(disk)),
        ctx.store,
        disk,
        ctx.clock,
        trace=ctx.trace,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, carrier.stop)

    def follow() -> None:
        while os.read(0, 4096):
            pass
        loop.call_soon_threadsafe(carrier.stop)

    if with_server:
        threading.Thread(target=follow, daemon=True).start()
    await carrier.run()
