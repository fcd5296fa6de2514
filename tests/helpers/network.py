"""A network in namespaces: a switch with a NATS server, and hosts on cables that can be pulled.

:class:`Network` runs in the test and needs no privileges: it starts this module as the first
process of a user and network namespace of its own.  That process makes a bridge, and for each host
another network namespace with a pair of interfaces between the two.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

UNSHARE = ("unshare", "-rnm", "--pid", "--fork", "--kill-child", "--mount-proc")
HUB = "10.77.0.1"
PORT = 4222
HERE = Path(__file__).resolve()


class Network:
    """Hosts that reach nothing but the server, each over a cable of its own; a context manager.

    Args:
        folder: For the server.
        server: The program of the server.
        plans: What :mod:`helpers.host_process` does on each host; ``url`` is filled in.
    """

    def __init__(self, folder: Path, server: Path, plans: list[dict[str, Any]]) -> None:
        folder.mkdir()
        plan = {"folder": str(folder), "server": str(server), "hosts": plans}
        self._command = [*UNSHARE, sys.executable, "-m", "helpers.network", json.dumps(plan)]
        self._log = folder / "network.log"
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        source = HERE.parents[2] / "src"
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                env={**os.environ, "PATH": path, "PYTHONPATH": f"{source}:{HERE.parents[1]}"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._process
        self._process.kill()  # and with it everything in the namespace
        self._process.communicate(timeout=60)

    def order(self, host: int, order: str) -> Any:
        """Do *order* on *host*: one of ``cut``, ``restore``, or of the host's own."""
        assert self._process
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps([host, order]), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        assert line, self._log.read_text(encoding="utf-8")
        return json.loads(line)


# ---------------------------------------------------------------------- inside


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=60)


class _Cabled:
    """A host at the end of a cable."""

    def __init__(self, number: int, plan: dict[str, Any]) -> None:
        self._cable = f"cable{number}"
        # The name of the namespace is the process in it, which waits until it is connected.
        inside = f'read line && exec {sys.executable} -m helpers.host_process "$0"'
        plan = {**plan, "url": f"nats://{HUB}:{PORT}"}
        self._process = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", f"echo && {inside}", json.dumps(plan)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._readline()
        pid = str(self._process.pid)
        end = ("type", "veth", "peer", "name", "eth0", "netns", pid)
        _run("ip", "link", "add", self._cable, *end)
        _run("ip", "link", "set", self._cable, "master", "switch", "up")
        within = ("nsenter", "-t", pid, "-n", "ip")
        _run(*within, "link", "set", "lo", "up")
        _run(*within, "addr", "add", f"10.77.0.{number + 2}/24", "dev", "eth0")
        _run(*within, "link", "set", "eth0", "up")
        self._write("connected")

    def _readline(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()

    def _write(self, line: str) -> None:
        assert self._process.stdin
        print(line, file=self._process.stdin, flush=True)

    def order(self, order: str) -> str:
        if order in ("cut", "restore"):
            _run("ip", "link", "set", self._cable, "down" if order == "cut" else "up")
            return "{}\n"
        self._write(order)
        return self._readline()


def main() -> None:
    from helpers.waiting import until

    plan = json.loads(sys.argv[1])
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "link", "add", "switch", "type", "bridge")
    _run("ip", "addr", "add", f"{HUB}/24", "dev", "switch")
    _run("ip", "link", "set", "switch", "up")
    store = f"{plan['folder']}/store"
    log = f"{plan['folder']}/server.log"
    subprocess.Popen(
        [plan["server"], "-a", HUB, "-p", str(PORT), "-js", "-sd", store, "-l", log],
        stdin=subprocess.DEVNULL,
    )
    until(lambda: _is_prepared(f"nats://{HUB}:{PORT}"), every=0.2)
    hosts = [_Cabled(number, host) for number, host in enumerate(plan["hosts"])]
    for line in sys.stdin:
        host, order = json.loads(line)
        sys.stdout.write(hosts[host].order(order))
        sys.stdout.flush()


def _is_prepared(url: str) -> bool:
    from helpers.carriers import prepare
    from oxtail.errors import EngineError
    from oxtail.store.nats.settings import Engine

    try:
        prepare(Engine((url,), is_insecure=True))
    except EngineError:
        return False
    return True


if __name__ == "__main__":
    main()
