"""Many hosts on one machine: carriers without agents, around one real server.

Each host is a process with a state folder, sessions that exist in name only, and the carrier that
``oxtail`` runs.  It reports how soon all know of all, what that costs while nobody writes, and how
much mail goes through; ``docs/scale.md`` reads the numbers.  Run it alone: it needs the machine.

Run ``make fleet``, with ``FLEET_FLAGS="--hosts 40 --sessions 50"`` on a machine of two cores.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import random
import resource
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

PHASE_SECONDS = 60.0
"""The longest that one phase may take; what is not there by then is reported as not there."""

POLL_SECONDS = 0.5

NICE = 10
"""Hosts step back, so that the server and whoever else works here do not wait for them."""

BODY = "x" * 500


def _host_id(number: int) -> str:
    return f"{number + 1:016x}"


def _sessions(number: int, count: int) -> list[str]:
    return [f"session-{number}-{index}" for index in range(count)]


def _memory(pid: int) -> dict[str, int]:
    """Return resident, proportional and private memory of a process in kB."""
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        name, _, rest = line.partition(":")
        if name in ("Rss", "Pss", "Private_Dirty"):
            found[name.lower()] = int(rest.split()[0])
    return found


def _cpu(pid: int) -> float:
    """Return the CPU time of a process in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ---------------------------------------------------------------------- a host


class _Host:
    """One host, in a process of its own; does what the other end of *pipe* says."""

    def __init__(self, folder: str, url: str, number: int, hosts: int, sessions: int) -> None:
        from helpers.carriers import FileHost

        self._url = url
        self._number, self._hosts, self._count = number, hosts, sessions
        path = Path(folder) / f"h{number}"
        self.local = FileHost(path, _host_id(number), _sessions(number, sessions))

    def run(self, pipe: Connection) -> None:
        from helpers.carriers import CarrierThread
        from oxtail.store.nats.settings import Engine

        with CarrierThread(self.local, Engine((self._url,))):
            while (order := pipe.recv()) != "end":
                name, *arguments = order
                pipe.send(getattr(self, name)(*arguments))

    def knows(self, sessions: int) -> bool:
        hosts = self.local.hosts
        if len(hosts.hosts()) < self._hosts - 1:
            return False
        return len(hosts.neighbors()) >= sessions - len(self.local.sessions)

    def has(self, session_id: str) -> bool:
        return session_id in self.local.sessions or bool(self.local.hosts.host_of(session_id))

    def grow(self, session_id: str) -> None:
        self.local.sessions = (*self.local.sessions, session_id)

    def send(self, count: int) -> None:
        from helpers.stores import letter

        choice = random.Random(self._number)
        for index in range(count):
            other = choice.choice([n for n in range(self._hosts) if n != self._number])
            to = choice.choice(_sessions(other, self._count))
            sender = self.local.sessions[index % self._count]
            self.local.send(_host_id(other), to, letter(BODY, from_session_id=sender))

    def arrived(self) -> tuple[int, int, int]:
        ids = self.local.arrivals
        return len(ids), len(set(ids)), len(self.local.set_asides)

    def facts(self) -> dict[str, Any]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {"cpu": used.ru_utime + used.ru_stime, **_memory(os.getpid())}


def _be_host(pipe: Connection, *arguments: Any) -> None:
    os.nice(NICE)
    _Host(*arguments).run(pipe)


# ---------------------------------------------------------------------- all of them


class _Fleet:
    """All hosts; orders go to all at once, and answers come from all."""

    def __init__(self, folder: str, url: str, hosts: int, sessions: int) -> None:
        self._members = []
        for number in range(hosts):
            # The first one begins as a program does; the others share its code, to save memory.
            context = multiprocessing.get_context("fork" if number else "spawn")
            near, far = context.Pipe()
            arguments = (far, folder, url, number, hosts, sessions)
            process = context.Process(target=_be_host, args=arguments, daemon=True)
            process.start()
            self._members.append((process, near))
            self.order_one(number, "arrived")  # it carries before the next one begins

    def order(self, *order: Any) -> list[Any]:
        for _, pipe in self._members:
            pipe.send(order)
        return [pipe.recv() for _, pipe in self._members]

    def order_one(self, number: int, *order: Any) -> Any:
        pipe = self._members[number][1]
        pipe.send(order)
        return pipe.recv()

    def end(self) -> None:
        for _, pipe in self._members:
            pipe.send("end")
        for process, _ in self._members:
            process.join(timeout=20)
            if process.is_alive():
                process.kill()


