"""What a session received stays findable, and open work is never dropped."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from helpers.stores import ALICE, BOB, BOX, TO_BOB, Hosts, letter
from oxtail.core.envelope import Envelope, decode, encode
from oxtail.core.names import hash32
from oxtail.store.files.ledger import keep_newest
from oxtail.store.retention import LEDGER_BOUND, ledger_limit


def ledger(hosts: Hosts, session_id: str = BOB) -> Path:
    return hosts.path("received", f"{hash32(session_id)}.jsonl")


def count(path: Path) -> int:
    return path.read_bytes().count(b"\n")


def seed(hosts: Hosts, envelopes: list[Envelope]) -> None:
    path = ledger(hosts)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(encode(envelope) for envelope in envelopes))


def test_a_message_is_found_after_it_was_read(hosts: Hosts) -> None:
    store = hosts.process()
    message = letter("a", request_id="1122334455667788")
    store.put(TO_BOB, message)
    store.ack(store.claim([BOX], [message.id]), "cli", BOB)

    assert store.lookup(BOB, message.id) == message


def test_each_session_finds_its_own_messages_only(hosts: Hosts) -> None:
    store = hosts.process()
    message = letter()
    store.put(TO_BOB, message)

    assert store.lookup(ALICE, message.id) is None
    assert store.lookup(BOB, "00000000000000ff") is None
    assert store.lookup(BOB, "") is None


def test_an_id_in_a_body_or_a_reference_is_not_found(hosts: Hosts) -> None:
    store = hosts.process()
    wanted = "00112233445566ff"
    store.put(TO_BOB, letter(f'"id":"{wanted}"', source_message_id=wanted))

    assert store.lookup(BOB, wanted) is None


def test_a_line_without_a_body_is_not_a_message(hosts: Hosts) -> None:
    seed(hosts, [])
    ledger(hosts).write_bytes(b'{"schema_version":1,"id":"00112233445566ff","body":7}\n')

    assert hosts.process().lookup(BOB, "00112233445566ff") is None


def test_the_newest_line_with_an_id_counts(hosts: Hosts) -> None:
    seed(hosts, [letter("old", message_id="00112233445566ff"), letter("between")])
    hosts.process().put(TO_BOB, letter("new", message_id="00112233445566ff"))

    found = hosts.process().lookup(BOB, "00112233445566ff")
    assert found is not None
    assert found.body == "new"


def test_a_repeat_keeps_the_line_and_the_outcome_on_it(hosts: Hosts) -> None:
    message = letter(action_required=True)
    members = {**message.as_dict(), "obligation": {"state": "done", "at": 1, "note": "x"}}
    seed(hosts, [])
    closed = json.dumps(members, separators=(",", ":")).encode() + b"\n"
    ledger(hosts).write_bytes(closed)
    store = hosts.process()
    store.put(TO_BOB, message, repeat=True)

    assert ledger(hosts).read_bytes() == closed
    assert store.lookup(BOB, message.id) == message


def test_a_torn_last_line_is_healed(hosts: Hosts) -> None:
    seed(hosts, [letter("whole", message_id="0000000000000001")])
    with ledger(hosts).open("ab") as file:
        file.write(b'{"schema_version":1,"id":"torn')
    store = hosts.process()
    store.put(TO_BOB, letter("next", message_id="0000000000000002"))

    assert store.lookup(BOB, "0000000000000001") is not None
    assert store.lookup(BOB, "0000000000000002") is not None


def test_answers_are_found_by_request_and_sender(hosts: Hosts) -> None:
    store = hosts.process()
    request = "1122334455667788"
    first, second = letter(reply_to=request), letter(reply_to=request)
    for message in (
        first,
        letter(reply_to=request, from_session_id=BOB),
        letter(body=request),
        letter(request_id=request),
        second,
        second,
    ):
        store.put(TO_BOB, message)

    assert store.answers(BOB, request, ALICE) == (first.id, second.id)
    assert store.answers(BOB, "", ALICE) == ()
    assert store.answers(ALICE, request, ALICE) == ()


def test_a_ledger_that_outgrows_its_bound_keeps_the_newest(hosts: Hosts) -> None:
    messages = [letter(str(number)) for number in range(ledger_limit(LEDGER_BOUND))]
    seed(hosts, messages)
    last = letter("last")
    store = hosts.process()
    store.put(TO_BOB, last)

    assert count(ledger(hosts)) == LEDGER_BOUND
    assert store.lookup(BOB, last.id) == last
    assert store.lookup(BOB, messages[0].id) is None
    assert store.lookup(BOB, messages[-1].id) == messages[-1]
    (event,) = hosts.trace.named("received_ledger_pruned")
    assert event == {
        "session_id": BOB,
        "dropped": len(messages) + 1 - LEDGER_BOUND,
        "kept": LEDGER_BOUND,
    }


def test_a_small_setting_of_one_writer_drops_nothing_of_the_others(hosts: Hosts) -> None:
    messages = [letter(str(number)) for number in range(100)]
    seed(hosts, messages)
    store = hosts.process(received_max=1)
    store.put(TO_BOB, letter("last"))

    assert store.lookup(BOB, messages[0].id) == messages[0]


def test_open_work_survives_and_closed_work_does_not() -> None:
    work = encode(letter(action_required=True)).rstrip()
    closed = work[:-1] + b',"obligation":{"state":"done","at":1}}'
    plain = [b"plain %d" % number for number in range(3)]
    torn = b'{"action_required":true'

    assert keep_newest([work, closed, torn, *plain], 2) == [work, plain[-1]]
    assert keep_newest([work, work, plain[0]], 1) == [work, work]
    assert keep_newest(plain, 3) == plain


def test_a_ledger_full_of_open_work_is_not_rewritten_by_every_send(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = [letter(str(n), action_required=True) for n in range(ledger_limit(LEDGER_BOUND))]
    seed(hosts, work)
    store = hosts.process()
    renames: list[str] = []
    real = os.rename
    monkeypatch.setattr(os, "rename", lambda a, b: (renames.append(b), real(a, b))[1])
    for number in range(5):
        store.put(TO_BOB, letter(str(number), action_required=True))

    assert count(ledger(hosts)) == len(work) + 5
    assert len(hosts.trace.named("received_ledger_over_cap_open_obligations")) == 1
    assert [name for name in renames if "received" in name] == []


def test_lines_are_counted_anew_only_where_the_file_is_another_one(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    from oxtail.store.files import ledger as module

    counted: list[int] = []
    real = module._count
    monkeypatch.setattr(
        module, "_count", lambda *args: (counted.append(real(*args)), real(*args))[1]
    )
    seed(hosts, [letter() for _ in range(3)])
    store, other = hosts.process(), hosts.process()
    for _ in range(3):
        store.put(TO_BOB, letter())
        other.put(TO_BOB, letter())
    assert counted == [3, 4]

    path = ledger(hosts)
    rewritten = path.with_suffix(".other")
    rewritten.write_bytes(path.read_bytes())
    rewritten.rename(path)  # as npm peers do at each send
    store.put(TO_BOB, letter())
    assert counted == [3, 4, 9]


@pytest.mark.parametrize("keep_inode", [True, False])
def test_what_others_do_to_a_ledger_between_two_sends_is_seen(
    hosts: Hosts, keep_inode: bool
) -> None:
    """A process that has counted a ledger must not go by that when it is another one."""
    limit = ledger_limit(LEDGER_BOUND)
    seed(hosts, [letter() for _ in range(3)])
    store, other = hosts.process(), hosts.process()
    store.put(TO_BOB, letter())
    more = [letter(str(number)) for number in range(limit)]
    if keep_inode:
        ledger(hosts).write_bytes(b"".join(encode(each) for each in more))
    else:
        for each in more[: limit - 4]:
            other.put(TO_BOB, each)
    assert count(ledger(hosts)) == limit
    store.put(TO_BOB, letter("last"))

    assert count(ledger(hosts)) == LEDGER_BOUND
    assert decode(ledger(hosts).read_bytes().splitlines()[-1]).body == "last"


def test_after_a_compaction_the_ledger_grows_by_its_margin_again(hosts: Hosts) -> None:
    limit = ledger_limit(LEDGER_BOUND)
    seed(hosts, [letter() for _ in range(limit)])
    store, other = hosts.process(), hosts.process()
    lengths = []
    for number in range(limit - LEDGER_BOUND + 2):
        (store if number % 2 else other).put(TO_BOB, letter(str(number)))
        lengths.append(count(ledger(hosts)))

    assert lengths == [*range(LEDGER_BOUND, limit + 1), LEDGER_BOUND]


def test_a_compaction_that_fails_does_not_fail_the_message(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(hosts, [letter() for _ in range(ledger_limit(LEDGER_BOUND))])
    store = hosts.process()
    real = os.rename

    def refuse(source: str, target: str) -> None:
        if "received" in target:
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    message = letter()
    store.put(TO_BOB, message)
    monkeypatch.undo()

    assert store.lookup(BOB, message.id) == message
    assert hosts.trace.named("received_ledger_compaction_failed")
    assert [name for name in hosts.names("received") if ".tmp." in name] == []
