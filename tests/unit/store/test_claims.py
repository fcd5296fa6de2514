"""Mail lies in a box, in a claim, or has a receipt; it never lies nowhere."""

from __future__ import annotations

import json
import os

import pytest

from helpers.stores import ALICE, BOB, BOX, TO_BOB, Hosts, bodies, letter
from oxtail.core.address import Route
from oxtail.errors import LockBusy, StoreError
from oxtail.store.files.store import FileStore


def filled(hosts: Hosts, *texts: str, box: str = BOX) -> tuple[FileStore, list[str]]:
    store = hosts.process()
    messages = [letter(text) for text in texts]
    for message in messages:
        store.put(Route(box, BOB, 42), message)
    return store, [message.id for message in messages]


def test_looking_takes_nothing_and_no_lock(hosts: Hosts) -> None:
    store, _ = filled(hosts, "a", "b")
    hosts.path("mailboxes", f"{BOX}.jsonl.lock").mkdir()

    assert bodies(store.peek([BOX]).messages) == ["a", "b"]
    assert bodies(store.peek([BOX, BOX]).messages) == ["a", "b"]


def test_a_claim_of_everything_empties_the_box_in_place(hosts: Hosts) -> None:
    store, ids = filled(hosts, "a", "b")
    path = hosts.path("mailboxes", f"{BOX}.jsonl")
    inode = path.stat().st_ino
    claim = store.claim([BOX], ids)

    assert bodies(claim.messages) == ["a", "b"]
    assert path.stat().st_size == 0
    assert path.stat().st_ino == inode


def test_what_was_not_claimed_stays_byte_for_byte(hosts: Hosts) -> None:
    store, _ = filled(hosts, "a")
    path = hosts.path("mailboxes", f"{BOX}.jsonl")
    foreign = b'{"schema_version":1.0, "id":"odd id", "body":"\\u0041", "later":{"x":[1]}}'
    with path.open("ab") as file:
        file.write(foreign + b"\n")
    second = letter("b")
    store.put(TO_BOB, second)
    store.claim([BOX], [second.id])

    assert path.read_bytes().split(b"\n")[1] == foreign
    assert [m.id for m in store.peek([BOX]).messages][1] == "odd id"


def test_a_claim_file_names_its_owner_and_keeps_the_lines(hosts: Hosts) -> None:
    store, ids = filled(hosts, "a", "b")
    raw = hosts.path("mailboxes", f"{BOX}.jsonl").read_bytes()
    claim = store.claim([BOX], ids)

    (name,) = hosts.names("claimed")
    head, _, rest = hosts.path("claimed", name).read_bytes().partition(b"\n")
    assert claim.tokens == (name,)
    assert rest == raw
    members = json.loads(head)
    assert list(members) == ["schema_version", "box", "claimed_at", "owner"]
    assert members["box"] == BOX
    assert list(members["owner"]) == ["pid", "start_token", "boot_id", "pid_namespace", "host"]


def test_acknowledged_mail_has_receipts_and_is_gone(hosts: Hosts) -> None:
    store, ids = filled(hosts, "a", "b")
    store.ack(store.claim([BOX], ids), "read_my_messages", BOB)

    assert hosts.names("claimed") == []
    assert hosts.names("receipts") == sorted(ids)
    receipt = store.receipt(ids[0])
    assert receipt is not None
    assert hosts.path("receipts", ids[0]).read_text() == (
        f'{{"schema_version":1,"message_id":"{ids[0]}","delivered_at":{receipt.delivered_at},'
        f'"via":"read_my_messages","recipient_session_id":"{BOB}"}}'
    )


def test_the_first_receipt_counts(hosts: Hosts) -> None:
    store, ids = filled(hosts, "a")
    store.put_copy("42", letter("a", message_id=ids[0]))
    claim = store.claim([BOX], ids)
    other = store.claim(["42"], ids)
    store.ack(claim, "hook", BOB)
    store.ack(other, "cli", None)

    receipt = store.receipt(ids[0])
    assert receipt is not None
    assert receipt.via == "hook"


def test_released_mail_is_first_again(hosts: Hosts) -> None:
    store, ids = filled(hosts, "a", "b", "c")
    claim = store.claim([BOX], [ids[1]])
    store.put(TO_BOB, letter("d"))
    store.release(claim)

    assert bodies(store.peek([BOX]).messages) == ["b", "a", "c", "d"]
    assert hosts.names("claimed") == []


def test_a_claim_of_a_dead_owner_goes_back_first(hosts: Hosts) -> None:
    store, ids = filled(hosts, "a", "b", "c")
    victim = hosts.process()
    victim.claim([BOX], [ids[0]])
    victim.claim([BOX], [ids[1]])
    assert bodies(store.peek([BOX]).messages) == ["c"]

    hosts.kill(victim)
    assert bodies(store.peek([BOX]).messages) == ["a", "b", "c"]
    assert hosts.names("claimed") == []


