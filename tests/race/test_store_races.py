"""The worst order, forced where it can be and provoked by crowds where it cannot."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.crowds import crowd
from helpers.fakes import FakeTrace
from helpers.stores import ALICE, BOB, BOX, TO_BOB, Hosts, RealClock, bodies, letter
from oxtail.core.correlation import Ask
from oxtail.core.names import hash32
from oxtail.disk.atomic import Disk
from oxtail.identity.process import current_owner, provably_dead
from oxtail.store.files.locks import Locks
from oxtail.store.files.marks import PYTHON_MODE
from oxtail.store.files.spares import Spares
from oxtail.store.files.store import FileStore


class FastIds:
    def new_id(self) -> str:
        return os.urandom(8).hex()


def open_store(home: Path) -> FileStore:
    return FileStore(
        Disk(str(home), fsync=False),
        RealClock(),
        FastIds(),
        received_max=1_000,
        pending_ask_ttl_ms=3_600_000,
        lock_budget_ms=30_000,
        owner=current_owner(),
        provably_dead=provably_dead,
        spares=Spares(PYTHON_MODE),
    )


def residue(home: Path) -> list[str]:
    names = [path.name for path in home.rglob("*.lock*")]
    return [name for name in names if not name.endswith((".flock", ".spare"))]


class Gate:
    """Stops the first call that *matches* until it is opened."""

    def __init__(self, matches: Callable[..., bool]) -> None:
        self.matches = matches
        self.reached = threading.Event()
        self.opened = threading.Event()
        self.used = False

    def wrap(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            result = real(*args, **options)
            if not self.used and self.matches(*args):
                self.used = True
                self.reached.set()
                assert self.opened.wait(60)
            return result

        return call


@pytest.fixture
def hosts(home: Path) -> Hosts:
    return Hosts(home / ".oxtail")


def run(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    return thread, results


# ---------------------------------------------------------------------- forced


def test_a_message_that_is_visible_can_be_answered(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender, reader = hosts.process(), hosts.process()
    sender.put(TO_BOB, letter("first"))
    box = str(hosts.path("mailboxes", f"{BOX}.jsonl"))
    gate = Gate(lambda path, *_: path == box)
    monkeypatch.setattr(os, "open", gate.wrap(os.open))
    message = letter("second")
    thread, _ = run(lambda: sender.put(TO_BOB, message))
    assert gate.reached.wait(60)

    assert reader.lookup(BOB, message.id) == message
    gate.opened.set()
    thread.join()
    assert bodies(reader.peek([BOX]).messages) == ["first", "second"]


def test_between_claim_and_emptied_box_nobody_else_gets_the_mail(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = hosts.process(), hosts.process()
    message = letter()
    first.put(TO_BOB, message)
    gate = Gate(lambda _source, target: "claimed" in target)
    monkeypatch.setattr(os, "rename", gate.wrap(os.rename))
    one, mine = run(lambda: first.claim([BOX], [message.id]))
    assert gate.reached.wait(60)
    # It lies in both places now.  Looking may show it; taking must wait.
    assert bodies(second.peek([BOX]).messages) == ["hello"]
    two, theirs = run(lambda: second.claim([BOX], [message.id]))
    gate.opened.set()
    one.join()
    two.join()

    assert bodies(mine[0].messages) == ["hello"]
    assert theirs[0].messages == ()


def test_a_send_during_a_selective_claim_is_kept(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, sender = hosts.process(), hosts.process()
    messages = [letter("a"), letter("b")]
    for message in messages:
        sender.put(TO_BOB, message)
    gate = Gate(lambda _source, target: "claimed" in target)
    monkeypatch.setattr(os, "rename", gate.wrap(os.rename))
    one, _ = run(lambda: reader.claim([BOX], [messages[0].id]))
    assert gate.reached.wait(60)
    two, _ = run(lambda: sender.put(TO_BOB, letter("c")))
    gate.opened.set()
    one.join()
    two.join()

    assert bodies(reader.peek([BOX]).messages) == ["b", "c"]


def test_two_who_take_over_one_dead_claim_return_it_once(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim, first, second = (hosts.process() for _ in range(3))
    messages = [letter("a"), letter("b")]
    for message in messages:
        first.put(TO_BOB, message)
    victim.claim([BOX], [messages[0].id])
    hosts.kill(victim)
    box = str(hosts.path("mailboxes", f"{BOX}.jsonl"))
    gate = Gate(lambda _source, target: target == box)
    monkeypatch.setattr(os, "rename", gate.wrap(os.rename))
    one, mine = run(lambda: first.peek([BOX]))
    assert gate.reached.wait(60)
    two, theirs = run(lambda: second.peek([BOX]))
    gate.opened.set()
    one.join()
    two.join()

    assert bodies(mine[0].messages) == bodies(theirs[0].messages) == ["a", "b"]
    assert hosts.names("claimed") == []


def test_an_acknowledgement_during_a_repeat_makes_no_double(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender, reader = hosts.process(), hosts.process()
    message = letter()
    sender.put(TO_BOB, message)
    claim = reader.claim([BOX], [message.id])
    # The repeat has looked into the box and found nothing; now the reader finishes.
    real = sender._claims.holds

    def late(names: Any, message_id: str) -> bool:
        reader.ack(claim, "hook", BOB)
        return real(names, message_id)

    monkeypatch.setattr(sender._claims, "holds", late)
    sender.put(TO_BOB, message, repeat=True)

    assert reader.peek([BOX]).messages == ()
    assert not reader.has_mail(BOX)


def test_a_late_answer_and_the_last_look_cannot_miss_each_other(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either the asker's last look finds the answer, or the answerer finds the pending ask."""
    ask = Ask(BOB, "00112233445566ff", ALICE, "0" * 16, 1, 1)
    for late in (False, True):
        asker, answerer = hosts.process(), hosts.process()
        asker.open_ask(ask)
        message = letter("answer", reply_to=ask.request_id)
        if late:
            asker.suspend_ask(ask)
        answerer.put(TO_BOB, message)
        pulled = answerer.consume_pending_ask(BOB, ask.request_id)
        if not late:
            asker.suspend_ask(ask)
        found = [m for m in asker.peek([BOX]).messages if m.id == message.id]

        assert pulled or found
        asker.close_ask(ask)


