"""A question always has a record that leads its answer back, and ends once."""

from __future__ import annotations

import json

import pytest

from helpers.stores import ALICE, BOB, Hosts
from oxtail.core.correlation import Ask
from oxtail.errors import StoreError

ASK = Ask(ALICE, "00112233445566ff", BOB, "0123456789abcdef", 1_795_357_142, 1_795_357_144_915)
PENDING = "p-" + "a993b6cbbc32e37a9330e41c7928f028"


def test_a_waiting_ask_is_seen_by_all_and_is_not_pending(hosts: Hosts) -> None:
    asker, other = hosts.process(), hosts.process()
    asker.open_ask(ASK)

    assert other.waiting_asks(ALICE) == (ASK,)
    assert other.waiting_asks(BOB) == ()
    assert other.pending_asks(ALICE) == ()
    assert not other.consume_pending_ask(ALICE, ASK.request_id)
    assert hosts.names("pending-ask") == []


def test_a_suspended_ask_is_what_every_peer_reads(hosts: Hosts) -> None:
    asker = hosts.process()
    asker.open_ask(ASK)
    asker.suspend_ask(ASK)

    assert hosts.names("asks") == []
    assert hosts.names("pending-ask") == [PENDING]
    path = hosts.path("pending-ask", PENDING)
    members = json.loads(path.read_text())
    assert path.read_text() == (
        f'{{"sessionId":"{ALICE}","requestId":"{ASK.request_id}","at":{members["at"]},'
        f'"target":"{BOB}","messageId":"{ASK.message_id}","ownerEpoch":{ASK.owner_epoch},'
        '"attempts":0,"lastRepokeAt":null}'
    )
    assert abs(path.stat().st_mtime - members["at"] / 1000) < 0.01


def test_suspending_twice_keeps_the_first_record(hosts: Hosts) -> None:
    asker = hosts.process()
    asker.suspend_ask(ASK)
    before = hosts.path("pending-ask", PENDING).stat()
    hosts.clock.advance(60)
    asker.suspend_ask(ASK)

    after = hosts.path("pending-ask", PENDING).stat()
    assert (after.st_mtime, after.st_ino) == (before.st_mtime, before.st_ino)


def test_one_of_two_takers_gets_the_pending_ask(hosts: Hosts) -> None:
    hosts.process().suspend_ask(ASK)

    assert hosts.process().consume_pending_ask(ALICE, ASK.request_id)
    assert not hosts.process().consume_pending_ask(ALICE, ASK.request_id)


def test_a_pending_ask_expires(hosts: Hosts) -> None:
    store = hosts.process(pending_ask_ttl_ms=60_000)
    store.suspend_ask(ASK)
    hosts.clock.advance(59)
    assert len(store.pending_asks(ALICE)) == 1
    hosts.clock.advance(2)
    assert store.pending_asks(ALICE) == ()
    assert not store.consume_pending_ask(ALICE, ASK.request_id)

    assert hosts.names("pending-ask") == []


def test_the_wait_of_a_dead_process_counts_as_pending(hosts: Hosts) -> None:
    asker, other = hosts.process(), hosts.process()
    asker.open_ask(ASK)
    hosts.kill(asker)

    assert other.consume_pending_ask(ALICE, ASK.request_id)
    assert hosts.names("asks") == []
    assert not other.consume_pending_ask(ALICE, ASK.request_id)


@pytest.mark.parametrize("look", ["waiting_asks", "pending_asks", "sweep"])
def test_the_wait_of_a_dead_process_becomes_a_pending_ask(hosts: Hosts, look: str) -> None:
    asker, other = hosts.process(), hosts.process()
    asker.open_ask(ASK)
    hosts.kill(asker)
    if look == "sweep":
        other.sweep()
    else:
        getattr(other, look)(ALICE)

    assert (hosts.names("asks"), hosts.names("pending-ask")) == ([], [PENDING])


def test_an_answered_question_leaves_nothing(hosts: Hosts) -> None:
    store = hosts.process()
    store.open_ask(ASK)
    store.close_ask(ASK)
    store.suspend_ask(ASK)
    store.close_ask(ASK)
    store.close_ask(ASK)

    assert hosts.names("asks") == hosts.names("pending-ask") == []


def test_a_question_that_cannot_be_recorded_says_so(hosts: Hosts) -> None:
    hosts.path().mkdir()
    hosts.path("asks").write_text("in the way")
    with pytest.raises(StoreError):
        hosts.process().open_ask(ASK)


def test_records_of_others_that_are_damaged_hide_nothing(hosts: Hosts) -> None:
    store = hosts.process()
    store.open_ask(ASK)
    store.suspend_ask(ASK._replace(request_id="ffeeddccbbaa9988"))
    for name, text in enumerate(["null", "[]", "{", '{"sessionId":7}', "x" * 70_000]):
        hosts.path("asks", f"a-{name:032x}").write_text(text)
        hosts.path("pending-ask", f"p-{name:032x}").write_text(text)
    hosts.path("pending-ask", "p-short").write_text("{}")
    hosts.path("asks", f"a-{9:032x}").mkdir()

    assert store.waiting_asks(ALICE) == (ASK,)
    assert [ask.request_id for ask in store.pending_asks(ALICE)] == ["ffeeddccbbaa9988"]
    assert len(hosts.names("asks")) == 1
    assert len(hosts.names("damaged")) == 6


def test_a_record_of_an_old_peer_has_no_target(hosts: Hosts) -> None:
    hosts.path("pending-ask").mkdir(parents=True)
    hosts.path("pending-ask", PENDING).write_text(
        f'{{"sessionId":"{ALICE}","requestId":"{ASK.request_id}","at":1795357144915}}'
    )
    (found,) = hosts.process().pending_asks(ALICE)

    assert (found.target, found.message_id, found.request_id) == ("", "", ASK.request_id)


def test_a_sweep_removes_expired_asks_and_their_orphans(hosts: Hosts) -> None:
    store = hosts.process()
    store.suspend_ask(ASK)
    hosts.path("pending-ask", f"{PENDING}.tmp.1.00112233").write_text("{}")
    hosts.path("pending-ask", "readme").write_text("not ours")
    hosts.clock.advance(4_000)
    store.sweep()

    assert hosts.names("pending-ask") == ["readme"]
