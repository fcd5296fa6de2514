"""What a server for a group of hosts needs: its configuration, and a file for each host to join by.

Everything lies in one folder, private to whoever runs the server.  ``hosts.json`` in it is the
truth; the configuration and the join files are made from it, so adding a host is adding a line.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

from oxtail.core import codec
from oxtail.core.names import is_host_id
from oxtail.core.value import Value
from oxtail.errors import BadArgument, ConfigError, DamagedRecord
from oxtail.store.nats import subjects
from oxtail.store.nats.settings import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oxtail.disk.atomic import Disk

ADMIN: Final = "oxtail-admin"
HOST_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ADDRESS: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}|\[[0-9a-fA-F:.]+\]")
_QUOTED: Final = re.compile(r'[^"\\\x00-\x1f\x7f]*')
_FILE_MAX_BYTES: Final = 16 * 1024 * 1024


class Member(Value):
    """A host that may join.

    Attributes:
        name: What people call it.
        host_id: Sixteen hex digits.
        password: What proves it to the server.
    """

    name: str
    host_id: str
    password: str


class Server(Value):
    """A server and those who may use it.

    Attributes:
        listen: Address and port that it listens on.
        addresses: Names or addresses under which the hosts reach it.
        has_tls: Whether it encrypts.
        admin_password: What proves whoever runs ``oxtail nats init``.
        members: The hosts.
        cert: Path of a certificate that somebody gave, or None for one that is made here.
        key: Path of its key, or None.
        ca: Path of the CA that signed it, or None for one that every system knows.
    """

    listen: str
    addresses: tuple[str, ...]
    has_tls: bool
    admin_password: str
    members: tuple[Member, ...]
    cert: str | None = None
    key: str | None = None
    ca: str | None = None

    @property
    def is_public(self) -> bool:
        """Whether other machines can reach it."""
        return not is_loopback(self.listen.rpartition(":")[0].strip("[]"))

    @property
    def port(self) -> str:
        """The port of :attr:`listen`."""
        return self.listen.rpartition(":")[2]

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs under which the hosts reach it."""
        scheme = "tls" if self.has_tls else "nats"
        return tuple(f"{scheme}://{address}:{self.port}" for address in self.addresses)


