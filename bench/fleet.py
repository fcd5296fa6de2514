"""Many hosts on one machine: carriers without agents, around one real server.

Each host has a state folder, sessions that exist in name only, and the carrier that ``oxtail``
runs, with a connection of its own; several carriers share a process, so that what is measured is
carriers and not interpreters.  It reports how soon all know of all, what that costs while nobody
writes, and how much mail goes through; ``docs/scale.md`` reads the numbers.  Run it alone: it needs
the machine.

Run ``make fleet``: 100 hosts with 20 sessions each, unless ``FLEET_FLAGS`` says otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import random
import resource
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

PHASE_SECONDS = 180.0
"""The longest that one phase may take; what is not there by then is reported as not there."""

POLL_SECONDS = 0.5

NICE = 10
"""Hosts step back, so that the server and whoever else works here do not wait for them."""

BODY = "x" * 500

MEMORY = "/dev/shm"
"""Where folders are kept in memory, if there is such a place."""


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


# ---------------------------------------------------------------------- hosts


class _Host:
    """One host: its folder, its sessions, and what is asked of it."""

    def __init__(self, folder: str, number: int, hosts: int, sessions: int) -> None:
        from helpers.carriers import FileHost

        self._number, self._hosts, self._count = number, hosts, sessions
        self._knows_all = False
        path = Path(folder) / f"h{number}"
        self.local = FileHost(path, _host_id(number), _sessions(number, sessions))

    def carrier(self, url: str) -> Any:
        from oxtail.store.nats.carrier import Backoff, Carrier
        from oxtail.store.nats.settings import Engine

        local = self.local
        return Carrier(
            lambda: Engine((url,)),
            local.host,
            local,
            local.store,
            local.disk,
            local.clock,
            backoff=Backoff(),
            trace=local.trace,
        )

    def knows(self, sessions: int) -> bool:
        hosts = self.local.hosts
        if not self._knows_all and len(hosts.hosts()) >= self._hosts - 1:
            live = sum(neighbor.is_live for neighbor in hosts.neighbors())
            self._knows_all = live >= sessions - len(self.local.sessions)
        return self._knows_all  # looking costs, too, and is not what is measured

    def has(self, session_id: str) -> bool:
        return session_id in self.local.sessions or bool(self.local.hosts.host_of(session_id))

    def grow_first(self, session_id: str) -> None:
        if self._number == 0:
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


class _Group:
    """Several hosts in one process, their carriers in one loop; does what *pipe* says."""

    def __init__(self, folder: str, url: str, numbers: list[int], shape: tuple[int, int]) -> None:
        self._url = url
        self._members = [_Host(folder, number, *shape) for number in numbers]
        self._loop = asyncio.new_event_loop()
        # Each carrier has one thread that listens for bells, and some that write for a moment.
        self._loop.set_default_executor(ThreadPoolExecutor(len(numbers) + 8))
        self._carriers: list[Any] = []
        self._tasks: list[Any] = []

    def run(self, pipe: Connection) -> None:
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        while (order := pipe.recv()) != "end":
            name, *arguments = order
            if name in ("facts", "start"):
                pipe.send(getattr(self, name)(*arguments))
            else:
                pipe.send([getattr(member, name)(*arguments) for member in self._members])
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        thread.join(10)

    def start(self) -> int:
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(60)
        return len(self._members)

    async def _start(self) -> None:
        for member in self._members:
            self._carriers.append(member.carrier(self._url))
            self._tasks.append(asyncio.ensure_future(self._carriers[-1].run()))

    async def _end(self) -> None:
        for carrier in self._carriers:
            carrier.stop()
        await asyncio.gather(*self._tasks)

    def facts(self) -> dict[str, Any]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {"cpu": used.ru_utime + used.ru_stime, **_memory(os.getpid())}


def _be_group(pipe: Connection, *arguments: Any) -> None:
    os.nice(NICE)
    _Group(*arguments).run(pipe)


# ---------------------------------------------------------------------- all of them


class _Fleet:
    """All hosts; orders go to all at once, and answers come from all."""

    def __init__(self, folder: str, url: str, options: argparse.Namespace) -> None:
        self._members = []
        shape = (options.hosts, options.sessions)
        for number in range(options.processes):
            context = multiprocessing.get_context("spawn")
            near, far = context.Pipe()
            numbers = list(range(number, options.hosts, options.processes))
            arguments = (far, folder, url, numbers, shape)
            process = context.Process(target=_be_group, args=arguments, daemon=True)
            process.start()
            self._members.append((process, near))
        self.facts()  # the processes are there

    def order(self, *order: Any) -> list[Any]:
        """Give *order* to all hosts; return the answer of each."""
        return [answer for answers in self._ask(*order) for answer in answers]

    def facts(self) -> list[dict[str, Any]]:
        """Return what is known of each process."""
        return self._ask("facts")

    def start(self) -> None:
        self._ask("start")

    def cpu(self) -> float:
        return float(sum(fact["cpu"] for fact in self.facts()))

    def _ask(self, *order: Any) -> list[Any]:
        for _, pipe in self._members:
            pipe.send(order)
        return [pipe.recv() for _, pipe in self._members]

    def end(self) -> None:
        for _, pipe in self._members:
            pipe.send("end")
        for process, _ in self._members:
            process.join(timeout=40)
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
    from helpers.carriers import prepare
    from helpers.nats_server import nats_server
    from oxtail.store.nats.settings import Engine

    hosts, sessions = options.hosts, options.hosts * options.sessions
    with nats_server(Path(folder) / "nats") as server:
        assert server.process
        pid = server.process.pid
        prepare(Engine((server.url,)))
        result: dict[str, Any] = {"server_kb_before": _memory(pid)["rss"]}
        fleet = _Fleet(folder, server.url, options)
        try:
            bare = sum(fact["private_dirty"] for fact in fleet.facts())
            began, spent = time.monotonic(), (fleet.cpu(), _cpu(pid))
            fleet.start()
            result["all_know_all_s"] = _timed(lambda: all(fleet.order("knows", sessions)), began)
            result["cpu_s_of_all_hosts_until_then"] = round(fleet.cpu() - spent[0], 2)
            result["cpu_s_of_server_until_then"] = round(_cpu(pid) - spent[1], 2)
            _say("all know all", result)

            time.sleep(5)
            spent = fleet.cpu(), _cpu(pid)
            traffic = server.varz()
            idle = time.monotonic()
            time.sleep(options.idle)
            idle = time.monotonic() - idle
            used = fleet.cpu() - spent[0]
            after = server.varz()
            result["idle_cpu_of_a_carrier_percent"] = round(100 * used / idle / hosts, 3)
            result["idle_cpu_of_server_percent"] = round(100 * (_cpu(pid) - spent[1]) / idle, 2)
            for name, key in (("messages", "out_msgs"), ("bytes", "out_bytes")):
                sent = (after[key] - traffic[key]) / idle
                result[f"idle_{name}_per_second_out_of_server"] = round(sent, 1)
            facts = fleet.facts()
            result["process_rss_kb"] = round(sum(f["rss"] for f in facts) / len(facts))
            grown = sum(fact["private_dirty"] for fact in facts) - bare
            result["private_kb_of_a_carrier_in_shared_process"] = round(grown / hosts)
            result["server_rss_kb"] = _memory(pid)["rss"]
            _say("idle", result)

            began, spent = time.monotonic(), (fleet.cpu(), _cpu(pid))
            fleet.order("grow_first", "new-session")
            result["new_session_known_to_all_s"] = _timed(
                lambda: all(fleet.order("has", "new-session")), began
            )
            _say("new session", result)

            total = hosts * options.messages
            spent = fleet.cpu(), _cpu(pid)
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
            hosts_cpu = fleet.cpu() - spent[0]
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
    parser.add_argument("--processes", type=int, default=4, help="in which the carriers run")
    parser.add_argument("--messages", type=int, default=20, help="that each host sends")
    parser.add_argument("--idle", type=float, default=15.0, help="seconds in which nobody writes")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    # A hundred hosts have a hundred disks; one disk under all of them would be what is measured.
    memory = MEMORY if os.path.isdir(MEMORY) else None
    with tempfile.TemporaryDirectory(
        prefix="oxtail-fleet-", dir=memory, ignore_cleanup_errors=True
    ) as folder:
        os.environ["HOME"] = folder
        result = _measure(options, folder)
    shape = {
        "hosts": options.hosts,
        "sessions": options.hosts * options.sessions,
        "processes": options.processes,
    }
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_before": round(load, 2),
        "folders_in_memory": memory is not None,
    }
    print(json.dumps({**shape, **machine, **result}, indent=2))
    complete = result["all_know_all_s"] is not None and result["messages_s"] is not None
    return 0 if complete and not result["lost"] else 1


if __name__ == "__main__":
    sys.exit(main())
