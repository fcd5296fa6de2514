"""``oxtail nats``: join this host with others through a NATS server."""

from __future__ import annotations

import logging
import os
import socket
from typing import TYPE_CHECKING, Any

from oxtail.cli.output import Outcome, Output, one_line
from oxtail.config import from_env
from oxtail.core import codec
from oxtail.core.names import is_host_id
from oxtail.disk.atomic import Disk
from oxtail.errors import ConfigError, NotJoined, OxtailError, UsageError
from oxtail.trace import open_trace

if TYPE_CHECKING:
    from oxtail.cli.parser import Options
    from oxtail.store.nats.settings import Engine, Host

_JOIN_MAX_BYTES = 65_536


def _disk() -> Disk:
    settings = from_env(os.environ)
    trace = open_trace(settings.trace_file)
    return Disk(settings.home, fsync=settings.fsync, trace=trace)


# ---------------------------------------------------------------------- join


def _private_text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(_JOIN_MAX_BYTES).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", path=path) from error


def _join_members(path: str) -> dict[str, Any]:
    """Return what the file that init made for this host says."""
    try:
        members = codec.decode(_private_text(path))
    except ValueError as error:
        raise ConfigError(f"{path} is not what oxtail nats init makes", path=path) from error
    is_join = isinstance(members, dict) and codec.is_schema_one(members.get("schema_version"))
    texts = ("host_id", "name", "user", "password")
    if not is_join or not all(isinstance(members.get(name), str) for name in texts):
        raise ConfigError(f"{path} is not what oxtail nats init makes", path=path)
    if not is_host_id(members["host_id"]) or not isinstance(members.get("url"), list):
        raise ConfigError(f"{path} names no host or no server", path=path)
    found: dict[str, Any] = members
    return found


def _keep_ca(disk: Disk, text: str) -> str:
    path = os.path.join(disk.layout.nats, "ca.pem")
    disk.folder(disk.layout.nats)
    disk.publish(path, text.encode())
    return path


def _join(options: Options) -> Outcome:
    from oxtail.store.nats.settings import (
        Engine,
        check_urls,
        name_host,
        require_client,
        save_engine,
    )

    require_client()
    if not options.source:
        raise UsageError("join needs the file that oxtail nats init made, or the URL of a server")
    disk = _disk()
    ca = None
    if "://" in options.source:
        password = _private_text(options.password_file) if options.password_file else None
        urls, user, host_id = (options.source,), options.user, None
        name = options.name or socket.gethostname()
    else:
        members = _join_members(options.source)
        urls, user, password = tuple(members["url"]), members["user"], members["password"]
        host_id, name = members["host_id"], options.name or members["name"]
        ca = members.get("ca") if isinstance(members.get("ca"), str) else None
    check_urls(urls, is_insecure=options.insecure)
    # The host gets its id first: credentials without it would carry for nobody.
    host = name_host(disk, host_id, name)
    engine = Engine(
        urls=urls,
        user=user,
        password=password,
        credentials=_absolute(options.credentials),
        ca=_keep_ca(disk, ca) if ca else _absolute(options.ca),
        cert=_absolute(options.cert),
        key=_absolute(options.key),
        is_insecure=options.insecure,
    )
    save_engine(disk, engine)
    problem = _problem(engine, host)
    members = {
        "ok": True,
        "host_id": host.host_id,
        "name": host.name,
        "url": list(engine.urls),
        "connected": problem is None,
        "problem": problem,
    }
    text = f"joined as {host.name} ({host.host_id})\n" + (
        f"not connected: {problem}" if problem else "connected"
    )
    remark = None
    if host_id:
        remark = f"{options.source} holds this host's password; nobody needs it here any more"
    return Outcome(members, text, remark, 1 if problem else 0, committed="the host is joined")


def _absolute(path: str | None) -> str | None:
    return os.path.abspath(path) if path else None


# ---------------------------------------------------------------------- status


def _problem(engine: Engine, host: Host) -> str | None:
    """Return what keeps this host from the server, or None."""
    import asyncio

    from oxtail.store.nats.check import check

    try:
        asyncio.run(check(engine, host))
    except OxtailError as error:
        return error.message
    return None


