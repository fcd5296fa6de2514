"""Delegated work in the ledgers, and the intents to close it; what both stores promise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helpers.stores import ALICE, BOB, TO_BOB, Hosts, letter
from oxtail.core.address import Route
from oxtail.core.names import pair_hash32, session_box
from oxtail.core.work import Closing, State
from oxtail.store.files.locks import Locks
from oxtail.store.files.work import FileWork
from oxtail.store.memory.store import MemoryStore
from oxtail.store.memory.work import MemoryWork

CAROL = "33333333-3333-4333-8333-333333333333"
TASK = letter("please do", message_id="aa03840545e381c5", action_required=True)
PLAIN = letter("hello", message_id="00000000000000ee")


def closing(message_id: str = TASK.id, outcome: State = State.DONE, **members: Any) -> Closing:
    given = {"body": "done: 42", "at": 1_800_000_001, "requester": ALICE, **members}
    return Closing(members.pop("session_id", BOB), message_id, outcome, **given)


def file_work(hosts: Hosts) -> FileWork:
    return FileWork(hosts.disk, Locks(hosts.disk, 5.0, hosts.trace))


class Side:
    """One kind of store and its work."""

    def __init__(self, hosts: Hosts, kind: str) -> None:
        self.store: Any = hosts.process() if kind == "files" else MemoryStore(hosts.clock)
        self.work: Any = file_work(hosts) if kind == "files" else MemoryWork(self.store)


@pytest.fixture(params=["files", "memory"])
def side(request: pytest.FixtureRequest, hosts: Hosts) -> Side:
    return Side(hosts, request.param)


def test_work_is_open_from_its_delivery_on(side: Side) -> None:
    side.store.put(TO_BOB, PLAIN)
    side.store.put(TO_BOB, TASK)

    (owed,) = side.work.open_of((BOB,))

    assert (owed.session_id, owed.message, owed.is_work, owed.state) == (
        BOB,
        TASK,
        True,
        State.OPEN,
    )
    assert side.work.find((BOB,), TASK.id) == owed
    assert side.work.open_of((ALICE,)) == side.work.open_of(()) == ()


def test_ordinary_mail_is_found_and_is_no_work(side: Side) -> None:
    side.store.put(TO_BOB, PLAIN)

    found = side.work.find((BOB,), PLAIN.id)

    assert found is not None
    assert (found.message, found.is_work, found.has_ended) == (PLAIN, False, False)
    assert side.work.find((BOB,), TASK.id) is None
    assert side.work.find((BOB,), "") is None


def test_open_work_of_several_ids_is_oldest_first_and_each_once(side: Side) -> None:
    former = Route(session_box(CAROL), CAROL, None)
    young = letter("young", message_id="0000000000000001", action_required=True)
    young = young._replace(enqueued_at=young.enqueued_at + 5)
    old = letter("old", message_id="0000000000000002", action_required=True)
    for route, message in [(TO_BOB, young), (TO_BOB, TASK), (former, old), (former, TASK)]:
        side.store.put(route, message)

    found = side.work.open_of((BOB, CAROL))

    assert [owed.message.body for owed in found] == ["please do", "old", "young"]


def test_a_closing_that_was_begun_is_listed_and_shows_on_the_work(side: Side) -> None:
    side.store.put(TO_BOB, TASK)

    assert side.work.begin(closing()) is None

    assert side.work.closings((BOB,)) == (closing(),)
    assert side.work.closings((ALICE,)) == ()
    assert side.work.find((BOB,), TASK.id).state is State.CLOSING
    assert [owed.state for owed in side.work.open_of((BOB,))] == [State.CLOSING]


def test_of_two_closings_the_first_one_counts(side: Side) -> None:
    side.store.put(TO_BOB, TASK)
    first, second = closing(), closing(outcome=State.BLOCKED, body="[blocked] no")

    assert side.work.begin(first) is None
    assert side.work.begin(second) == first
    assert side.work.begin(first) == first
    assert side.work.closings((BOB,)) == (first,)


def test_finished_work_is_terminal_and_its_closing_forgotten(side: Side) -> None:
    side.store.put(TO_BOB, TASK)
    side.work.begin(closing())

    assert side.work.finish(closing())

    owed = side.work.find((BOB,), TASK.id)
    assert (owed.state, owed.closed_at, owed.note) == (State.DONE, 1_800_000_001, "done: 42")
    assert owed.message == TASK
    assert side.work.open_of((BOB,)) == side.work.closings((BOB,)) == ()
    assert side.store.lookup(BOB, TASK.id) == TASK


def test_work_that_ended_stays_as_it_ended(side: Side) -> None:
    side.store.put(TO_BOB, TASK)
    side.work.finish(closing())
    other = closing(outcome=State.DECLINED, body="[declined] no")

    counts = side.work.begin(other)

    assert counts is not None
    assert (counts.outcome, counts.body, counts.at) == (State.DONE, "done: 42", 1_800_000_001)
    assert side.work.closings((BOB,)) == ()
    assert not side.work.finish(other)
    assert side.work.find((BOB,), TASK.id).state is State.DONE


@pytest.mark.parametrize("outcome", [State.BLOCKED, State.DECLINED, State.REASSIGNED])
def test_every_end_is_read_as_it_was_written(side: Side, outcome: State) -> None:
    side.store.put(TO_BOB, TASK)
    target = CAROL if outcome is State.REASSIGNED else None
    begun = closing(outcome=outcome, target=target, note="[reassigned] to Carol", deadline=7)
    side.work.begin(begun)
    (read,) = side.work.closings((BOB,))
    side.work.finish(read)

    owed = side.work.find((BOB,), TASK.id)
    assert read == begun
    assert (owed.state, owed.to) == (outcome, target)


def test_a_repeated_delivery_does_not_open_the_work_again(side: Side) -> None:
    side.store.put(TO_BOB, TASK)
    side.work.finish(closing())
    side.store.put(TO_BOB, TASK, repeat=True)

    assert side.work.open_of((BOB,)) == ()


def test_a_closing_of_work_that_is_in_no_ledger_is_only_forgotten(side: Side) -> None:
    side.work.begin(closing())

    assert side.work.finish(closing())

    assert side.work.closings((BOB,)) == ()
    assert side.work.find((BOB,), TASK.id) is None


def test_ordinary_mail_is_not_stamped(side: Side) -> None:
    side.store.put(TO_BOB, PLAIN)

    side.work.finish(closing(PLAIN.id))

    assert not side.work.find((BOB,), PLAIN.id).has_ended


def test_open_work_is_never_dropped_and_closed_work_is(side: Side) -> None:
    done = TASK._replace(id="00000000000000d0")
    side.store.put(TO_BOB, TASK)
    side.store.put(TO_BOB, done)
    side.work.finish(closing(done.id))
    for number in range(1, 1_300):
        side.store.put(TO_BOB, letter("x", message_id=f"{number:016x}"))

    assert side.work.find((BOB,), TASK.id) is not None
    assert side.work.find((BOB,), done.id) is None
    assert len(side.work.open_of((BOB,))) == 1


# ---------------------------------------------------------------------- on disk


def ledger_lines(hosts: Hosts) -> list[bytes]:
    path = hosts.path("received", hosts.disk.layout.ledger(BOB).rsplit("/", 1)[1])
    return path.read_bytes().split(b"\n")


def intent(hosts: Hosts) -> Any:
    return hosts.path("work", "c-" + pair_hash32(BOB, TASK.id))


def test_the_outcome_is_one_more_member_of_an_unchanged_line(hosts: Hosts) -> None:
    store, work = hosts.process(), file_work(hosts)
    store.put(TO_BOB, PLAIN)
    store.put(TO_BOB, TASK)
    before = ledger_lines(hosts)

    work.finish(closing())

    after = ledger_lines(hosts)
    assert after[0] == before[0]
    assert after[1] == before[1][:-1] + (
        b',"obligation":{"state":"done","at":1800000001,"note":"done: 42"}}'
    )


def test_every_copy_of_a_line_gets_the_outcome(hosts: Hosts) -> None:
    store, work = hosts.process(), file_work(hosts)
    store.put(TO_BOB, TASK)
    store.put(TO_BOB, TASK)

    work.finish(closing())

    assert [b'"obligation"' in line for line in ledger_lines(hosts)[:2]] == [True, True]
    assert work.open_of((BOB,)) == ()


def test_an_end_that_a_peer_wrote_ends_all_copies(hosts: Hosts) -> None:
    store, work = hosts.process(), file_work(hosts)
    store.put(TO_BOB, TASK)
    path = hosts.disk.layout.ledger(BOB)
    line = ledger_lines(hosts)[0]
    with open(path, "ab") as file:
        file.write(line[:-1] + b',"obligation":{"state":"blocked","at":5}}\n')

    assert work.open_of((BOB,)) == ()
    assert not work.finish(closing())
    assert work.find((BOB,), TASK.id).state is State.BLOCKED
    assert [b'"state":"blocked"' in each for each in ledger_lines(hosts)[:2]] == [True, True]


def test_a_torn_line_stays_beside_the_work(hosts: Hosts) -> None:
    store, work = hosts.process(), file_work(hosts)
    store.put(TO_BOB, TASK)
    with open(hosts.disk.layout.ledger(BOB), "ab") as file:
        file.write(b'{"schema_version":1,"id":"aa03840545e381c5","action_required":true,"bo')

    work.finish(closing())

    assert work.find((BOB,), TASK.id).state is State.DONE
    assert ledger_lines(hosts)[1].endswith(b'"bo')


def test_an_intent_is_private_complete_and_under_the_name_of_the_pair(hosts: Hosts) -> None:
    file_work(hosts).begin(closing(request_id="711128ea120d2128"))

    assert intent(hosts).stat().st_mode & 0o777 == 0o600
    assert list(json.loads(intent(hosts).read_text()).items()) == [
        ("schema_version", 1),
        ("session_id", BOB),
        ("message_id", TASK.id),
        ("outcome", "done"),
        ("body", "done: 42"),
        ("at", 1_800_000_001),
        ("completion_id", "79c5557fc385ab19"),
        ("requester", ALICE),
        ("request_id", "711128ea120d2128"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"torn",
        b"null",
        b"[]",
        b'{"schema_version":1}',
        b'{"schema_version":true,"session_id":"x","message_id":"y","outcome":"done"}',
        b"x" * 300_000,
    ],
)
def test_a_record_that_is_no_intent_is_set_aside_and_in_nobodys_way(
    hosts: Hosts, content: bytes
) -> None:
    hosts.disk.folder(hosts.disk.layout.work)
    intent(hosts).write_bytes(content)
    work = file_work(hosts)

    assert work.closings((BOB,)) == ()
    assert len(hosts.names("damaged")) == 1

    intent(hosts).write_bytes(content)
    assert work.begin(closing()) is None
    assert work.closings((BOB,)) == (closing(),)


@pytest.mark.parametrize("outcome", ["open", "closing", "nonsense", None])
def test_an_intent_without_an_end_is_none(hosts: Hosts, outcome: object) -> None:
    work = file_work(hosts)
    work.begin(closing())
    members = {**json.loads(intent(hosts).read_text()), "outcome": outcome}
    intent(hosts).write_text(json.dumps(members))

    assert work.closings((BOB,)) == ()


def test_an_intent_under_the_name_of_other_work_is_none(hosts: Hosts) -> None:
    work = file_work(hosts)
    work.begin(closing("00000000000000ff"))
    (name,) = hosts.names("work")
    hosts.path("work", name).rename(intent(hosts))

    assert work.begin(closing()) is None
    assert work.closings((BOB,)) == (closing(),)


def test_a_name_that_does_not_become_free_is_an_error(hosts: Hosts) -> None:
    from oxtail.errors import StoreError

    hosts.disk.folder(hosts.disk.layout.work)
    intent(hosts).mkdir()
    hosts.path("damaged").write_text("in the way")

    with pytest.raises(StoreError):
        file_work(hosts).begin(closing())


def test_temporary_files_of_dead_closers_are_swept(hosts: Hosts) -> None:
    hosts.disk.folder(hosts.disk.layout.work)
    left = hosts.path("work", "c-" + "0" * 32 + ".tmp.999999999.abcdef")
    left.write_text("torn")
    hosts.clock.advance(120)

    hosts.process().sweep()

    assert not left.exists()


def test_a_pending_ask_follows_work_that_is_handed_on_and_keeps_its_age(hosts: Hosts) -> None:
    import os

    from oxtail.core.correlation import Ask

    store = hosts.process()
    store.suspend_ask(Ask(ALICE, "711128ea120d2128", BOB, TASK.id, 7, 0))
    path = hosts.disk.layout.pending_ask(ALICE, "711128ea120d2128")
    os.utime(path, (hosts.clock.now() - 100, hosts.clock.now() - 100))
    age = os.stat(path).st_mtime

    assert store.hand_on_ask(ALICE, "711128ea120d2128", CAROL, "00000000000000ff")

    assert abs(os.stat(path).st_mtime - age) < 0.001
    assert list(json.loads(Path(path).read_text())) == [
        "sessionId",
        "requestId",
        "at",
        "target",
        "messageId",
        "ownerEpoch",
        "attempts",
        "lastRepokeAt",
    ]


def test_whoever_answers_a_pending_ask_can_change(side: Side) -> None:
    from oxtail.core.correlation import Ask

    side.store.suspend_ask(Ask(ALICE, "711128ea120d2128", BOB, TASK.id, 7, 0))

    assert side.store.hand_on_ask(ALICE, "711128ea120d2128", CAROL, "00000000000000ff")
    assert not side.store.hand_on_ask(ALICE, "0000000000000000", CAROL, "00000000000000ff")

    (ask,) = side.store.pending_asks(ALICE)
    assert (ask.target, ask.message_id, ask.owner_epoch) == (CAROL, "00000000000000ff", 7)
    assert side.store.consume_pending_ask(ALICE, "711128ea120d2128")