# ---------------------------------------------------------------------- crowds


def test_two_drains_share_the_mail_without_a_double(hosts: Hosts) -> None:
    home = hosts.path()
    store = open_store(home)
    wanted = []
    for number in range(60):
        message = letter(str(number))
        store.put(TO_BOB, message)
        wanted.append(message.id)

    def drain(_: int) -> str:
        mine = open_store(home)
        shown = []
        while messages := mine.peek([BOX]).messages:
            claim = mine.claim([BOX], [m.id for m in messages[:3]])
            shown += [m.id for m in claim.messages]
            mine.ack(claim, "hook", BOB)
        return " ".join(shown)

    shown = Counter(word for text in crowd(4, drain) for word in text.split())
    assert sorted(shown) == sorted(wanted)
    assert set(shown.values()) == {1}
    assert residue(home) == []


def test_drains_and_sends_at_once_lose_nothing_and_repeat_nothing(hosts: Hosts) -> None:
    home = hosts.path()
    senders, each = 3, 40

    def work(number: int) -> str:
        mine = open_store(home)
        if number < senders:
            ids = []
            for count in range(each):
                message = letter(f"{number} {count}")
                mine.put(TO_BOB, message)
                ids.append(message.id)
            return "sent " + " ".join(ids)
        shown: list[str] = []
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and hosts.path("stop").exists() is False:
            claim = mine.claim([BOX], [m.id for m in mine.peek([BOX]).messages])
            shown += [m.id for m in claim.messages]
            mine.ack(claim, "hook", BOB)
            if len(hosts.names("receipts")) == senders * each:
                break
        return "read " + " ".join(shown)

    words = [text.split() for text in crowd(senders + 2, work)]
    sent = {word for kind, *ids in words if kind == "sent" for word in ids}
    shown = Counter(word for kind, *ids in words if kind == "read" for word in ids)
    assert set(shown) == sent
    assert set(shown.values()) == {1}
    ledger = hosts.path("received", f"{hash32(BOB)}.jsonl").read_bytes()
    assert ledger.count(b"\n") == senders * each
    assert residue(home) == []


