"""A host as a process: its carrier, its sessions, and traffic with another host.

Run as ``python -m helpers.host_process '{...}'``; it does what each line on standard input says and
answers with a line of JSON.  Nothing here knows in which network namespace it runs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from helpers.carriers import CarrierThread, FileHost
from helpers.traffic import Traffic
from helpers.waiting import until
from oxtail.store.nats import client
from oxtail.store.nats.settings import Engine

ENDS_SECONDS = 600
"""How long the rest may take; ten messages of each sender have another second."""


def main() -> None:
    plan: dict[str, Any] = json.loads(sys.argv[1])
    client.PING_SECONDS = plan["ping_seconds"]  # type: ignore[misc]
    host = FileHost(Path(plan["folder"]), plan["host"], plan["sessions"])
    # The other host, as far as traffic needs it: who reads there.
    other = FileHost(Path(plan["folder"]) / "unused", plan["other"], plan["other_sessions"])
    sending = Traffic(host, other, plan["each"], plan["pause"])
    reading = Traffic(other, host, plan["each"])
    with CarrierThread(host, Engine((plan["url"],), is_insecure=True)):
        for line in sys.stdin:
            _say(_answer(line.strip(), host, sending, reading, plan))
            if line.strip() == "end":
                return


def _say(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _answer(order: str, host: FileHost, sending: Traffic, reading: Traffic, plan: Any) -> Any:
    if order == "meet":
        until(lambda: host.hosts.host_of(plan["other_sessions"][0]))
    elif order == "go":
        sending.start_senders()
        reading.start_readers()
    elif order == "progress":
        lost = sum(event == "nats_disconnected" for event, _ in host.trace.events)
        return {"shown": reading.shown(), "disconnected": lost}
    elif order == "end":
        until(reading.is_over, within=ENDS_SECONDS + plan["each"] / 10, every=0.1)
        sending.join()
        reading.end()
        return {
            "sent": [[*ends, ids] for ends, ids in sending.sent.items()],
            "shown": [
                [message.from_session_id, reader.session_id, message.id]
                for reader in reading.readers
                for message in reader.shown
            ],
            "set_aside": host.set_asides,
        }
    return {}


if __name__ == "__main__":
    main()
