"""How this host is known to others, and how it reaches the server.

Two files in ``nats/`` of the state folder, both 0600: ``host.json`` says who this host is, and
``config.json`` where the server is and what proves the host to it.  ``docs/formats/nats.md`` has
their members.
"""

from __future__ import annotations

import os
import socket
import stat
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from oxtail.core import codec
from oxtail.core.names import hash32, is_host_id
from oxtail.core.remote import HOST_NAME_MAX_CHARS
from oxtail.core.value import Value
from oxtail.errors import ConfigError, DamagedRecord, ExtraMissing, InsecureEngine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oxtail.disk.atomic import Disk

URL: Final = "OXTAIL_NATS_URL"
"""Variable that goes before the URL of the file."""

SCHEMES: Final = ("tls", "nats")
FILE_MAX_BYTES: Final = 65_536
_OTHERS: Final = 0o077


class Engine(Value):
    """Where the server is, and what proves this host to it.

    Attributes:
        urls: Its addresses, several for a cluster: ``tls://host:port`` or ``nats://host:port``.
        user: The user of this host, or None.
        password: Its password, or None.
        credentials: Path of a credentials file (JWT and seed) instead of the two, or None.
        ca: Path of the CA that signs the server's certificate, or None for those of the system.
        cert: Path of this host's own certificate, where the server wants one, or None.
        key: Path of the key of that certificate, or None.
        is_insecure: Whether plain text to another machine is accepted.
    """

    urls: tuple[str, ...]
    user: str | None = None
    password: str | None = None
    credentials: str | None = None
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    is_insecure: bool = False

    @property
    def needs_tls(self) -> bool:
        """Whether the connection must be encrypted: all but a chosen plain one."""
        return any(urlsplit(url).scheme == "tls" for url in self.urls)


class Host(Value):
    """This host.

    Attributes:
        host_id: Sixteen hex digits.
        name: What people call it.
        instance: Sixteen hex digits of this state folder; no other folder may carry for the host.
    """

    host_id: str
    name: str
    instance: str


def require_client() -> None:
    """Refuse to go on where the package that speaks to the server is missing.

    Raises:
        ExtraMissing: it is.
    """
    from importlib.util import find_spec

    if find_spec("nats") is None:
        raise ExtraMissing("the package nats-py is not installed: pip install 'oxtail[nats]'")


def is_loopback(host: str | None) -> bool:
    """Tell whether *host* is this machine by its very form; a name is not looked up."""
    return host in ("localhost", "::1") or (host or "").startswith("127.")


def check_urls(urls: tuple[str, ...], *, is_insecure: bool) -> None:
    """Refuse what would send mail where anybody on the way reads it.

    Raises:
        ConfigError: a URL is none of a server.
        InsecureEngine: plain text to another machine, and nobody has said that this is wanted.
    """
    if not urls:
        raise ConfigError("no URL of a NATS server is set")
    for url in urls:
        try:
            parts = urlsplit(url)
            is_url = parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_url = False
        if not is_url:
            raise ConfigError("the URL of a NATS server is tls://host:port or nats://host:port")
        if parts.scheme == "nats" and not is_loopback(parts.hostname) and not is_insecure:
            raise InsecureEngine(
                f"nats://{parts.hostname} is plain text to another machine: use tls://"
            )


def private_members(disk: Disk, path: str) -> dict[str, Any] | None:
    """Return the object in the private file *path*, or None if there is none.

    Raises:
        ConfigError: it cannot be used, or others can read it.
    """
    try:
        data = disk.read(path, FILE_MAX_BYTES)
        members = codec.decode(data) if data is not None else None
    except (DamagedRecord, ValueError) as error:
        raise ConfigError(f"{path} cannot be used: {error}", path=path) from error
    if members is None:
        return None
    if not isinstance(members, dict) or not codec.is_schema_one(members.get("schema_version")):
        raise ConfigError(f"{path} is not of this version", path=path)
    mode = stat.S_IMODE(os.lstat(path).st_mode)
    if mode & _OTHERS:
        raise ConfigError(f"{path} can be read by others: chmod 600 it", path=path)
    return members


