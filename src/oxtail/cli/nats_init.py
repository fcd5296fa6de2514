"""``oxtail nats init``: a server for a group of hosts, prepared in one folder."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any

from oxtail.cli.output import Outcome, one_line
from oxtail.disk.atomic import Disk
from oxtail.errors import EngineError, InsecureEngine, UsageError

if TYPE_CHECKING:
    from oxtail.cli.parser import Options
    from oxtail.store.nats.provision import Folder, Server

DEFAULT_FOLDER = "oxtail-nats"
DEFAULT_LISTEN = "127.0.0.1:4222"
_LOCAL = ("127.0.0.1", "localhost")


def _wanted(options: Options, known: Server | None) -> Server:
    """Return the server as the options want it, on top of what is *known*."""
    from oxtail.store.nats import provision

    listen = provision.check_listen(options.listen or (known.listen if known else DEFAULT_LISTEN))
    where = listen.rpartition(":")[0]
    given = tuple(options.addresses or ()) or (known.addresses if known else ())
    if not given and where in ("0.0.0.0", "[::]"):  # noqa: S104 - the user's choice, looked at
        raise UsageError("--address NAME says under which name the hosts reach this server")
    server = provision.Server(
        listen=listen,
        addresses=provision.check_addresses(given or (where,)),
        has_tls=not options.plain and (known.has_tls if known else True),
        admin_password=known.admin_password if known else provision.new_password(),
        members=known.members if known else (),
        cert=_path(options.cert) or (known.cert if known else None),
        key=_path(options.key) or (known.key if known else None),
        ca=_path(options.ca) or (known.ca if known else None),
    )
    if (server.cert is None) != (server.key is None):
        raise UsageError("--cert and --key belong together")
    if not server.has_tls and server.is_public and not options.insecure:
        raise InsecureEngine("a server that does not encrypt listens on loopback only")
    return provision.with_hosts(server, options.hosts or ())


def _path(path: str | None) -> str | None:
    return os.path.abspath(path) if path else None


def _prepared(folder: Folder, server: Server, replicas: int) -> str | None:
    """Make on the running server what mail needs; return what is in the way, or None."""
    import asyncio

    from oxtail.store.nats.check import prepare_server
    from oxtail.store.nats.provision import ADMIN
    from oxtail.store.nats.settings import Engine
    from oxtail.store.nats.streams import Bounds

    urls = server.urls
    if not server.cert and server.has_tls:
        urls = (f"tls://{_LOCAL[0]}:{server.port}", *urls)
    engine = Engine(
        urls, user=ADMIN, password=server.admin_password, ca=folder.ca_of(server), is_insecure=True
    )
    try:
        asyncio.run(prepare_server(engine, Bounds(replicas=replicas)))
    except EngineError as error:
        return error.message
    return None


def init(options: Options) -> Outcome:
    """Prepare a server in a folder, and what mail needs on it once it runs.

    A second run changes only what is asked for: hosts that are there keep their credentials.

    Raises:
        ConfigError: the folder holds something else, or certificates cannot be made.
        BadArgument: a name or an address cannot be used.
        StoreError: the disk refused.
    """
    from oxtail.store.nats import certificates
    from oxtail.store.nats.provision import Folder
    from oxtail.store.nats.settings import require_client

    require_client()

    path = os.path.abspath(options.folder or DEFAULT_FOLDER)
    disk = Disk(path)
    folder = Folder(disk)
    known = folder.load()
    server = _wanted(options, known)
    disk.folder(path)
    if server.has_tls and not server.cert:
        certificates.make_ca(folder)
        if known is None or known.addresses != server.addresses or not os.path.exists(folder.cert):
            names = tuple(dict.fromkeys((*server.addresses, *_LOCAL)))
            certificates.make_server_certificate(folder, names)
    folder.save(server)
    problem = _prepared(folder, server, options.replicas)
    start = f"nats-server -c {shlex.quote(folder.config)}"
    reload = f"nats-server --signal reload -c {shlex.quote(folder.config)}"
    members: dict[str, Any] = {
        "ok": True,
        "folder": path,
        "config": folder.config,
        "start": start,
        "changed": known is not None and known != server,
        "url": list(server.urls),
        "join": {member.name: folder.join_file(member.name) for member in server.members},
        "prepared": problem is None,
        "problem": problem,
    }
    lines = [f"configuration: {folder.config}"]
    if problem:
        lines += [
            f"the server is not prepared yet: {problem}",
            f"start it:   {start}",
            f"or, if it runs with an older configuration:   {reload}",
            "then run oxtail nats init again with the same --dir",
        ]
    else:
        lines += ["the server is prepared"]
        if members["changed"]:
            lines += [
                f"it still runs with the old configuration; let it read the new one:   {reload}"
            ]
    for member in server.members:
        lines += [f"on {member.name}:   oxtail nats join {member.name}.json"]
    if server.members:
        lines += [f"the files to join by are in {os.path.join(path, 'join')}; each is a secret"]
    else:
        lines += ["no host may join yet: oxtail nats init --host NAME"]
    return Outcome(members, "\n".join(map(one_line, lines)))
