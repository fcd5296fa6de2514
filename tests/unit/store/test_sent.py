"""Where a message went is known at once, and npm peers find it when the server is quiet."""

from __future__ import annotations

import errno
import fcntl
import json
import os

import pytest

from helpers.stores import ALICE, BOB, TO_BOB, Hosts, letter
from oxtail.core.mail import Sent
from oxtail.errors import StoreError
from oxtail.store.files import sent as module
from oxtail.store.files.sent import AT_ONCE
from oxtail.store.files.store import FileStore


@pytest.fixture
def server(hosts: Hosts) -> FileStore:
    return hosts.process(stays=True)


def send(store: FileStore) -> str:
    message = letter()
    store.put(TO_BOB, message)
    return message.id


def known(hosts: Hosts, message_id: str) -> bool:
    found = hosts.process().sent(message_id)
    assert found in (None, Sent(message_id, 1_800_000_000, BOB, 42, ALICE))
    return found is not None


def test_a_record_is_found_by_every_process_before_it_has_a_file(
    hosts: Hosts, server: FileStore
) -> None:
    ids = [send(server) for _ in range(3)]

    assert hosts.names("outbox") == []
    assert len(hosts.names("sent")) == 1
    assert all(known(hosts, each) for each in ids)
    assert not known(hosts, "0123456789abcdef")


def test_a_server_that_rests_files_its_records_as_a_command_does(
    hosts: Hosts, server: FileStore
) -> None:
    ids = [send(server) for _ in range(3)]
    by_command = send(hosts.process())
    assert server.settle(2)
    assert hosts.names("outbox") == sorted([*ids[:2], by_command])

    assert not server.settle(2)
    assert not server.settle(2)
    assert hosts.names("outbox") == sorted([*ids, by_command])
    texts = {each: hosts.path("outbox", each).read_text() for each in (*ids, by_command)}
    assert len({text.replace(each, "id") for each, text in texts.items()}) == 1
    assert all(known(hosts, each) for each in ids)


def test_a_journal_is_used_again(hosts: Hosts, server: FileStore) -> None:
    first = send(server)
    journal = hosts.names("sent")
    server.settle()
    assert hosts.path("sent", *journal).stat().st_size == 0
    second = send(server)

    assert hosts.names("sent") == journal
    server.settle()
    assert hosts.names("outbox") == sorted([first, second])


def test_a_server_that_ends_leaves_no_journal(hosts: Hosts, server: FileStore) -> None:
    message_id = send(server)
    server.close()

    assert hosts.names("outbox") == [message_id]
    assert hosts.names("sent") == []
    server.close()
    later = send(server)
    assert known(hosts, later)


def test_what_cannot_be_filed_stays_noted(hosts: Hosts, server: FileStore) -> None:
    hosts.path().mkdir(mode=0o700, exist_ok=True)
    hosts.path("outbox").write_text("in the way")
    ids = [send(server), send(server)]
    for _ in range(2):
        with pytest.raises(StoreError):
            server.settle()
    assert len(hosts.names("sent")) == 1

    hosts.path("outbox").unlink()
    server.settle()
    assert hosts.names("outbox") == sorted(ids)


def test_the_sweep_files_what_the_dead_have_noted_and_leaves_the_living_alone(
    hosts: Hosts, server: FileStore
) -> None:
    other = hosts.process(stays=True)
    of_dead, of_living = send(server), send(other)
    hosts.process().sweep()
    assert hosts.names("outbox") == []

    hosts.kill(server)
    hosts.process().sweep()
    assert hosts.names("outbox") == [of_dead]
    assert len(hosts.names("sent")) == 1
    assert known(hosts, of_living)


def test_what_a_burst_has_left_is_filed_piece_by_piece_and_found_meanwhile(
    hosts: Hosts, server: FileStore
) -> None:
    ids = [send(server) for _ in range(2 * AT_ONCE + 5)]
    server.close()
    assert len(hosts.names("outbox")) == AT_ONCE
    assert all(known(hosts, each) for each in ids)

    lengths = []
    while hosts.names("sent"):
        hosts.process().sweep()
        lengths.append(len(hosts.names("outbox")))
    assert lengths == [2 * AT_ONCE, len(ids)]
    assert hosts.names("outbox") == sorted(ids)