def test_a_claim_takes_over_what_the_dead_left(hosts: Hosts) -> None:
    store, ids = filled(hosts, "a")
    victim = hosts.process()
    victim.claim([BOX], ids)
    hosts.kill(victim)

    assert bodies(store.claim([BOX], ids).messages) == ["a"]


def test_what_a_dead_owner_showed_does_not_come_again(hosts: Hosts) -> None:
    store, ids = filled(hosts, "a", "b")
    victim = hosts.process()
    claim = victim.claim([BOX], ids)
    victim.ack(claim._replace(tokens=(), messages=claim.messages[:1]), "hook", BOB)
    hosts.kill(victim)

    assert bodies(store.peek([BOX]).messages) == ["b"]


def test_a_living_owner_keeps_its_claim(hosts: Hosts) -> None:
    store, ids = filled(hosts, "a")
    hosts.process().claim([BOX], ids)
    hosts.clock.advance(86_400)

    assert store.peek([BOX]).messages == ()
    assert store.is_waiting([BOX], ids[0])


@pytest.mark.parametrize("elsewhere", [{"host": "there"}, {"namespace": "pid:[2]"}])
def test_an_owner_elsewhere_is_believed_for_ten_minutes(
    hosts: Hosts, elsewhere: dict[str, str]
) -> None:
    store, ids = filled(hosts, "a")
    hosts.process(**elsewhere).claim([BOX], ids)
    hosts.clock.advance(590)
    assert store.peek([BOX]).messages == ()
    hosts.clock.advance(20)

    assert bodies(store.peek([BOX]).messages) == ["a"]


def test_a_late_acknowledgement_after_a_takeover_ends_the_repeat(hosts: Hosts) -> None:
    store, ids = filled(hosts, "a")
    slow = hosts.process(host="there")
    claim = slow.claim([BOX], ids)
    hosts.clock.advance(700)
    assert bodies(store.peek([BOX]).messages) == ["a"]
    slow.ack(claim, "hook", BOB)

    assert store.peek([BOX]).messages == ()


def test_a_copy_in_another_box_is_shown_once_and_leaves_with_it(hosts: Hosts) -> None:
    store, ids = filled(hosts, "a")
    store.put_copy("42", letter("a", message_id=ids[0]))
    assert bodies(store.peek([BOX, "42"]).messages) == ["a"]
    claim = store.claim([BOX, "42"], ids)
    store.ack(claim, "cli", BOB)

    assert bodies(claim.messages) == ["a"]
    assert not store.has_mail("42")


def test_a_copy_that_was_shown_elsewhere_leaves_quietly(hosts: Hosts) -> None:
    store, ids = filled(hosts, "a", "b")
    store.ack(store.claim([BOX], [ids[0]]), "hook", BOB)
    store.put_copy("42", letter("a", message_id=ids[0]))

    assert store.peek(["42"]).messages == ()
    assert not store.has_mail("42")


def test_a_retracted_message_is_unread_again(hosts: Hosts) -> None:
    store, ids = filled(hosts, "a", "b")
    claim = store.claim([BOX], [ids[0]])
    store.ack(claim, "read_my_messages", BOB)
    store.retract(claim)

    assert bodies(store.peek([BOX]).messages) == ["a", "b"]
    assert store.receipt(ids[0]) is None
    assert hosts.names("claimed") == []


def test_retracting_spares_the_receipt_of_somebody_else(hosts: Hosts) -> None:
    store, ids = filled(hosts, "a")
    store.put_copy("42", letter("a", message_id=ids[0]))
    mine, other = store.claim([BOX], ids), hosts.process()
    other.ack(other.claim(["42"], ids), "hook", BOB)
    store.ack(mine, "cli", BOB)
    store.retract(mine)

    assert store.receipt(ids[0]) is not None
    assert store.peek([BOX]).messages == ()


def test_a_busy_box_is_skipped_and_left_as_it_is(hosts: Hosts) -> None:
    _, ids = filled(hosts, "a")
    store = hosts.process(budget_ms=30)
    store.put_copy("42", letter("b", message_id="00000000000000bb"))
    lock = hosts.path("mailboxes", f"{BOX}.jsonl.lock")
    lock.mkdir()
    claim = store.claim([BOX, "42"], [*ids, "00000000000000bb"])

    assert claim.skipped == (BOX,)
    assert bodies(claim.messages) == ["b"]
    lock.rmdir()
    assert bodies(store.peek([BOX]).messages) == ["a"]