def _own_fingerprint(disk: Disk, host: Host) -> str | None:
    """Return the fingerprint of this host's key, which is made if need be; None without PyNaCl."""
    from oxtail.core.remote import fingerprint
    from oxtail.store.nats.seal import Keyring

    key = Keyring(disk, host.host_id).public
    return fingerprint(key) if key else None


def _dict(state: dict[str, Any], name: str) -> dict[str, Any]:
    found = state.get(name)
    return found if isinstance(found, dict) else {}


def _of_carrier(is_run: bool, state: dict[str, Any]) -> str:
    if not is_run:
        return "no carrier runs here"
    if state.get("connected") is not True:
        return f"a carrier runs here, and has no server: {state.get('problem') or 'not yet'}"
    count = len(_dict(state, "hosts"))
    return f"a carrier runs here; other hosts that are there: {count}"


def _kept_back(is_run: bool, state: dict[str, Any]) -> list[str]:
    kept_back = _dict(state, "kept_back") if is_run else {}
    return [f"kept back for host {host_id}: {why}" for host_id, why in kept_back.items()]


def _status() -> Outcome:
    from oxtail.cli.doctor_carrier import last_state, waiting
    from oxtail.store.files.carriage import is_carried
    from oxtail.store.nats.settings import load_engine, load_host, require_client

    disk = _disk()
    engine = load_engine(disk, os.environ)
    host = load_host(disk)
    if engine is None or host is None:
        raise NotJoined
    state = last_state(disk)
    require_client()
    problem = _problem(engine, host)
    waits, is_run = waiting(disk), is_carried(disk)
    key = _own_fingerprint(disk, host)
    members = {
        "ok": True,
        "host_id": host.host_id,
        "name": host.name,
        "fingerprint": key,
        "url": list(engine.urls),
        "reachable": problem is None,
        "problem": problem,
        "carried": is_run,
        "carrier": {
            "connected": state.get("connected") is True,
            "problem": state.get("problem") or None,
            "at": state.get("at"),
        },
        "hosts": _dict(state, "hosts"),
        "kept_back": _dict(state, "kept_back"),
        "waiting": waits,
    }
    lines = [
        f"host {host.name} ({host.host_id})",
        f"key {key}" if key else "no key: install oxtail[seal] to seal what goes between hosts",
        f"server {', '.join(engine.urls)}: {problem or 'reachable'}",
        _of_carrier(is_run, state),
        *(f"{count} waiting for host {other}" for other, count in waits.items()),
        *_kept_back(is_run, state),
    ]
    return Outcome(members, "\n".join(map(one_line, lines)), exit_status=1 if problem else 0)


# ---------------------------------------------------------------------- keys


def _trust(host_id: str | None) -> Outcome:
    """Accept the key that a host says now, whatever it was known by before."""
    from oxtail.core.remote import fingerprint
    from oxtail.store.nats import seal

    if not host_id or not is_host_id(host_id):
        raise UsageError("trust takes the id of a host: 16 hex digits, as oxtail peers shows it")
    disk = _disk()
    key = seal.offered_key(disk, host_id)
    if key is None:
        raise UsageError("that host has said no key")
    seal.trust(disk, host_id, key)
    members = {"ok": True, "host_id": host_id, "fingerprint": fingerprint(key)}
    text = f"host {host_id} is known by the key {fingerprint(key)}"
    return Outcome(members, text, committed="the key is accepted")


def run(options: Options, output: Output) -> Outcome:  # noqa: ARG001 - as all verbs
    """Prepare a server, join, or tell."""
    # It warns at the end of each encrypted connection of the client, of what nobody can change.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    if options.do == "init":
        from oxtail.cli.nats_init import init

        if options.source:
            raise UsageError("init takes --dir PATH")
        return init(options)
    if options.do == "carry":
        from oxtail.cli.nats_carry import carry

        return carry(options)
    if options.do == "trust":
        return _trust(options.source)
    return _join(options) if options.do == "join" else _status()
