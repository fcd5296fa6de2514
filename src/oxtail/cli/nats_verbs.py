"""The verb about other hosts; data, as all verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from oxtail.cli.argument import Argument, Verb, positive_number

if TYPE_CHECKING:
    from collections.abc import Mapping

VERBS: Final[Mapping[str, Verb]] = {
    "nats": Verb(
        "join this host with others through a NATS server",
        "init prepares a server in a folder: its configuration, certificates, and for each --host "
        "a file to join by; once the server runs, init again makes what mail needs on it. "
        "join takes such a file, or a URL with given credentials, and checks the connection. "
        "status tells who this host is, whether it is connected, and what waits. "
        "trust accepts the key that a host says now in place of the one by which it was known; "
        "compare fingerprints first. "
        "carry carries until it is ended, for a host that wants a service for it; without one the "
        "server of a session does it. "
        "One machine alone needs none of this.",
        (
            Argument(
                "do", "what to do", value="DO", choices=("init", "join", "status", "carry", "trust")
            ),
            Argument(
                "source",
                "join: the file that init made for this host, or the URL of a server; "
                "trust: the id of the host",
                value="FILE|URL|HOST",
                optional=True,
            ),
            Argument(
                "folder", "init: the folder of the server (default oxtail-nats)", "--dir", "PATH"
            ),
            Argument("hosts", "init: a host that may join", "--host", "NAME", repeat=True),
            Argument(
                "listen",
                "init: where the server listens (default 127.0.0.1:4222)",
                "--listen",
                "ADDRESS:PORT",
            ),
            Argument(
                "addresses",
                "init: a name or address under which hosts reach it (default: where it listens)",
                "--address",
                "NAME",
                repeat=True,
            ),
            Argument(
                "replicas",
                "init: servers of a cluster that hold each message (default 1)",
                "--replicas",
                "N",
                convert=positive_number,
                default=1,
            ),
            Argument("plain", "init: a server that does not encrypt", "--plain"),
            Argument("cert", "a certificate in place of one made here", "--cert", "PATH"),
            Argument("key", "the key of that certificate", "--key", "PATH"),
            Argument("ca", "the CA that signed the server's certificate", "--ca", "PATH"),
            Argument("name", "join: what people call this host", "--name", "NAME"),
            Argument("user", "join: the user of this host", "--user", "NAME"),
            Argument("password_file", "join: a file with its password", "--password-file", "PATH"),
            Argument(
                "credentials", "join: a credentials file of the server", "--credentials", "PATH"
            ),
            Argument("with_server", "carry: end when standard input ends", "--with-server"),
            Argument("insecure", "accept plain text to another machine", "--insecure"),
        ),
    ),
}
