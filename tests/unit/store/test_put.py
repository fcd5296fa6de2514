"""A message exists from its commit point on, once, in the form that every peer reads."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from helpers.stores import ALICE, BOB, BOX, TO_BOB, Hosts, bodies, letter
from oxtail.core.address import Route
from oxtail.core.names import hash32
from oxtail.disk.atomic import READ_MAX_BYTES
from oxtail.errors import BadArgument, StoreError


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_the_line_is_in_the_ledger_and_in_the_box_byte_for_byte(hosts: Hosts) -> None:
    hosts.process().put(TO_BOB, letter("naïve 🦊", message_id="00112233445566ff"))

    expected = (
        '{"schema_version":1,"id":"00112233445566ff","body":"naïve 🦊","enqueued_at":1800000000,'
        f'"body_bytes":11,"origin":"peer","from_session_id":"{ALICE}"}}\n'
    ).encode()
    assert hosts.path("mailboxes", f"{BOX}.jsonl").read_bytes() == expected
    assert hosts.path("received", f"{hash32(BOB)}.jsonl").read_bytes() == expected


def test_the_senders_record_has_its_members_in_order(hosts: Hosts) -> None:
    message = letter()
    hosts.process().put(TO_BOB, message)

    text = hosts.path("outbox", message.id).read_text()
    assert text == (
        f'{{"schema_version":1,"message_id":"{message.id}","enqueued_at":1800000000,'
        f'"target_session_id":"{BOB}","target_server_pid":42,"from_session_id":"{ALICE}"}}'
    )


def test_a_receiver_without_a_session_gets_mail_and_no_ledger(hosts: Hosts) -> None:
    hosts.process().put(Route("42", None, 42), letter())

    assert hosts.names("received") == []
    assert bodies(hosts.process().peek(["42"]).messages) == ["hello"]


def test_messages_keep_their_order(hosts: Hosts) -> None:
    store = hosts.process()
    for body in ("one", "two", "three"):
        store.put(TO_BOB, letter(body))

    assert bodies(store.peek([BOX]).messages) == ["one", "two", "three"]


def test_everything_written_is_private(hosts: Hosts) -> None:
    os.umask(os.umask(0o022))
    store = hosts.process()
    store.put(TO_BOB, letter())
    claim = store.claim([BOX], [store.peek([BOX]).messages[0].id])
    for folder, _, names in os.walk(hosts.home):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700, folder
        for name in names:
            assert stat.S_IMODE(os.stat(Path(folder, name)).st_mode) == 0o600, name
    store.ack(claim, "cli", BOB)


def test_a_box_that_others_could_read_becomes_private(hosts: Hosts) -> None:
    store = hosts.process()
    store.put(TO_BOB, letter())
    path = hosts.path("mailboxes", f"{BOX}.jsonl")
    path.chmod(0o644)
    store.put(TO_BOB, letter())

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_torn_last_line_does_not_swallow_the_next_message(hosts: Hosts) -> None:
    store = hosts.process()
    store.put(TO_BOB, letter("whole"))
    path = hosts.path("mailboxes", f"{BOX}.jsonl")
    with path.open("ab") as file:
        file.write(b'{"schema_version":1,"id":"0011223344')
    store.put(TO_BOB, letter("next"))

    assert bodies(store.peek([BOX]).messages) == ["whole", "next"]


@pytest.mark.parametrize("where", ["box", "claim", "receipt"])
def test_a_repeat_is_never_double(hosts: Hosts, where: str) -> None:
    store = hosts.process()
    message = letter()
    store.put(TO_BOB, message)
    if where != "box":
        claim = store.claim([BOX], [message.id])
    if where == "receipt":
        store.ack(claim, "cli", BOB)
    store.put(TO_BOB, message, repeat=True)

    found = store.peek([BOX]).messages
    assert len(found) == (1 if where == "box" else 0)
    assert len(lines_of(hosts.path("received", f"{hash32(BOB)}.jsonl"))) == 1


def test_a_repeat_of_a_message_that_never_came_is_delivered(hosts: Hosts) -> None:
    message = letter()
    hosts.process().put(TO_BOB, message, repeat=True)
    hosts.process().put(TO_BOB, message, repeat=True)

    assert bodies(hosts.process().peek([BOX]).messages) == ["hello"]


def test_an_id_of_another_form_is_refused_before_anything_is_touched(hosts: Hosts) -> None:
    with pytest.raises(BadArgument) as caught:
        hosts.process().put(TO_BOB, letter(message_id="../../escape"))

    assert caught.value.field == "id"
    assert not hosts.path().exists()


@pytest.mark.parametrize(
    "body",
    ["\ud800 alone \udfff", "\x00\x01\x1f\x7f", "a\nb\r\u0085\u2028\u2029", '"\\', "🦊" * 2048],
)
def test_any_text_comes_out_as_it_went_in(hosts: Hosts, body: str) -> None:
    store = hosts.process()
    message = letter(body)
    store.put(TO_BOB, message)

    assert store.claim([BOX], [message.id]).messages[0].body == body
    found = store.lookup(BOB, message.id)
    assert found is not None
    assert found.body == body


def test_a_copy_goes_into_one_more_box_only(hosts: Hosts) -> None:
    store = hosts.process()
    store.put_copy("42", letter())

    assert bodies(store.peek(["42"]).messages) == ["hello"]
    assert hosts.names("received") == hosts.names("outbox") == []


def test_without_a_ledger_nothing_is_delivered(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = hosts.process()
    store.put(TO_BOB, letter("first"))
    real = os.write

    def full(descriptor: int, data: bytes) -> int:
        if "received" in os.readlink(f"/proc/self/fd/{descriptor}"):
            raise OSError(28, "No space left on device")
        return real(descriptor, data)

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("finds the file behind a descriptor through /proc")
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StoreError) as caught:
        store.put(TO_BOB, letter("second"))
    monkeypatch.undo()

    assert caught.value.code == "store-error"
    assert "received" in str(caught.value.fields["path"])
    assert bodies(store.peek([BOX]).messages) == ["first"]


def test_a_failing_senders_record_does_not_fail_the_message(hosts: Hosts) -> None:
    hosts.path().mkdir(mode=0o700)
    hosts.path("outbox").write_text("in the way")
    hosts.process().put(TO_BOB, letter())

    assert bodies(hosts.process().peek([BOX]).messages) == ["hello"]
    assert len(hosts.trace.named("sender_record_failed")) == 1


def test_the_first_senders_record_counts(hosts: Hosts) -> None:
    store = hosts.process()
    message = letter()
    store.put(TO_BOB, message)
    store.put(Route(BOX, BOB, 77), message, repeat=True)

    sent = store.sent(message.id)
    assert sent is not None
    assert sent.target_server_pid == 42


def test_a_state_folder_that_was_removed_is_made_again(hosts: Hosts) -> None:
    store = hosts.process()
    store.put(TO_BOB, letter("before"))
    import shutil

    shutil.rmtree(hosts.home)
    store.put(TO_BOB, letter("after"))

    assert bodies(store.peek([BOX]).messages) == ["after"]
    assert json.loads(hosts.path("mailboxes", f"{BOX}.jsonl").read_text())["body"] == "after"


def test_a_box_that_holds_as_much_as_can_be_read_takes_no_more(hosts: Hosts) -> None:
    """A box that is larger would be set aside by its reader, with all mail that waits in it."""
    store = hosts.process()
    store.put(TO_BOB, letter())
    box = hosts.path("mailboxes", f"{BOX}.jsonl")
    size = box.stat().st_size
    os.truncate(box, READ_MAX_BYTES - 10)

    with pytest.raises(StoreError):
        store.put(TO_BOB, letter("one more"))

    assert box.stat().st_size == READ_MAX_BYTES - 10
    os.truncate(box, size)
    assert bodies(store.peek([BOX]).messages) == ["hello"]


@pytest.mark.parametrize("which", ["box", "ledger"])
def test_what_is_too_large_to_be_read_takes_no_mail_with_it(hosts: Hosts, which: str) -> None:
    store = hosts.process()
    store.put(TO_BOB, letter())
    box = hosts.path("mailboxes", f"{BOX}.jsonl")
    os.truncate(box if which == "box" else ledger_of(hosts), READ_MAX_BYTES + 1)

    message = letter("one more")
    store.put(TO_BOB, message)

    assert bodies(store.peek([BOX]).messages)[-1:] == ["one more"]
    assert store.lookup(BOB, message.id) == message
    assert len(hosts.names("damaged")) == 1


def ledger_of(hosts: Hosts) -> Path:
    return hosts.path("received", f"{hash32(BOB)}.jsonl")
