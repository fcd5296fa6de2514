"""Every open question can be seen by whoever looks, in both stores; looking changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.stores import ALICE, BOB, Hosts
from oxtail.core.correlation import TRANSITIONS, WAITED_FOR, Ask, Event, OpenAsk, State
from oxtail.disk.atomic import Disk
from oxtail.store.memory.store import MemoryStore
from oxtail.store.world import World

CAROL = "33333333-3333-4333-8333-333333333333"
ASK = Ask(ALICE, "00112233445566ff", BOB, "0123456789abcdef", 1_795_357_142, 1_795_357_144_915)
OTHER = Ask(BOB, "ffeeddccbbaa9988", CAROL, "fedcba9876543210", 1_795_357_142, 1_795_357_100_000)
PENDING = "p-" + "a993b6cbbc32e37a9330e41c7928f028"


class Both:
    """Makes processes of one kind of store, and lets them die."""

    def __init__(self, hosts: Hosts, kind: str) -> None:
        self.clock = hosts.clock
        world = World()
        self.process: Callable[..., Any] = hosts.process
        self.kill: Callable[[Any], None] = hosts.kill
        if kind == "memory":
            self.process = lambda: MemoryStore(hosts.clock, world=world)
            self.kill = lambda store: store.die()


@pytest.fixture(params=["files", "memory"])
def both(request: pytest.FixtureRequest, hosts: Hosts) -> Both:
    return Both(hosts, request.param)


def told(found: tuple[OpenAsk, ...]) -> list[tuple[str, str, bool, int]]:
    return [(one.ask.session_id, one.ask.target, one.waited_on, one.attempts) for one in found]


def test_questions_of_all_sessions_are_seen_with_what_becomes_of_them(both: Both) -> None:
    asker, other = both.process(), both.process()
    asker.open_ask(ASK)
    asker.open_ask(OTHER)
    asker.suspend_ask(ASK)

    assert told(other.all_asks(10)) == [(BOB, CAROL, True, 0), (ALICE, BOB, False, 0)]
    assert other.all_asks(10)[0].since == OTHER.at_ms / 1000
    assert abs(other.all_asks(10)[1].since - both.clock.now()) < 5


def test_nobody_waits_on_the_question_of_a_dead_process(both: Both) -> None:
    asker, other = both.process(), both.process()
    asker.open_ask(ASK)
    both.kill(asker)

    assert told(other.all_asks(10)) == [(ALICE, BOB, False, 0)]


@pytest.mark.parametrize(
    "look",
    [
        lambda store: store.waiting_asks(ALICE),
        lambda store: store.pending_asks(ALICE),
        lambda store: store.sweep(),
    ],
)
@pytest.mark.parametrize("end", [State.PENDING, State.DROPPED])
def test_the_table_decides_what_becomes_of_the_question_of_a_dead_process(
    both: Both, monkeypatch: pytest.MonkeyPatch, look: Callable[[Any], object], end: State
) -> None:
    for state in WAITED_FOR:
        monkeypatch.setitem(TRANSITIONS, (state, Event.ASKER_DIED), end)
    asker, other = both.process(), both.process()
    asker.open_ask(ASK)
    both.kill(asker)

    look(other)

    monkeypatch.undo()
    left = [ask.request_id for ask in other.pending_asks(ALICE)]
    assert left == ([ASK.request_id] if end is State.PENDING else [])


def test_a_late_answer_finds_the_question_of_a_dead_process_where_the_table_says(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker, other = both.process(), both.process()
    asker.open_ask(ASK)
    asker.open_ask(OTHER)
    both.kill(asker)

    assert other.consume_pending_ask(ALICE, ASK.request_id)
    for state in WAITED_FOR:
        monkeypatch.setitem(TRANSITIONS, (state, Event.ASKER_DIED), State.DROPPED)
    assert not other.consume_pending_ask(BOB, OTHER.request_id)


def test_answered_and_expired_questions_are_not_seen(both: Both) -> None:
    store = both.process()
    store.open_ask(ASK)
    store.close_ask(ASK)
    store.suspend_ask(OTHER)
    both.clock.advance(3_601)

    assert store.all_asks(10) == ()


def test_no_more_are_returned_than_asked_for(both: Both) -> None:
    store = both.process()
    for number in range(5):
        store.open_ask(ASK._replace(request_id=f"{number:016x}"))
        store.suspend_ask(OTHER._replace(request_id=f"{number:016x}"))

    assert len(store.all_asks(4)) == 4
    assert len(store.all_asks(7)) == 7
    assert len(store.all_asks(99)) == 10


def test_a_wake_for_a_question_is_counted(both: Both) -> None:
    store = both.process()
    store.suspend_ask(ASK)
    assert store.woken_for_ask(ALICE, ASK.request_id)
    assert store.woken_for_ask(ALICE, ASK.request_id)

    assert told(store.all_asks(10)) == [(ALICE, BOB, False, 2)]
    assert store.consume_pending_ask(ALICE, ASK.request_id)
    assert not store.woken_for_ask(ALICE, ASK.request_id)
    assert store.all_asks(10) == ()


def test_a_question_that_is_asked_again_begins_to_count_anew(both: Both) -> None:
    store = both.process()
    store.suspend_ask(ASK)
    store.woken_for_ask(ALICE, ASK.request_id)
    store.close_ask(ASK)
    store.suspend_ask(ASK)

    assert told(store.all_asks(10)) == [(ALICE, BOB, False, 0)]


def test_a_wake_gives_a_question_no_more_time(both: Both) -> None:
    store = both.process()
    store.suspend_ask(ASK)
    both.clock.advance(3_000)
    store.woken_for_ask(ALICE, ASK.request_id)
    both.clock.advance(601)

    assert store.all_asks(10) == ()
    assert not store.consume_pending_ask(ALICE, ASK.request_id)


def test_work_that_is_handed_on_keeps_its_count(both: Both) -> None:
    store = both.process()
    store.suspend_ask(ASK)
    store.woken_for_ask(ALICE, ASK.request_id)
    store.hand_on_ask(ALICE, ASK.request_id, CAROL, OTHER.message_id)
    store.woken_for_ask(ALICE, ASK.request_id)

    (one,) = store.all_asks(10)
    assert (one.ask.target, one.ask.message_id, one.attempts) == (CAROL, OTHER.message_id, 2)


def test_tidying_makes_pending_what_the_dead_waited_on_and_drops_what_is_old(both: Both) -> None:
    asker, store = both.process(), both.process()
    asker.open_ask(ASK)
    store.suspend_ask(OTHER)
    both.clock.advance(3_601)
    both.kill(asker)
    store.sweep_asks()

    assert [ask.target for ask in store.pending_asks(ALICE)] == [BOB]
    assert not store.consume_pending_ask(BOB, OTHER.request_id)


def test_a_count_is_written_as_npm_peers_write_it(hosts: Hosts) -> None:
    store = hosts.process()
    store.suspend_ask(ASK)
    path = hosts.path("pending-ask", PENDING)
    before, members = path.stat(), json.loads(path.read_text())
    hosts.clock.advance(300)
    store.woken_for_ask(ALICE, ASK.request_id)

    after = json.loads(path.read_text())
    assert list(after) == list(members)
    assert after["attempts"] == 1
    assert abs(after["lastRepokeAt"] / 1000 - hosts.clock.now()) < 5
    assert {**after, "attempts": 0, "lastRepokeAt": None} == members
    assert abs(path.stat().st_mtime - before.st_mtime) < 0.000_01
    assert hosts.names("pending-ask") == [PENDING]


@pytest.mark.parametrize("attempts", [None, -3, "7", True, [7]])
def test_a_count_that_is_no_number_is_none(hosts: Hosts, attempts: object) -> None:
    store = hosts.process()
    store.suspend_ask(ASK)
    path = hosts.path("pending-ask", PENDING)
    members = {**json.loads(path.read_text()), "attempts": attempts}
    path.write_text(json.dumps(members))

    assert told(store.all_asks(10)) == [(ALICE, BOB, False, 0)]
    store.woken_for_ask(ALICE, ASK.request_id)
    assert told(store.all_asks(10)) == [(ALICE, BOB, False, 1)]


def test_looking_leaves_every_file_in_its_place(hosts: Hosts) -> None:
    asker, store = hosts.process(), hosts.process()
    asker.open_ask(ASK)
    hosts.kill(asker)
    for number, text in enumerate(["null", "[]", "{", '{"sessionId":7}', "x" * 70_000]):
        hosts.path("asks", f"a-{number:032x}").write_text(text)
        hosts.path("pending-ask").mkdir(exist_ok=True)
        hosts.path("pending-ask", f"p-{number:032x}").write_text(text)
    before = sorted(str(path) for path in hosts.path().rglob("*"))

    assert told(store.all_asks(10)) == [(ALICE, BOB, False, 0)]
    assert sorted(str(path) for path in hosts.path().rglob("*")) == before


def test_looking_makes_no_folder(hosts: Hosts) -> None:
    assert hosts.process().all_asks(10) == ()
    assert not hosts.path().exists()


def test_a_question_in_both_records_is_one_that_nobody_waits_on(hosts: Hosts) -> None:
    asker, store = hosts.process(), hosts.process()
    asker.open_ask(ASK)
    store.suspend_ask(ASK)
    asker.open_ask(ASK)

    assert told(store.all_asks(10)) == [(ALICE, BOB, False, 0)]


def test_a_record_taken_while_a_wake_is_counted_does_not_come_back(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = hosts.process(), hosts.process()
    store.suspend_ask(ASK)
    stamp, calls = Disk.stamp, []

    def late(disk: Disk, path: str) -> Any:
        calls.append(path)
        if len(calls) == 2:
            Path(path).unlink()
        return stamp(disk, path)

    monkeypatch.setattr(Disk, "stamp", late)

    assert not store.woken_for_ask(ALICE, ASK.request_id)
    assert other.all_asks(10) == ()
