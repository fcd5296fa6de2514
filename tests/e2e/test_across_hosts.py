"""Two hosts with real session servers on each, and a real server between them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.capabilities import needs
from helpers.command import oxtail
from helpers.fakes import ALICE, BOB, CAROL
from helpers.nats_server import NatsServer
from helpers.two_hosts import Hosts, mail, meet, new_id, peers, see, status, world
from helpers.waiting import until
from helpers.wire import ServerProcess
from oxtail.core.names import hash32

pytestmark = [needs("nats"), pytest.mark.slow]

ASKS = 6


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Two hosts that the tests of this module share and leave as they are."""
    with world(tmp_path_factory.mktemp("hosts")) as (found, _):
        yield found


@pytest.fixture(scope="module")
def pair(hosts: Hosts) -> tuple[ServerProcess, ServerProcess]:
    return meet(hosts)


def answering(server: ServerProcess) -> Callable[[], None]:
    def answer() -> None:
        (question,) = mail(server)
        server.call("reply_to_message", message_id=question["id"], body="yes")

    return answer


def asked_ms(asker: ServerProcess, target: str, answer: Callable[[], None]) -> float:
    began = time.monotonic()
    call = asker.start_call("ask_peer", target=target, body="ready?", timeout_ms=60_000)
    answer()
    result = asker.result_of(call)
    assert result["reply"]["body"] == "yes", result
    assert result["correlation"] == "correlated"
    return (time.monotonic() - began) * 1000