def test_mail_that_could_not_go_back_comes_back_at_the_next_look(hosts: Hosts) -> None:
    _, ids = filled(hosts, "a")
    store = hosts.process(budget_ms=30)
    claim = store.claim([BOX], ids)
    lock = hosts.path("mailboxes", f"{BOX}.jsonl.lock")
    lock.mkdir()
    store.release(claim)
    assert hosts.trace.named("claim_return_failed")
    assert store.peek([BOX]).skipped == (BOX,)
    lock.rmdir()

    assert bodies(store.peek([BOX]).messages) == ["a"]


def test_damaged_lines_are_set_aside_and_the_rest_is_read(hosts: Hosts) -> None:
    store, _ = filled(hosts, "a")
    path = hosts.path("mailboxes", f"{BOX}.jsonl")
    bad = [b"not json", b'{"schema_version":2,"id":"x","body":"y"}', b"[]", b"null", b"\xff\xfe"]
    with path.open("ab") as file:
        file.write(b"".join(line + b"\n" for line in bad) + b"   \n")
    store.put(TO_BOB, letter("b"))

    assert bodies(store.peek([BOX]).messages) == ["a", "b"]
    (kept,) = hosts.names("damaged")
    assert hosts.path("damaged", kept).read_bytes().splitlines() == bad
    assert hosts.trace.named("damaged_set_aside")[0]["lines"] == len(bad)
    assert path.read_bytes().count(b"\n") == 2


def test_a_message_that_is_still_being_written_is_not_damage(hosts: Hosts) -> None:
    store, _ = filled(hosts, "a")
    with hosts.path("mailboxes", f"{BOX}.jsonl").open("ab") as file:
        file.write(b'{"schema_version":1,"id":"00')

    assert bodies(store.peek([BOX]).messages) == ["a"]
    assert hosts.names("damaged") == []


def test_damaged_lines_that_cannot_be_kept_stay_in_the_box(hosts: Hosts) -> None:
    store, ids = filled(hosts, "a")
    path = hosts.path("mailboxes", f"{BOX}.jsonl")
    with path.open("ab") as file:
        file.write(b"not json\n")
    hosts.path("damaged").write_text("in the way")
    with pytest.raises(StoreError):
        store.claim([BOX], ids)

    assert b"not json\n" in path.read_bytes()
    assert bodies(store.peek([BOX]).messages) == ["a"]


def test_a_box_of_blank_lines_is_emptied(hosts: Hosts) -> None:
    store, _ = filled(hosts)
    hosts.path("mailboxes").mkdir(parents=True)
    hosts.path("mailboxes", f"{BOX}.jsonl").write_bytes(b"\n  \n")
    store.peek([BOX])

    assert not store.has_mail(BOX)


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_a_box_that_is_no_file_is_set_aside_and_never_followed(hosts: Hosts, kind: str) -> None:
    store, _ = filled(hosts, "a", box="42")
    target = hosts.path("target")
    target.write_text("untouched")
    path = hosts.path("mailboxes", f"{BOX}.jsonl")
    if kind == "link":
        path.symlink_to(target)
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)

    seen = store.peek([BOX, "42"])
    assert (bodies(seen.messages), seen.skipped) == (["a"], (BOX,))
    assert not os.path.lexists(path)
    assert len(hosts.names("damaged")) == 1
    assert target.read_text() == "untouched"


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_a_send_goes_past_a_box_that_is_no_file(hosts: Hosts, kind: str) -> None:
    store = hosts.process()
    target = hosts.path("target")
    for path in (
        hosts.path("mailboxes", f"{BOX}.jsonl"),
        hosts.path("received", f"{os.path.basename(hosts.disk.layout.ledger(BOB))}"),
    ):
        path.parent.mkdir(parents=True)
        target.write_text("untouched")
        if kind == "link":
            path.symlink_to(target)
        elif kind == "folder":
            path.mkdir()
        else:
            os.mkfifo(path)
    message = letter("a")
    store.put(TO_BOB, message)

    assert bodies(store.peek([BOX]).messages) == ["a"]
    assert store.lookup(BOB, message.id) is not None
    assert target.read_text() == "untouched"


def test_a_damaged_claim_gives_back_its_whole_lines(hosts: Hosts) -> None:
    store, ids = filled(hosts, "a", "b")
    victim = hosts.process()
    (token,) = victim.claim([BOX], ids).tokens
    path = hosts.path("claimed", token)
    head, first, second, _ = path.read_bytes().split(b"\n")
    path.write_bytes(head[:20] + b"\n" + first + b"\n" + second[:40])
    hosts.kill(victim)

    assert bodies(store.peek([BOX]).messages) == ["a"]
    assert hosts.names("claimed") == []
    (kept,) = hosts.names("damaged")
    assert second[:40] in hosts.path("damaged", kept).read_bytes()


def test_a_claim_that_is_no_file_is_set_aside(hosts: Hosts) -> None:
    store, _ = filled(hosts, "a")
    hosts.path("claimed", f"{BOX}.99.0011223344556677").mkdir(parents=True)

    assert bodies(store.peek([BOX]).messages) == ["a"]
    assert len(hosts.names("damaged")) == 1


