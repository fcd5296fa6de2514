"""Mail between two hosts over three servers, of which the one that leads is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.capabilities import needs
from helpers.carriers import CarrierThread, FileHost
from helpers.nats_cluster import nats_cluster
from helpers.traffic import Traffic
from helpers.waiting import until

pytestmark = [needs("nats"), pytest.mark.slow, pytest.mark.timeout(120)]

EACH = 100
A, B = "a" * 16, "b" * 16


def test_a_leader_that_is_killed_takes_no_mail_with_it(tmp_path: Path) -> None:
    ann = FileHost(tmp_path / "a", A, [f"ann-{number}" for number in range(6)])
    bob = FileHost(tmp_path / "b", B, ["bob-0", "bob-1"])
    there = Traffic(ann, bob, EACH, pause=0.05)
    back = Traffic(bob, ann, EACH, pause=0.05)
    with (
        nats_cluster(tmp_path / "nats") as cluster,
        CarrierThread(ann, cluster.engine),
        CarrierThread(bob, cluster.engine),
    ):
        until(lambda: bob.hosts.host_of("ann-0"), within=20)
        until(lambda: ann.hosts.host_of("bob-0"), within=20)
        there.start()
        back.start()
        # The kill falls into traffic: some is through, and some is not yet sent.
        until(lambda: there.shown() >= there.count // 3, within=30)
        leader = until(cluster.leader, within=20)
        leader.kill()
        assert not there.is_over()
        until(cluster.leader, within=20, every=0.2)
        leader.start()
        until(cluster.is_whole, within=20, every=0.2)
        until(lambda: there.is_over() and back.is_over(), within=60, every=0.1)
        for traffic in (there, back):
            traffic.end()
            traffic.check()
