"""A session that is cleared has a new id; sessions of other hosts reach it all the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helpers.capabilities import needs
from helpers.fakes import ALICE
from helpers.two_hosts import Hosts, go_on_as, mail, new_id, peers, see, world
from helpers.waiting import until
from helpers.wire import ServerProcess

pytestmark = [needs("nats"), pytest.mark.slow]


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Two hosts that the tests of this module share; Alice is on the first."""
    with world(tmp_path_factory.mktemp("hosts")) as (found, _):
        found.start("a", ALICE)
        yield found


@pytest.fixture(scope="module")
def alice(hosts: Hosts) -> ServerProcess:
    return hosts.started["a", ALICE]


def test_an_answer_under_a_new_id_ends_the_wait_for_it(hosts: Hosts, alice: ServerProcess) -> None:
    before, after = new_id(), new_id()
    dave = hosts.start_codex("b", before)
    see(alice, before)
    call = alice.start_call("ask_peer", target=before, body="ready?", timeout_ms=60_000)
    (question,) = mail(dave)
    go_on_as(dave, after)
    dave.call("reply_to_message", message_id=question["id"], body="yes")
    result = alice.result_of(call)
    assert result["timed_out"] is False
    assert (result["reply"]["body"], result["correlation"]) == ("yes", "correlated")
    assert result["reply"]["from_session_id"] == after


def test_an_answer_to_a_question_under_an_old_id_pulls_its_asker_back(
    hosts: Hosts, alice: ServerProcess
) -> None:
    before, after = new_id(), new_id()
    dave = hosts.start_codex("b", before)
    see(dave, ALICE)
    asked = dave.call("ask_peer", target=ALICE, body="ready?", timeout_ms=100)
    assert asked["timed_out"] is True
    go_on_as(dave, after)
    (question,) = mail(alice)
    alice.call("reply_to_message", message_id=question["id"], body="yes")
    (answer,) = mail(dave)
    assert (answer["body"], answer["reply_to"]) == ("yes", asked["request_id"])
    # It was taken as the answer: nobody waits for that question any more.
    assert not list((hosts.home("b") / ".oxtail" / "pending-asks").glob("p*"))


def test_an_old_id_is_asked_and_no_peer_of_its_own(hosts: Hosts, alice: ServerProcess) -> None:
    ids = [new_id() for _ in range(3)]
    dave = hosts.start_codex("b", ids[0])
    see(alice, ids[0])
    for session_id in ids[1:]:
        go_on_as(dave, session_id)
    see(alice, ids[2])
    until(lambda: not {*ids[:2]} & {*peers(alice)})
    call = alice.start_call("ask_peer", target=ids[0], body="ready?", timeout_ms=60_000)
    (question,) = mail(dave)
    dave.call("reply_to_message", message_id=question["id"], body="yes")
    result = alice.result_of(call)
    assert result["ok"] is True, result
    assert (result["reply"]["body"], result["reply"]["from_session_id"]) == ("yes", ids[2])