def test_foreign_names_among_the_claims_are_left_alone(hosts: Hosts) -> None:
    store, _ = filled(hosts, "a")
    hosts.path("claimed").mkdir()
    for name in (".hidden", f"{BOX}.tmp", "x.1.y.tmp.3.ab", "no-box.1.2"):
        hosts.path("claimed", name).write_text("?")
    store.peek([BOX])
    store.sweep()

    assert len(hosts.names("claimed")) == 4


def test_a_process_that_lost_its_lock_destroys_nothing(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, ids = filled(hosts, "a")
    owner = hosts.path("mailboxes", f"{BOX}.jsonl.lock.owner")
    real = os.rename

    def stolen(source: str, target: str) -> None:
        real(source, target)
        if "claimed" in target:
            owner.write_text("1.0123456789abcdef")

    monkeypatch.setattr(os, "rename", stolen)
    assert store.claim([BOX], ids).skipped == (BOX,)
    monkeypatch.undo()
    owner.unlink()
    hosts.path("mailboxes", f"{BOX}.jsonl.lock").rmdir()

    assert bodies(store.peek([BOX]).messages) == ["a"]


def test_an_adopted_box_moves_each_message_once(hosts: Hosts) -> None:
    store, ids = filled(hosts, "a", "b", box="7")
    store.put_copy(BOX, letter("a", message_id=ids[0]))

    assert store.adopt_box("7", BOX) == 1
    assert bodies(store.peek([BOX]).messages) == ["a", "b"]
    assert store.adopt_box("7", BOX) == 0
    assert store.adopt_box(BOX, BOX) == 0
    assert store.adopt_box("8", BOX) == 0


def test_an_adopted_box_brings_the_claims_of_the_dead(hosts: Hosts) -> None:
    store, ids = filled(hosts, "a", box="7")
    victim = hosts.process()
    victim.claim(["7"], ids)
    hosts.kill(victim)

    assert store.adopt_box("7", BOX) == 1
    assert bodies(store.peek([BOX]).messages) == ["a"]


def test_adopting_sets_damaged_lines_aside(hosts: Hosts) -> None:
    store, _ = filled(hosts, "a", box="7")
    with hosts.path("mailboxes", "7.jsonl").open("ab") as file:
        file.write(b"torn")

    assert store.adopt_box("7", BOX) == 1
    assert len(hosts.names("damaged")) == 1
    assert not store.has_mail("7")


def test_a_quarantined_box_is_kept_as_damaged(hosts: Hosts) -> None:
    store, _ = filled(hosts, "a", "b", box="7")
    raw = hosts.path("mailboxes", "7.jsonl").read_bytes()

    assert store.quarantine_box("7", "left by an earlier process") == 2
    assert store.quarantine_box("7", "left by an earlier process") == 0
    assert not store.has_mail("7")
    (kept,) = hosts.names("damaged")
    assert hosts.path("damaged", kept).read_bytes() == raw


def test_a_box_has_mail_while_a_claim_holds_some(hosts: Hosts) -> None:
    store, ids = filled(hosts, "a")
    assert store.has_mail(BOX)
    claim = store.claim([BOX], ids)
    assert store.has_mail(BOX)
    store.ack(claim, "cli", BOB)

    assert not store.has_mail(BOX)
    assert not store.has_mail("999")


def test_waiting_means_in_the_box_or_in_a_claim(hosts: Hosts) -> None:
    store, ids = filled(hosts, "a")
    assert store.is_waiting([BOX], ids[0])
    assert not store.is_waiting(["7"], ids[0])
    assert not store.is_waiting([BOX], "00000000000000ff")
    claim = store.claim([BOX], ids)
    assert store.is_waiting([BOX], ids[0])
    store.ack(claim, "cli", BOB)

    assert not store.is_waiting([BOX], ids[0])


@pytest.mark.parametrize("name", ["../../escape", "s-", "s-has/slash", "plain-name", "", "0123"])
def test_a_name_that_is_no_box_opens_nothing(hosts: Hosts, name: str) -> None:
    with pytest.raises(ValueError, match="not a box name"):
        hosts.process().put(Route(name, None, None), letter())
    with pytest.raises(ValueError, match="not a box name"):
        hosts.process().has_mail(name)

    assert hosts.names("mailboxes") == []


def test_a_send_into_a_busy_box_says_so(hosts: Hosts) -> None:
    store = hosts.process(budget_ms=30)
    store.put(TO_BOB, letter())
    hosts.path("mailboxes", f"{BOX}.jsonl.lock").mkdir()
    with pytest.raises(LockBusy) as caught:
        store.put(TO_BOB, letter("late", from_session_id=ALICE))

    assert caught.value.code == "lock-busy"
