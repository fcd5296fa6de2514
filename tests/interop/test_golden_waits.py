"""Who waits for whom in folders that live npm peers left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.capabilities import needs
from helpers.command import oxtail
from helpers.fakes import ALICE, BOB
from interop.test_golden_story import lay

pytestmark = [needs("golden"), pytest.mark.slow]


def graph(home: Path) -> dict:
    done = oxtail("work", "--graph", "--all", "--json", HOME=str(home))
    assert done.status == 0, done.err
    return done.json["result"]


def test_a_question_that_timed_out_waits_for_a_peer_that_is_gone(home: Path) -> None:
    lay("v0.32.1", 3, home)
    (wait,) = graph(home)["waits"]

    assert (wait["from_session_id"], wait["to_session_id"]) == (ALICE, BOB)
    assert (wait["kind"], wait["stage"]) == ("question", "pending")
    assert wait["orphaned"] == "target_gone"


def test_open_work_is_a_wait_each_and_its_pending_ask_is_none_beside_it(home: Path) -> None:
    state = lay("v0.32.1", 6, home)
    found = graph(home)

    assert len(list((state / "pending-ask").iterdir())) == 1
    assert [(w["kind"], w["stage"], w["to_session_id"]) for w in found["waits"]] == [
        ("work", "open", BOB)
    ] * 2
    assert found["counts"]["deadlocks"] == 0


def test_work_that_npm_peers_closed_is_no_wait(home: Path) -> None:
    lay("v0.32.1", 7, home)

    assert graph(home)["waits"] == []
