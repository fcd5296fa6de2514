"""A CA of one's own, and a certificate for the server, made by the ``openssl`` program.

Whoever has certificates gives those instead.  Keys are made where they stay, readable by nobody
else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from oxtail.errors import ConfigError, ExtraMissing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oxtail.store.nats.provision import Folder

CA_DAYS: Final = 3_650
SERVER_DAYS: Final = 825
"""Longest life of a server's certificate that all programs accept."""

_SECONDS: Final = 30
_NEW_KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
_CA_EXTENSIONS: Final = (
    "[ext]\nbasicConstraints=critical,CA:TRUE,pathlen:0\n"
    "keyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
)


@contextmanager
def _new_folder(parent: str) -> Iterator[str]:
    """Give a private folder below *parent*, gone at the end of the block."""
    path = os.path.join(parent, f".new-{os.urandom(6).hex()}")
    os.mkdir(path, 0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def _openssl(*arguments: str) -> None:
    program = shutil.which("openssl")
    if program is None:
        raise ExtraMissing(
            "the openssl program makes the certificates: install it, or give --cert, --key and --ca"
        )
    done = subprocess.run(
        [program, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_SECONDS,
        umask=0o077,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise ConfigError(f"openssl failed: {last[:200]}")


def alternative_names(addresses: Sequence[str]) -> str:
    """Return *addresses* as a certificate names them."""
    names = []
    for address in addresses:
        bare = address.strip("[]")
        is_number = ":" in bare or bare.replace(".", "").isdigit()
        names.append(f"{'IP' if is_number else 'DNS'}:{bare}")
    return ",".join(names)


def make_ca(folder: Folder) -> bool:
    """Make a CA in *folder* unless there is one; tell whether it was made.

    Raises:
        ConfigError: it cannot be made.
        OSError: as above.
    """
    if os.path.exists(folder.ca):
        return False
    with _new_folder(folder.path) as new:
        settings = os.path.join(new, "ca.cnf")
        with open(settings, "w", encoding="ascii") as file:
            file.write("[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=ext\n")
            file.write(f"[dn]\nCN=oxtail CA\n{_CA_EXTENSIONS}")
        key, cert = os.path.join(new, "key.pem"), os.path.join(new, "cert.pem")
        _openssl(
            *("req", "-x509", *_NEW_KEY, "-days", str(CA_DAYS), "-config", settings),
            *("-keyout", key, "-out", cert),
        )
        os.rename(key, folder.ca_key)
        os.rename(cert, folder.ca)
    return True


def make_server_certificate(folder: Folder, addresses: Sequence[str]) -> None:
    """Make the server's key and certificate for *addresses* anew, signed by the CA of *folder*.

    Raises:
        ConfigError: it cannot be made.
        OSError: as above.
    """
    with _new_folder(folder.path) as new:
        key, cert = os.path.join(new, "key.pem"), os.path.join(new, "cert.pem")
        request, extensions = os.path.join(new, "request.pem"), os.path.join(new, "ext.cnf")
        settings = os.path.join(new, "server.cnf")
        with open(settings, "w", encoding="ascii") as file:
            file.write("[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=oxtail NATS server\n")
        with open(extensions, "w", encoding="ascii") as file:
            file.write("basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\n")
            file.write("keyUsage=critical,digitalSignature\nauthorityKeyIdentifier=keyid\n")
            file.write(f"subjectAltName={alternative_names(addresses)}\n")
        _openssl("req", "-new", *_NEW_KEY, "-config", settings, "-keyout", key, "-out", request)
        _openssl(
            *("x509", "-req", "-in", request, "-CA", folder.ca, "-CAkey", folder.ca_key),
            *("-set_serial", str(int.from_bytes(os.urandom(16)) >> 1)),
            *("-days", str(SERVER_DAYS), "-extfile", extensions, "-out", cert),
        )
        os.rename(key, folder.key)
        os.rename(cert, folder.cert)
