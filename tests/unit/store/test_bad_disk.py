"""A full, read-only or failing disk: a clear error, and nothing half-written or lost."""

from __future__ import annotations

import errno
import os
from typing import Any

import pytest

from helpers.stores import BOB, BOX, TO_BOB, Hosts, bodies, letter
from oxtail.core.correlation import Ask
from oxtail.errors import StoreError

NO_SPACE = ("write", "pwrite", "mkdir")
READ_ONLY = ("write", "pwrite", "mkdir", "rename", "link", "unlink", "rmdir", "ftruncate", "utime")


class Disk:
    """A disk that refuses to change."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, code: int, names: tuple[str, ...]) -> None:
        self.monkeypatch = monkeypatch

        def refuse(*_args: Any, **_options: Any) -> Any:
            raise OSError(code, os.strerror(code))

        for name in names:
            monkeypatch.setattr(os, name, refuse)
        real = os.open

        def opened(path: str, flags: int, *args: Any, **options: Any) -> int:
            if flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR) and (
                code == errno.EROFS or not os.path.exists(path)
            ):
                raise OSError(code, os.strerror(code))
            return real(path, flags, *args, **options)

        monkeypatch.setattr(os, "open", opened)

    def mend(self) -> None:
        self.monkeypatch.undo()


@pytest.fixture(params=["full", "read-only"])
def kind(request: pytest.FixtureRequest) -> tuple[int, tuple[str, ...]]:
    return (errno.ENOSPC, NO_SPACE) if request.param == "full" else (errno.EROFS, READ_ONLY)


def test_a_send_says_so_and_delivers_nothing(
    hosts: Hosts, kind: tuple[int, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = hosts.process()
    store.put(TO_BOB, letter("before"))
    message = letter("late")
    disk = Disk(monkeypatch, *kind)
    with pytest.raises(StoreError) as caught:
        store.put(TO_BOB, message)
    disk.mend()

    assert caught.value.code == "store-error"
    assert os.strerror(kind[0]) in caught.value.message
    assert str(caught.value.fields["path"]).startswith(hosts.home)
    assert bodies(store.peek([BOX]).messages) == ["before"]
    store.put(TO_BOB, message, repeat=True)
    assert bodies(store.peek([BOX]).messages) == ["before", "late"]


def test_mail_can_be_looked_at_and_stays(
    hosts: Hosts, kind: tuple[int, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = hosts.process()
    message = letter()
    store.put(TO_BOB, message)
    disk = Disk(monkeypatch, *kind)
    seen = store.peek([BOX])
    with pytest.raises(StoreError):
        store.claim([BOX], [message.id])
    store.sweep()
    disk.mend()

    assert bodies(seen.messages) == ["hello"]
    assert bodies(store.peek([BOX]).messages) == ["hello"]
    assert len(store.claim([BOX], [message.id]).messages) == 1


def test_what_was_shown_is_not_shown_again_for_want_of_a_receipt(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = hosts.process()
    message = letter()
    store.put(TO_BOB, message)
    claim = store.claim([BOX], [message.id])
    disk = Disk(monkeypatch, errno.ENOSPC, NO_SPACE)
    store.ack(claim, "hook", BOB)
    disk.mend()

    assert store.peek([BOX]).messages == ()
    assert hosts.names("claimed") == []
    assert hosts.trace.named("receipt_failed")


def test_claimed_mail_on_a_full_disk_comes_back_when_there_is_room(
    hosts: Hosts, kind: tuple[int, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = hosts.process()
    message = letter()
    store.put(TO_BOB, message)
    claim = store.claim([BOX], [message.id])
    disk = Disk(monkeypatch, *kind)
    store.release(claim)
    seen = store.peek([BOX])
    disk.mend()

    assert seen.skipped == (BOX,)
    assert bodies(store.peek([BOX]).messages) == ["hello"]


def test_a_question_that_cannot_be_kept_says_so(
    hosts: Hosts, kind: tuple[int, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = hosts.process()
    ask = Ask(BOB, "00112233445566ff", BOB, "0" * 16, 1, 1)
    disk = Disk(monkeypatch, *kind)
    with pytest.raises(StoreError):
        store.open_ask(ask)
    with pytest.raises(StoreError):
        store.suspend_ask(ask)
    disk.mend()

    assert hosts.names("asks") == hosts.names("pending-ask") == []


@pytest.mark.parametrize("part", ["received", "mailboxes"])
def test_a_sync_that_fails_is_an_error(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    synced = Hosts(hosts.home, fsync=True)
    store = synced.process()
    store.put(TO_BOB, letter("before"))
    real_open, real_sync, files = os.open, os.fsync, {}

    def opened(path: str, *args: Any, **options: Any) -> int:
        descriptor = real_open(path, *args, **options)
        files[descriptor] = str(path)
        return descriptor

    def sync(descriptor: int) -> None:
        if part in files.get(descriptor, ""):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real_sync(descriptor)

    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(os, "fsync", sync)
    message = letter("late")
    with pytest.raises(StoreError):
        store.put(TO_BOB, message)
    monkeypatch.undo()

    found = bodies(store.peek([BOX]).messages)
    assert found == (["before"] if part == "received" else ["before", "late"])
    store.put(TO_BOB, message, repeat=True)
    assert bodies(store.peek([BOX]).messages) == ["before", "late"]