class Folder:
    """The folder of one server.

    Attributes:
        path: Where it is.
        ca: Path of the CA's certificate.
        config: Path of the server's configuration.
    """

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self.path = disk.layout.home
        self.ca = self._file("ca.pem")
        self.ca_key = self._file("ca-key.pem")
        self.cert = self._file("server.pem")
        self.key = self._file("server-key.pem")
        self.config = self._file("nats-server.conf")

    def _file(self, name: str) -> str:
        return os.path.join(self.path, name)

    def join_file(self, name: str) -> str:
        """Return the path of the file by which host *name* joins."""
        return os.path.join(self.path, "join", f"{check_name(name)}.json")

    def load(self) -> Server | None:
        """Return the server of this folder, or None if there is none yet.

        Raises:
            ConfigError: what is written cannot be used.
        """
        path = self._file("hosts.json")
        try:
            data = self._disk.read(path, _FILE_MAX_BYTES)
            return None if data is None else _server(codec.decode(data))
        except (DamagedRecord, ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{path} cannot be used: {error}", path=path) from error

    def save(self, server: Server) -> None:
        """Write *server* down: the truth first, then what is made from it.

        Raises:
            OSError, StoreError: the disk refused.
        """
        members = server._asdict()
        members["members"] = [member._asdict() for member in server.members]
        self._write(self._file("hosts.json"), {"schema_version": 1, **members})
        self._disk.publish(self.config, self.configuration(server).encode())
        self._disk.folder(os.path.join(self.path, "join"))
        ca = None
        if path := self.ca_of(server):
            data = self._disk.read(path, _FILE_MAX_BYTES) or b""
            ca = data.decode("ascii", "replace")
        for member in server.members:
            self._write(self.join_file(member.name), join_members(server, member, ca))

    def ca_of(self, server: Server) -> str | None:
        """Return the path of the CA by which hosts know *server*, or None for the system's."""
        if not server.has_tls:
            return None
        return server.ca if server.cert else self.ca

    def _write(self, path: str, members: dict[str, Any]) -> None:
        self._disk.folder(self.path)
        self._disk.publish(path, codec.encode_pretty(members) + b"\n")

    def configuration(self, server: Server) -> str:
        """Return the configuration of the vendor's server."""
        lines = [
            "# Made by `oxtail nats init`, which makes it anew: what else a server needs belongs",
            "# into a file of your own that includes this one.",
            'server_name: "oxtail"',
            f"listen: {_quoted(server.listen)}",
            "jetstream {",
            f"  store_dir: {_quoted(self._file('store'))}",
            "  # What is acknowledged survives a power cut (needs server 2.10).",
            "  sync_interval: always",
            "}",
        ]
        if server.has_tls:
            lines += [
                "tls {",
                f"  cert_file: {_quoted(server.cert or self.cert)}",
                f"  key_file: {_quoted(server.key or self.key)}",
                '  min_version: "1.2"',
                "}",
            ]
        lines += ["authorization {", "  users: ["]
        lines += [f"    {{ user: {_quoted(ADMIN)}, password: {_quoted(server.admin_password)} }}"]
        for member in server.members:
            allowed = subjects.permissions(member.host_id)
            lines += [
                f"    # {member.name}",
                "    {",
                f"      user: {_quoted(user_of(member.host_id))}",
                f"      password: {_quoted(member.password)}",
                "      permissions: {",
                f"        publish: {{ allow: {_list(allowed['publish']['allow'])} }}",
                f"        subscribe: {{ allow: {_list(allowed['subscribe']['allow'])} }}",
                "      }",
                "    }",
            ]
        return "\n".join([*lines, "  ]", "}", ""])


def _quoted(text: str) -> str:
    if not _QUOTED.fullmatch(text):
        raise BadArgument("path", f"cannot stand in a server configuration: {text[:80]!r}")
    return f'"{text}"'


def _list(texts: Iterable[str]) -> str:
    return "[" + ", ".join(map(_quoted, texts)) + "]"


def user_of(host_id: str) -> str:
    """Return the user name of a host."""
    return f"host-{host_id}"


def check_name(name: str) -> str:
    """Return *name* if a host may be called so.

    Raises:
        BadArgument: it may not.
    """
    if not HOST_NAME.fullmatch(name):
        raise BadArgument("host", "is 1 to 64 of A-Z a-z 0-9 . _ - and starts with none of these")
    return name


def check_addresses(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Return *addresses* if a server may be reached under them.

    Raises:
        BadArgument: one is neither a name nor an address.
    """
    for address in addresses:
        if not _ADDRESS.fullmatch(address):
            raise BadArgument("address", f"is no name or address: {address[:80]!r}")
    return addresses


def check_listen(listen: str) -> str:
    """Return *listen* if it is an address and a port.

    Raises:
        BadArgument: it is not.
    """
    host, colon, port = listen.rpartition(":")
    is_port = port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65_536
    if not colon or not is_port or not _ADDRESS.fullmatch(host):
        raise BadArgument("listen", "is ADDRESS:PORT, such as 0.0.0.0:4222")
    return listen


def with_hosts(server: Server, names: Iterable[str]) -> Server:
    """Return *server* with a member for each of *names*; one that is there stays as it is."""
    members = {member.name: member for member in server.members}
    for name in names:
        if check_name(name) not in members:
            members[name] = Member(name, os.urandom(8).hex(), new_password())
    return server._replace(members=tuple(members.values()))


def new_password() -> str:
    """Return 192 random bits as text."""
    return os.urandom(24).hex()


def join_members(server: Server, member: Member, ca: str | None) -> dict[str, Any]:
    """Return the content of the file by which *member* joins; whoever has it is that host."""
    members: dict[str, Any] = {
        "schema_version": 1,
        "url": list(server.urls),
        "host_id": member.host_id,
        "name": member.name,
        "user": user_of(member.host_id),
        "password": member.password,
    }
    return {**members, "ca": ca} if ca else members


def _server(members: Any) -> Server:
    if not codec.is_schema_one(members["schema_version"]):
        raise ValueError("of another version")
    found = []
    for item in members["members"]:
        member = Member(str(item["name"]), str(item["host_id"]), str(item["password"]))
        check_name(member.name)
        if not is_host_id(member.host_id):
            raise ValueError("a member without a host id")
        found.append(member)
    return Server(
        listen=check_listen(str(members["listen"])),
        addresses=check_addresses(tuple(map(str, members["addresses"]))),
        has_tls=members["has_tls"] is True,
        admin_password=str(members["admin_password"]),
        members=tuple(found),
        **{name: members.get(name) for name in ("cert", "key", "ca")},
    )
