"""Mail between two hosts over three servers: the one that leads is killed, a link is cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.capabilities import needs
from helpers.carriers import CarrierThread, FileHost
from helpers.nats_cluster import nats_cluster
from helpers.nats_server import Link
from helpers.storm import messages
from helpers.traffic import Traffic
from helpers.waiting import until
from oxtail.store.nats.settings import Engine

pytestmark = [needs("nats"), pytest.mark.slow, pytest.mark.timeout(1_200)]

EACH = messages(400) // 8
A, B = "a" * 16, "b" * 16


def test_a_leader_that_is_killed_and_a_link_that_is_cut_take_no_mail(tmp_path: Path) -> None:
    ann = FileHost(tmp_path / "a", A, [f"ann-{number}" for number in range(6)])
    bob = FileHost(tmp_path / "b", B, ["bob-0", "bob-1"])
    there = Traffic(ann, bob, EACH, pause=0.05)
    back = Traffic(bob, ann, EACH, pause=0.05)
    with (
        nats_cluster(tmp_path / "nats") as cluster,
        Link(cluster.servers[0].port) as link,
        CarrierThread(ann, Engine((link.url,))),
        CarrierThread(bob, cluster.engine),
    ):
        until(lambda: bob.hosts.host_of("ann-0"))
        until(lambda: ann.hosts.host_of("bob-0"))
        there.start()
        back.start()
        # The kill falls into traffic: some is through, and some is not yet sent.
        until(lambda: there.shown() >= there.count // 5)
        link.cut()
        until(lambda: ann.trace.named("nats_disconnected"))
        link.restore()
        until(lambda: there.shown() >= there.count // 3)
        leader = until(cluster.leader)
        leader.kill()
        assert not there.is_over()
        until(cluster.leader, every=0.2)
        leader.start()
        until(cluster.is_whole, every=0.2)
        until(lambda: there.is_over() and back.is_over(), within=600 + EACH, every=0.1)
        for traffic in (there, back):
            traffic.end()
            traffic.check()