def _text(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise ConfigError(f"nats/config.json: {name} is no text")
    return value


def is_configured(disk: Disk, environ: Mapping[str, str]) -> bool:
    """Tell whether this host is to be joined with others; touches one name."""
    return bool(environ.get(URL)) or os.path.exists(disk.layout.nats_config)


def load_engine(disk: Disk, environ: Mapping[str, str]) -> Engine | None:
    """Return how the server is reached, or None where this host stands alone.

    Raises:
        ConfigError: what is written cannot be used.
    """
    members = private_members(disk, disk.layout.nats_config) or {}
    given = environ.get(URL) or members.get("url")
    if not given:
        return None
    listed = given.split(",") if isinstance(given, str) else given
    if not isinstance(listed, list) or not all(isinstance(url, str) for url in listed):
        raise ConfigError("nats/config.json: url is neither a URL nor a list of them")
    engine = Engine(
        urls=tuple(url.strip() for url in listed if url.strip()),
        user=_text(members, "user"),
        password=_text(members, "password"),
        credentials=_text(members, "credentials"),
        ca=_text(members, "ca"),
        cert=_text(members, "cert"),
        key=_text(members, "key"),
        is_insecure=members.get("insecure") is True,
    )
    check_urls(engine.urls, is_insecure=engine.is_insecure)
    return engine


def save_engine(disk: Disk, engine: Engine) -> None:
    """Write *engine* down, in one step.

    Raises:
        StoreError: the disk refused.
        OSError: as above.
    """
    members = {name: value for name, value in engine._asdict().items() if value is not None}
    members["url"] = list(members.pop("urls"))
    if not members.pop("is_insecure"):
        members.pop("insecure", None)
    else:
        members["insecure"] = True
    _save(disk, disk.layout.nats_config, members)


def load_host(disk: Disk) -> Host | None:
    """Return who this host is, or None if it has never been named.

    Raises:
        ConfigError: what is written cannot be used.
    """
    members = private_members(disk, disk.layout.nats_host)
    if members is None:
        return None
    host_id, name, instance = (members.get(n) for n in ("host_id", "name", "instance"))
    if not is_host_id(host_id) or not is_host_id(instance) or not isinstance(name, str):
        raise ConfigError(f"{disk.layout.nats_host} does not say who this host is")
    return Host(str(host_id), name[:HOST_NAME_MAX_CHARS], str(instance))


def at_this_place(disk: Disk, host: Host) -> Host:
    """Return *host* with an instance that a copy of its folder has not, elsewhere or beside it.

    A copy, as of an image of a container, says the same of itself; so the name of the machine and
    the path of the folder are made part of it.
    """
    place = (host.instance, socket.gethostname(), os.path.realpath(disk.layout.nats))
    return host._replace(instance=hash32("\0".join(place))[:16])


def name_host(disk: Disk, host_id: str | None, name: str) -> Host:
    """Give this host its id, for good; return who it is.

    Args:
        disk: The state folder.
        host_id: The id that its credentials are for; None for one of its own choice.
        name: What people call it.

    Raises:
        ConfigError: it has another id already.
    """
    known = load_host(disk)
    if known and host_id not in (None, known.host_id):
        raise ConfigError(
            f"this host is {known.host_id} already: mail may be on its way to it under that id"
        )
    instance = known.instance if known else os.urandom(8).hex()
    host = Host(
        host_id or (known.host_id if known else os.urandom(8).hex()),
        name[:HOST_NAME_MAX_CHARS],
        instance,
    )
    _save(disk, disk.layout.nats_host, host._asdict())
    return host


def _save(disk: Disk, path: str, members: dict[str, Any]) -> None:
    disk.folder(disk.layout.nats)
    disk.publish(path, codec.encode_pretty({"schema_version": 1, **members}) + b"\n")