@pytest.mark.parametrize("kind", ["dead python", "dead node", "stale"])
def test_all_contenders_on_a_left_over_lock_succeed(hosts: Hosts, kind: str) -> None:
    home = hosts.path()
    open_store(home).put(TO_BOB, letter("first"))
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "pass"])
    child.wait()
    lock = Path(str(hosts.path("mailboxes", f"{BOX}.jsonl")) + ".lock")
    lock.mkdir(0o500 if kind == "dead python" else 0o700)
    if kind != "stale":
        Path(f"{lock}.owner").write_text(f"{child.pid}.{'ab' * (12 if 'python' in kind else 8)}")
    else:
        os.utime(lock, (time.time() - 60, time.time() - 60))

    crowd(6, lambda number: open_store(home).put(TO_BOB, letter(str(number))))
    found = bodies(open_store(home).peek([BOX]).messages)
    assert sorted(found) == ["0", "1", "2", "3", "4", "5", "first"]
    assert residue(home) == []


def node_append(path: str, data: bytes) -> None:
    """Append as a Node peer does: the folder alone, 10 ms between tries, 16 hex digits."""
    lock = f"{path}.lock"
    token = f"{os.getpid()}.{os.urandom(8).hex()}"
    while True:
        try:
            os.mkdir(lock, 0o700)
            break
        except FileExistsError:
            time.sleep(0.010)
    Path(f"{lock}.owner").write_text(token)
    old = Path(path).read_bytes() if os.path.exists(path) else b""
    # Read, wait, replace: any writer that does not honor the lock in between is lost.
    time.sleep(0.001)
    Path(f"{path}.tmp.1.00").write_bytes(old + data)
    os.rename(f"{path}.tmp.1.00", path)
    assert Path(f"{lock}.owner").read_text() == token
    os.unlink(f"{lock}.owner")
    os.rmdir(lock)


def test_peers_of_both_kinds_honor_each_others_locks(hosts: Hosts) -> None:
    home = hosts.path()
    disk = Disk(str(home), fsync=False)
    path = disk.layout.box(BOX)
    disk.folder(disk.layout.mailboxes)

    def work(number: int) -> None:
        store = open_store(home)
        for count in range(15):
            if number % 2:
                store.put(TO_BOB, letter(f"{number} {count}"))
            else:
                line = letter(f"{number} {count}")
                node_append(path, line_of(line))

    crowd(4, work)
    found = bodies(open_store(home).peek([BOX]).messages)
    assert len(found) == 60
    assert len(set(found)) == 60
    assert residue(home) == []


def line_of(message: Any) -> bytes:
    from oxtail.core.envelope import encode

    return encode(message)


def test_a_side_file_that_is_swept_under_a_crowd_lets_only_one_in(hosts: Hosts) -> None:
    home = hosts.path()
    disk = Disk(str(home), fsync=False)
    disk.folder(disk.layout.mailboxes)
    path = disk.layout.box("7")
    count = hosts.path("count")
    count.write_text("0")

    def work(number: int) -> None:
        locks = Locks(disk, 20, FakeTrace())
        for _ in range(40):
            with locks.holding(path, "x"):
                count.write_text(str(int(count.read_text()) + 1))
                if number == 0:
                    disk.remove(f"{path}.lock.flock")

    crowd(3, work)
    assert count.read_text() == "120"


@pytest.mark.slow
@pytest.mark.forks
def test_no_send_of_128_processes_fails(tmp_path: Path) -> None:
    home = tmp_path / ".oxtail"

    def work(number: int) -> None:
        store = open_store(home)
        for count in range(20):
            store.put(TO_BOB, letter(f"{number} {count}"))

    crowd(128, work)
    found = open_store(home).peek([BOX]).messages
    assert len({message.id for message in found}) == 128 * 20
    assert residue(home) == []
