"""Mail between two hosts in networks of their own, while the cable of one and the other is out."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from helpers.capabilities import needs, where
from helpers.network import Network
from helpers.storm import messages
from helpers.waiting import until

pytestmark = [needs("nats", "namespaces", "cables"), pytest.mark.slow, pytest.mark.timeout(1_200)]

EACH = messages(400) // 5
A, B = "a" * 16, "b" * 16
SESSIONS = {A: ["ann-0", "ann-1", "ann-2"], B: ["bob-0", "bob-1"]}


def plan(folder: Path, host: str, other: str) -> dict[str, Any]:
    return {
        "folder": str(folder / host),
        "host": host,
        "other": other,
        "sessions": SESSIONS[host],
        "other_sessions": SESSIONS[other],
        "each": EACH,
        "pause": 0.04,
        "ping_seconds": 1,
    }


def check(sender: Any, reader: Any, count: int) -> None:
    """Nothing is lost, nothing is shown twice, and no message overtook one of its sender."""
    shown = defaultdict(list)
    for source, goal, message_id in reader["shown"]:
        shown[source, goal].append(message_id)
    assert dict(shown) == {(source, goal): ids for source, goal, ids in sender["sent"]}
    ids = [message_id for *_, message_id in reader["shown"]]
    assert len(ids) == len(set(ids)) == count
    assert reader["set_aside"] == []


def test_a_cable_that_is_out_for_a_while_holds_mail_up_and_no_more(tmp_path: Path) -> None:
    plans = [plan(tmp_path, A, B), plan(tmp_path, B, A)]
    with Network(tmp_path / "network", where("nats"), plans) as network:

        def progress(host: int) -> Any:
            return network.order(host, "progress")

        for host in (0, 1):
            network.order(host, "meet")
        for host in (0, 1):
            network.order(host, "go")
        # In a short cut the connection lives on; a long one ends it, which the carrier must notice
        # by itself: nothing says that a cable is out.
        for host, lasts in ((0, "short"), (1, "long"), (0, "long")):
            at_least = progress(1)["shown"] + EACH // 8
            until(lambda n=at_least: progress(1)["shown"] >= n, every=0.05)
            before = progress(host)
            network.order(host, "cut")
            if lasts == "long":
                lost = before["disconnected"]
                until(lambda h=host, n=lost: progress(h)["disconnected"] > n, every=0.1)
            network.order(host, "restore")
        ends = [network.order(host, "end") for host in (0, 1)]
    check(ends[0], ends[1], EACH * len(SESSIONS[A]))
    check(ends[1], ends[0], EACH * len(SESSIONS[B]))
