"""A bell is a hint: it may be lost, and mail is found without it."""

from __future__ import annotations

import os
import shutil
import stat
import threading
import time
from pathlib import Path

import pytest

from helpers.stores import BOX, TO_BOB, Hosts, letter
from helpers.waiting import until
from oxtail.store.files import bell as bells


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the bell itself can end a wait."""
    monkeypatch.setattr(bells.FileBell, "_has_changed", lambda _self: False)


def bell_names(hosts: Hosts) -> list[str]:
    return [f"{f}/{n}" for f in hosts.names("bells") for n in hosts.names("bells", f)]


def test_a_send_rings(hosts: Hosts, blind: None) -> None:
    store = hosts.process()
    with store.bell([BOX, "7"]) as bell:
        assert not bell.wait(0)
        hosts.process().put(TO_BOB, letter())
        assert bell.wait(60)
        assert not bell.wait(0)


def test_many_rings_are_one(hosts: Hosts, blind: None) -> None:
    store = hosts.process()
    with store.bell([BOX]) as bell:
        for _ in range(600):
            store._bells.ring(BOX)
        assert bell.wait(60)
        assert not bell.wait(0)


def test_bells_that_come_and_go_are_seen_by_whoever_rings_all_day(
    hosts: Hosts, blind: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[str] = []
    real = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: (listed.append(path), real(path))[1])
    ringing, waiting = hosts.process(), hosts.process()
    with waiting.bell([BOX]) as first:
        folder = waiting._bells.folder(BOX)
        hour_ago = time.time() - 3600
        os.utime(folder, (hour_ago, hour_ago))
        for _ in range(3):
            ringing._bells.ring(BOX)
            assert first.wait(60)
        assert listed.count(folder) == 1

        with waiting.bell([BOX]) as second:
            ringing._bells.ring(BOX)
            assert first.wait(60)
            assert second.wait(60)
        ringing._bells.ring(BOX)
        assert first.wait(60)
    ringing._bells.ring(BOX)
    assert not hosts.trace.named("bell_failed")


def test_mail_of_peers_that_do_not_ring_is_noticed(hosts: Hosts) -> None:
    hosts.process().put(TO_BOB, letter())
    line = hosts.path("mailboxes", f"{BOX}.jsonl").read_bytes()
    with hosts.process().bell([BOX]) as bell:
        with hosts.path("mailboxes", f"{BOX}.jsonl").open("ab") as file:
            file.write(line)
        assert bell.wait(60)
        assert not bell.wait(0)


def test_a_ring_before_the_wait_is_not_lost(hosts: Hosts, blind: None) -> None:
    store = hosts.process()
    with store.bell([BOX]) as bell:
        store.put(TO_BOB, letter())
        assert bell.wait(0)


def test_a_wait_can_be_interrupted_from_another_thread(hosts: Hosts) -> None:
    with hosts.process().bell([BOX]) as bell:
        timer = threading.Timer(0.05, bell.interrupt)
        timer.start()
        started = time.monotonic()
        assert not bell.wait(30)
        assert time.monotonic() - started < 20
        timer.join()


def test_an_interruption_before_the_wait_counts_once(hosts: Hosts) -> None:
    with hosts.process().bell([BOX]) as bell:
        bell.interrupt()
        assert not bell.wait(30)
        assert not bell.wait(0.01)


def test_an_interruption_after_the_end_touches_nothing(hosts: Hosts) -> None:
    with hosts.process().bell([BOX]) as bell:
        pass
    reader, writer = os.pipe()  # most likely the very descriptors that the bell had
    try:
        bell.interrupt()
        os.set_blocking(reader, False)
        with pytest.raises(BlockingIOError):
            os.read(reader, 1)
    finally:
        os.close(reader)
        os.close(writer)


def test_a_bell_leaves_nothing_behind(hosts: Hosts) -> None:
    with hosts.process().bell([BOX]):
        assert len(bell_names(hosts)) == 1
        mode = hosts.path("bells", bell_names(hosts)[0]).stat().st_mode
        assert mode & 0o777 == 0o600

    assert bell_names(hosts) == []


def test_the_bell_of_a_dead_listener_is_removed_by_the_next_ring(hosts: Hosts) -> None:
    store = hosts.process()
    bell = store.bell([BOX])
    bell.__enter__()
    bell._sockets.pop()[0].close()
    assert len(bell_names(hosts)) == 1
    store.put(TO_BOB, letter())

    assert bell_names(hosts) == []
    bell.__exit__()


def test_what_is_no_bell_disturbs_no_send(hosts: Hosts) -> None:
    store = hosts.process()
    folder = Path(store._bells.folder(BOX))
    folder.mkdir(parents=True)
    (folder / "a-file").write_text("?")
    (folder / "a-folder").mkdir()
    store.put(TO_BOB, letter())

    assert len(store.peek([BOX]).messages) == 1


def test_a_long_path_has_a_bell_too(hosts: Hosts, blind: None, tmp_path: Path) -> None:
    deep = Hosts(tmp_path / ("d" * 120) / ".oxtail")
    store = deep.process()
    with store.bell([BOX]) as bell:
        if not os.path.isdir("/proc/self/fd"):
            pytest.skip("a long path has no bell without /proc")
        store.put(TO_BOB, letter())
        assert bell.wait(60)
    assert bell_names(deep) == []


def test_where_there_can_be_no_bell_the_box_is_looked_at(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(bells, "_new_socket", refuse)
    store = hosts.process()
    with store.bell([BOX]) as bell:
        store.put(TO_BOB, letter())
        assert bell.wait(60)
    assert hosts.trace.named("bell_failed")


def test_returned_mail_rings(hosts: Hosts, blind: None) -> None:
    store = hosts.process()
    message = letter()
    store.put(TO_BOB, message)
    claim = store.claim([BOX], [message.id])
    with store.bell([BOX]) as bell:
        store.release(claim)
        assert bell.wait(60)


def test_waiting_costs_no_spinning(hosts: Hosts) -> None:
    with hosts.process().bell([BOX]) as bell:
        before = time.process_time()
        bell.wait(0.5)
        assert time.process_time() - before < 0.25


def test_two_listeners_both_hear_it(hosts: Hosts, blind: None) -> None:
    first, second = hosts.process(), hosts.process()
    with first.bell([BOX]) as one, second.bell([BOX]) as two:
        first.put(TO_BOB, letter())
        assert until(lambda: one.wait(0.1))
        assert until(lambda: two.wait(0.1))


def test_the_folder_of_bells_is_private_also_when_it_is_made_again(
    hosts: Hosts, blind: None
) -> None:
    store = hosts.process()
    with store.bell([BOX]):
        shutil.rmtree(hosts.home)
    with store.bell([BOX]) as bell:
        (bells_of_box,) = hosts.names("bells")
        for folder in (hosts.path(), hosts.path("bells"), hosts.path("bells", bells_of_box)):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        store.put(TO_BOB, letter())
        assert bell.wait(60)
