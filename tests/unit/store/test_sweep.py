"""What has outlived its use goes; what may be needed stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.stores import BOB, BOX, TO_BOB, Hosts, bodies, letter
from oxtail.core.address import Route
from oxtail.core.governor import Passed
from oxtail.store.files.traffic import FileTraffic

DAY = 86_400
WEEK = 7 * DAY


def age(path: Path, seconds: float) -> Path:
    when = time.time() - seconds
    os.utime(path, (when, when))
    return path


@pytest.fixture
def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "pass"])
    child.wait()
    return child.pid


def test_receipts_and_senders_records_go_after_a_week(hosts: Hosts) -> None:
    store = hosts.process()
    old, new = letter(), letter()
    for message in (old, new):
        store.put(TO_BOB, message)
    store.ack(store.claim([BOX], [old.id, new.id]), "cli", BOB)
    for folder in ("receipts", "outbox"):
        age(hosts.path(folder, old.id), WEEK + 60)
        age(hosts.path(folder, new.id), WEEK - 60)
        hosts.path(folder, "notes").write_text("not ours")
        age(hosts.path(folder, "notes"), WEEK + 60)
    store.sweep()

    assert hosts.names("receipts") == hosts.names("outbox") == sorted([new.id, "notes"])


def test_when_an_operator_woke_somebody_is_forgotten_after_a_day(hosts: Hosts) -> None:
    folder = hosts.path("operator-wake")
    folder.mkdir(parents=True)
    for name, seconds in (("a" * 32, DAY + 60), ("b" * 32, DAY - 60), ("notes", 2 * DAY)):
        (folder / name).touch()
        age(folder / name, seconds)
    hosts.process().sweep()

    assert hosts.names("operator-wake") == ["b" * 32, "notes"]


def test_temporary_files_of_dead_writers_go(hosts: Hosts, dead_pid: int) -> None:
    store = hosts.process()
    store.put(TO_BOB, letter())
    hosts.path("sessions").mkdir()
    gone = [
        hosts.path("mailboxes", f"{BOX}.jsonl.tmp.{dead_pid}.0123456789ab"),
        hosts.path("received", f"x.jsonl.tmp.{dead_pid}.0123456789ab"),
        hosts.path("sessions", f"12.json.{dead_pid}.tmp"),
    ]
    kept = [
        hosts.path("mailboxes", f"{BOX}.jsonl.tmp.{os.getpid()}.0123456789ab"),
        hosts.path("mailboxes", "notes.txt"),
    ]
    for path in gone + kept:
        path.write_text("x")
        age(path, 61)
    fresh = hosts.path("mailboxes", f"{BOX}.jsonl.tmp.{dead_pid}.ba9876543210")
    fresh.write_text("x")
    store.sweep()

    assert [path.name for path in gone if path.exists()] == []
    assert [path for path in [*kept, fresh] if not path.exists()] == []


def test_claims_of_the_dead_go_back_to_boxes_that_nobody_asks_for(hosts: Hosts) -> None:
    store, victim = hosts.process(), hosts.process()
    message = letter()
    store.put(TO_BOB, message)
    victim.claim([BOX], [message.id])
    hosts.kill(victim)
    store.sweep()

    assert hosts.names("claimed") == []
    assert hosts.path("mailboxes", f"{BOX}.jsonl").stat().st_size > 0


def test_what_was_shown_does_not_go_back_with_the_rest(hosts: Hosts) -> None:
    store, victim = hosts.process(), hosts.process()
    messages = [letter("a"), letter("b")]
    for message in messages:
        store.put(TO_BOB, message)
    claim = victim.claim([BOX], [message.id for message in messages])
    victim.ack(claim._replace(tokens=(), messages=claim.messages[:1]), "hook", BOB)
    hosts.kill(victim)
    store.sweep()

    box = hosts.path("mailboxes", f"{BOX}.jsonl").read_bytes()
    assert messages[1].id.encode() in box
    assert box.count(b"\n") == 1


def test_boxes_that_nobody_reads_go_with_their_locks(hosts: Hosts) -> None:
    store = hosts.process(referenced_boxes=lambda: {"8"})
    for box in ("7", "8", "9", "10"):
        message = letter()
        store.put(Route(box, None, None), message)
        if box != "9":
            store.ack(store.claim([box], [message.id]), "cli", BOB)
        if box != "10":
            age(hosts.path("mailboxes", f"{box}.jsonl"), WEEK + 60)
    store.sweep()

    boxes = [n for n in hosts.names("mailboxes") if n.endswith(".jsonl")]
    assert boxes == ["10.jsonl", "8.jsonl", "9.jsonl"]
    assert [n for n in hosts.names("mailboxes") if n.startswith("7.")] == []
    assert hosts.trace.named("mailbox_gc_removed") == [{"box": "7"}]


def test_without_knowing_the_readers_no_box_goes(hosts: Hosts) -> None:
    store = hosts.process()
    message = letter()
    store.put(Route("7", None, None), message)
    store.ack(store.claim(["7"], [message.id]), "cli", BOB)
    age(hosts.path("mailboxes", "7.jsonl"), WEEK + 60)
    store.sweep()

    assert hosts.path("mailboxes", "7.jsonl").exists()


def test_bells_of_the_dead_go(hosts: Hosts, dead_pid: int) -> None:
    store = hosts.process()
    folder = Path(store._bells.folder(BOX))
    folder.mkdir(parents=True)
    (folder / f"{dead_pid}-1").write_text("")
    (folder / f"{os.getpid()}-99").write_text("")
    store.sweep()
    assert hosts.names("bells", folder.name) == [f"{os.getpid()}-99"]
    (folder / f"{os.getpid()}-99").unlink()
    store.sweep()

    assert hosts.names("bells") == []


def test_locks_and_markers_that_the_dead_left_go(hosts: Hosts, dead_pid: int) -> None:
    store = hosts.process()
    store.put(TO_BOB, letter())
    for name, mode, old in (("7", 0o500, 31), ("8", 0o700, 31), ("9", 0o700, 5)):
        lock = hosts.path("mailboxes", f"{name}.jsonl.lock")
        lock.mkdir(mode)
        Path(f"{lock}.owner").write_text(f"{dead_pid}.0123456789abcdef")
        age(lock, old)
        marker = Path(f"{lock}.steal")
        marker.mkdir()
        age(marker, old)
    store.sweep()

    left = [n for n in hosts.names("mailboxes") if ".lock" in n and not n.endswith(".flock")]
    assert left == ["9.jsonl.lock", "9.jsonl.lock.owner", "9.jsonl.lock.steal"]


def test_a_sweep_that_fails_in_one_place_goes_on_in_the_others(hosts: Hosts) -> None:
    store = hosts.process()
    message = letter()
    store.put(TO_BOB, message)
    store.ack(store.claim([BOX], [message.id]), "cli", BOB)
    age(hosts.path("receipts", message.id), WEEK + 60)
    hosts.path("asks").write_text("in the way")
    store.sweep()

    assert hosts.names("receipts") == []
    assert hosts.trace.named("sweep_failed")


def test_a_sweep_of_nothing_makes_nothing(hosts: Hosts) -> None:
    hosts.process().sweep()

    assert not hosts.path().exists()


def test_mail_survives_a_sweep(hosts: Hosts) -> None:
    store = hosts.process(referenced_boxes=set)
    store.put(TO_BOB, letter("a"))
    hosts.clock.advance(10 * WEEK)
    store.sweep()

    assert bodies(store.peek([BOX]).messages) == ["a"]


def test_what_passed_between_the_silent_goes_after_a_day(hosts: Hosts) -> None:
    store = hosts.process()
    traffic = FileTraffic(hosts.disk)
    traffic.note("old", BOB, Passed(1, False))
    traffic.is_news("old", 1.0)
    old = hosts.names("traffic")
    for name in old:
        age(hosts.path("traffic", name), DAY + 60)
    traffic.note("new", BOB, Passed(1, False))
    hosts.path("traffic", "notes").write_text("not ours")
    age(hosts.path("traffic", "notes"), DAY + 60)
    store.sweep()

    assert len(old) == 3
    assert len(hosts.names("traffic")) == 3
    assert not set(old) & set(hosts.names("traffic"))


def test_temporary_files_of_policies_and_notices_go(hosts: Hosts, dead_pid: int) -> None:
    store = hosts.process()
    for folder in ("traffic", "policy", "."):
        hosts.path(folder).mkdir(parents=True, exist_ok=True)
        path = hosts.path(folder, f"x.tmp.{dead_pid}.abcdef")
        path.write_text("left")
        age(path, 120)
    store.sweep()

    assert hosts.names("traffic") == hosts.names("policy") == []
    assert not list(hosts.path().glob("*.tmp.*"))