def test_who_sends_without_end_files_at_once(
    hosts: Hosts, server: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NOTED_MAX", 3)
    ids = [send(server) for _ in range(5)]

    assert hosts.names("outbox") == sorted(ids[3:])
    server.settle()
    assert hosts.names("outbox") == sorted(ids)
    assert all(known(hosts, each) for each in ids)


def test_what_nobody_has_filed_for_a_week_is_forgotten(hosts: Hosts, server: FileStore) -> None:
    ids = [send(server) for _ in range(AT_ONCE + 5)]
    server.close()
    hosts.clock.advance(7 * 86_400 + 60)
    hosts.process().sweep()

    assert hosts.names("sent") == []
    assert not any(known(hosts, each) for each in ids)


def test_a_retry_is_kept_to_what_was_noted_first(hosts: Hosts, server: FileStore) -> None:
    message = letter()
    server.put(TO_BOB, message)
    server.put(TO_BOB._replace(server_pid=77), message, repeat=True)

    assert known(hosts, message.id)
    server.settle()
    assert known(hosts, message.id)


def test_a_record_that_is_filed_while_it_is_looked_for_is_found(
    hosts: Hosts, server: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = send(server)
    looking = hosts.process()
    real = looking._disk.names

    def names(folder: str) -> list[str]:
        server.settle()
        return real(folder)

    monkeypatch.setattr(looking._disk, "names", names)
    found = looking.sent(message_id)
    assert found is not None


def test_a_line_that_is_no_record_is_set_aside_and_the_others_are_filed(
    hosts: Hosts, server: FileStore
) -> None:
    first = send(server)
    with hosts.path("sent", *hosts.names("sent")).open("ab") as journal:
        journal.write(b'{"schema_version":1,"message_id":"..\n')
    second = send(server)
    assert known(hosts, second)
    hosts.kill(server)
    hosts.process().sweep()

    assert hosts.names("outbox") == sorted([first, second])
    assert hosts.names("sent") == []
    (kept,) = hosts.names("damaged")
    assert hosts.path("damaged", kept).read_bytes() == b'{"schema_version":1,"message_id":"..\n'
    assert hosts.trace.named("damaged_set_aside")


def test_a_journal_that_was_removed_is_begun_anew(hosts: Hosts, server: FileStore) -> None:
    send(server)
    hosts.path("sent", hosts.names("sent")[0]).unlink()
    message_id = send(server)

    assert known(hosts, message_id)
    server.settle()
    assert hosts.names("outbox") == [message_id]


def test_without_kernel_locks_records_are_filed_at_once(
    hosts: Hosts, server: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, deadline: float) -> bool:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(module, "take_flock", refuse)
    message_id = send(server)

    assert hosts.names("outbox") == [message_id]
    assert hosts.trace.named("sender_journal_failed")


def test_a_journal_that_the_sweep_took_first_is_not_used(
    hosts: Hosts, server: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "take_flock", lambda descriptor, deadline: False)
    message_id = send(server)

    assert hosts.names("outbox") == [message_id]


@pytest.mark.parametrize("written", [0, 20])
def test_a_full_disk_leaves_the_record_to_a_file_of_its_own(
    hosts: Hosts, server: FileStore, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    first = send(server)
    real = os.pwrite

    def full(descriptor: int, data: bytes, at: int) -> int:
        if b"message_id" not in data:
            return real(descriptor, data, at)
        if not written:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[:written], at)

    monkeypatch.setattr(os, "pwrite", full)
    second = send(server)
    monkeypatch.undo()
    assert hosts.names("outbox") == [second]

    third = send(server)
    server.close()
    hosts.process().sweep()
    assert hosts.names("outbox") == sorted([first, second, third])
    assert hosts.names("sent") == []
    assert len(hosts.names("damaged")) == (1 if written else 0)


def test_what_else_lies_among_the_journals_is_left_alone(hosts: Hosts, server: FileStore) -> None:
    message_id = send(server)
    folder = hosts.path("sent")
    (folder / "notes").write_text(message_id)
    (folder / ("a" * 16)).mkdir()
    (folder / ("b" * 16)).symlink_to("/etc/hostname")
    assert known(hosts, message_id)
    hosts.process().sweep()

    assert (folder / "notes").read_text() == message_id
    assert len(hosts.names("damaged")) == 2
    assert hosts.names("sent") == sorted(["notes", *hosts.names("sent")[:1]])
    assert known(hosts, message_id)


def test_a_journal_is_private(hosts: Hosts, server: FileStore) -> None:
    send(server)
    (name,) = hosts.names("sent")

    assert hosts.path("sent").stat().st_mode & 0o777 == 0o700
    assert hosts.path("sent", name).stat().st_mode & 0o777 == 0o600
    assert json.loads(hosts.path("sent", name).read_bytes())["target_session_id"] == BOB
    with pytest.raises(BlockingIOError), hosts.path("sent", name).open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