def _until(is_there: Any) -> bool:
    deadline = time.monotonic() + PHASE_SECONDS
    while not is_there():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _timed(is_there: Any, began: float) -> float | None:
    return round(time.monotonic() - began, 2) if _until(is_there) else None


def _measure(options: argparse.Namespace, folder: str) -> dict[str, Any]:
    import oxtail.store.nats.carrier  # noqa: F401 - shared with those who are forked
    from helpers.carriers import prepare
    from helpers.nats_server import nats_server
    from oxtail.store.nats.settings import Engine

    hosts, sessions = options.hosts, options.hosts * options.sessions
    with nats_server(Path(folder) / "nats") as server:
        assert server.process
        pid = server.process.pid
        prepare(Engine((server.url,)))
        result: dict[str, Any] = {"server_kb_before": _memory(pid)["rss"]}
        began = time.monotonic()
        fleet = _Fleet(folder, server.url, hosts, options.sessions)
        try:
            result["all_started_s"] = round(time.monotonic() - began, 2)
            began = time.monotonic()
            result["all_know_all_s"] = _timed(lambda: all(fleet.order("knows", sessions)), began)
            _say("all know all", result)

            before = [fact["cpu"] for fact in fleet.order("facts")], _cpu(pid)
            idle = time.monotonic()
            time.sleep(options.idle)
            idle = time.monotonic() - idle
            facts = fleet.order("facts")
            used = sum(fact["cpu"] for fact in facts) - sum(before[0])
            result["idle_cpu_of_a_carrier_percent"] = round(100 * used / idle / hosts, 3)
            result["idle_cpu_of_server_percent"] = round(100 * (_cpu(pid) - before[1]) / idle, 2)
            result["carrier_rss_kb"] = facts[0]["rss"]
            result["carrier_private_kb_forked"] = round(
                sum(fact["private_dirty"] for fact in facts[1:]) / max(1, hosts - 1)
            )
            result["server_rss_kb"] = _memory(pid)["rss"]
            _say("idle", result)

            began = time.monotonic()
            fleet.order_one(0, "grow", "new-session")
            result["new_session_known_to_all_s"] = _timed(
                lambda: all(fleet.order("has", "new-session")), began
            )

            _say("new session", result)

            total = hosts * options.messages
            spent = sum(fact["cpu"] for fact in fleet.order("facts")), _cpu(pid)
            began = time.monotonic()
            fleet.order("send", options.messages)
            result["put_in_boxes_s"] = round(time.monotonic() - began, 2)
            took = _timed(lambda: sum(n for n, *_ in fleet.order("arrived")) >= total, began)
            counts = fleet.order("arrived")
            result["messages"] = total
            result["messages_s"] = took
            result["messages_per_second"] = round(total / took) if took else None
            result["lost"] = total - sum(distinct for _, distinct, _ in counts)
            result["delivered_again"] = sum(n - distinct for n, distinct, _ in counts)
            result["set_aside"] = sum(aside for *_, aside in counts)
            hosts_cpu = sum(fact["cpu"] for fact in fleet.order("facts")) - spent[0]
            result["cpu_ms_per_message_on_hosts"] = round(1000 * hosts_cpu / total, 2)
            result["cpu_ms_per_message_in_server"] = round(1000 * (_cpu(pid) - spent[1]) / total, 3)
            result["server_rss_kb_after"] = _memory(pid)["rss"]
        finally:
            fleet.end()
    return result


def _say(text: str, result: dict[str, Any]) -> None:
    print(text, json.dumps(result), file=sys.stderr, flush=True)


def main() -> int:
    """Measure and report; 0 if all arrived, 1 if not."""
    parser = argparse.ArgumentParser(description="Measure many hosts on this machine.")
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--sessions", type=int, default=20, help="of each host")
    parser.add_argument("--messages", type=int, default=20, help="that each host sends")
    parser.add_argument("--idle", type=float, default=15.0, help="seconds in which nobody writes")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="oxtail-fleet-", ignore_cleanup_errors=True) as folder:
        os.environ["HOME"] = folder
        result = _measure(options, folder)
    shape = {"hosts": options.hosts, "sessions": options.hosts * options.sessions}
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_before": round(load, 2),
    }
    print(json.dumps({**shape, **machine, **result}, indent=2))
    complete = result["all_know_all_s"] is not None and result["messages_s"] is not None
    return 0 if complete and not result["lost"] else 1


if __name__ == "__main__":
    sys.exit(main())