def test_sessions_of_both_hosts_are_listed_with_their_host(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    alice, bob = pair
    assert "host" not in peers(alice)[ALICE]
    assert peers(alice)[BOB]["host_id"] != peers(bob)[ALICE]["host_id"]


def test_a_named_project_is_that_of_the_sessions_whose_user_named_it(
    pair: tuple[ServerProcess, ServerProcess], hosts: Hosts
) -> None:
    """The carriers run in servers that know nothing of the name."""
    here, there = new_id(), new_id()
    one = hosts.start("a", here, OXTAIL_PROJECT="secret")
    other = hosts.start("b", there, OXTAIL_PROJECT="secret")
    see(one, there)
    see(other, here)
    assert BOB not in peers(one)
    assert {here, there}.isdisjoint(row for row in peers(pair[0]) if row != here)
    sent = one.call("send_message", target=there, body="psst")
    assert [message["id"] for message in mail(other)] == [sent["message_id"]]
    refused = pair[0].call("send_message", target=there, body="psst")
    assert (refused["ok"], refused["error"]) == (False, "cross-project")


def test_a_question_is_answered_across_hosts(
    pair: tuple[ServerProcess, ServerProcess], hosts: Hosts, record_testsuite_property: Any
) -> None:
    alice, bob = pair
    carol_id = new_id()
    carol = hosts.start("a", carol_id)
    far = statistics.median(asked_ms(alice, BOB, answering(bob)) for _ in range(ASKS))
    near = statistics.median(asked_ms(alice, carol_id, answering(carol)) for _ in range(ASKS))
    record_testsuite_property("ask_ms", f"{far:.1f} across hosts, {near:.1f} on one")


def test_a_reply_by_id_goes_back_to_the_host_that_sent(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    alice, bob = pair
    sent = alice.call("send_message", target=BOB, body="there")
    assert sent["stored"] is True
    assert set(sent["remote"]) == {"host_id", "host"}
    (got,) = mail(bob)
    assert (got["id"], got["body"]) == (sent["message_id"], "there")
    answer = bob.call("reply_to_message", message_id=got["id"], body="back")
    assert answer["remote"]["host_id"] != sent["remote"]["host_id"]
    assert [message["body"] for message in mail(alice)] == ["back"]


def test_receipts_travel_back_to_one_that_waits_for_them(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    alice, bob = pair
    call = alice.start_call("send_message", target=BOB, body="there", wait_ms=30_000)
    (got,) = mail(bob)
    sent = alice.result_of(call)
    assert sent["receipt"]["status"] == "shown"
    assert [proof["stage"] for proof in status(alice, sent["message_id"])["evidence"]] == [
        "stored",
        "carried",
        "shown",
    ]
    bob.call("reply_to_message", message_id=got["id"], body="back")
    mail(alice, got["id"])
    assert status(alice, got["id"])["status"] == "answered"


def test_work_is_delegated_and_closed_across_hosts(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    alice, bob = pair
    sent = alice.call("send_message", target=BOB, body="do", action_required=True)
    assert sent["obligation_durable"] is True
    until(lambda: bob.call("my_open_work")["open"])
    done = bob.call("complete_work", message_id=sent["message_id"], body="42")
    assert done["obligation_state"] == "done"
    assert [message["body"] for message in mail(alice)] == ["42"]
    assert status(alice, sent["message_id"])["status"] == "answered"


def test_work_is_handed_on_to_another_host_and_back(
    pair: tuple[ServerProcess, ServerProcess], hosts: Hosts
) -> None:
    """Alice gives Bob work, who hands it on to Carol, a session of the host of Alice."""
    alice, bob = pair
    carol_id = new_id()
    carol = hosts.start("a", carol_id)
    see(bob, carol_id)
    sent = alice.call("send_message", target=BOB, body="do", action_required=True)["message_id"]
    until(lambda: bob.call("my_open_work")["open"])
    handed = bob.call("block_work", message_id=sent, reason="you", reassign_to=carol_id)
    assert handed["obligation_state"] == "reassigned"
    (work,) = until(lambda: carol.call("my_open_work")["open"])
    assert (work["from_session_id"], work["body"]) == (ALICE, "do")
    carol.call("complete_work", message_id=work["message_id"], body="42")
    bodies = [message["body"] for message in mail(alice, sent, work["message_id"])]
    assert sorted(bodies) == ["42", f"[reassigned] to {carol_id}: you"]


def test_a_policy_of_the_receiver_holds_a_question_and_ends_its_wait(
    pair: tuple[ServerProcess, ServerProcess], hosts: Hosts
) -> None:
    alice, strict = pair[0], new_id()
    hosts.start("b", strict)
    see(alice, strict)
    done = oxtail("policy", "hold", "*", "--as", strict, HOME=str(hosts.home("b")))
    assert done.status == 0, done
    result = alice.call("ask_peer", target=strict, body="ready?", timeout_ms=60_000)
    assert (result["held"], result["wake_status"]) == (True, "skipped_held")


# ---------------------------------------------------------------------- with servers that end


def test_a_session_that_nobody_knows_there_is_refused_and_its_sender_told(
    pair: tuple[ServerProcess, ServerProcess], hosts: Hosts
) -> None:
    alice, short = pair[0], new_id()
    server = hosts.start("b", short)
    see(alice, short)
    server.__exit__(None, None, None)
    # The server that comes next finds what is left of the first, and remembers its session.
    hosts.start("b", next_one := new_id())
    see(alice, next_one)
    (hosts.home("b") / ".oxtail" / "known" / f"{hash32(short)}.json").unlink()
    sent = alice.call("send_message", target=short, body="gone?")["message_id"]
    (word,) = mail(alice, sent)
    assert word["body"].startswith("[refused]")
    until(lambda: status(alice, sent)["status"] == "refused")


def test_mail_waits_while_the_engine_is_down_and_another_server_takes_over(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as (hosts, engine):
        _away_and_back(hosts, engine)
        _taken_over(hosts)


def _away_and_back(hosts: Hosts, engine: NatsServer) -> None:
    alice, bob = meet(hosts)
    engine.kill()
    until(lambda: hosts.state("a").get("connected") is False)
    for number in range(3):
        sent = alice.call("send_message", target=BOB, body=str(number))
        assert sent["stored"] is True
        assert "It waits now" in sent["note"]
        assert status(alice, sent["message_id"])["status"] == "stored"
    engine.start()
    until(lambda: hosts.state("a").get("connected"))
    got: list[str] = []
    until(
        lambda: (
            got.extend(m["body"] for m in bob.call("read_my_messages")["messages"]) or len(got) == 3
        ),
    )
    assert got == ["0", "1", "2"]


def _taken_over(hosts: Hosts) -> None:
    """The server that has the carrier is killed."""
    alice, bob = hosts.started["a", ALICE], hosts.started["b", BOB]
    carol = hosts.start("a", CAROL)
    see(bob, CAROL)
    alice.process.kill()
    alice.process.wait(60)
    sent = carol.call("send_message", target=BOB, body="after")["message_id"]
    assert [message["id"] for message in mail(bob)] == [sent]
