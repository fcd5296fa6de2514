"""Die before, half-way through and after each file-system call of each operation.

A fresh process then finds: nothing torn is visible, nothing is lost, a retry with the same id
leaves exactly one, and no lock blocks anybody.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.crashes import deaths
from helpers.fakes import FakeTrace
from helpers.stores import ALICE, BOB, BOX, TO_BOB, RandomIds, RealClock, bodies, letter
from oxtail.core.address import Route
from oxtail.core.codec import split_lines
from oxtail.core.correlation import Ask
from oxtail.core.entry import OURS, Client, Entry
from oxtail.core.envelope import decode, encode
from oxtail.disk.atomic import Disk
from oxtail.identity.process import current_owner, provably_dead
from oxtail.identity.registry import FileRegistry
from oxtail.store.files.marks import PYTHON_MODE
from oxtail.store.files.spares import Spares
from oxtail.store.files.store import FileStore
from oxtail.store.retention import LEDGER_BOUND, ledger_limit

pytestmark = pytest.mark.forks

NEW = letter("new", message_id="00000000000000ff")
ASK = Ask(ALICE, "00112233445566ff", BOB, NEW.id, 1_795_357_142, 1_795_357_144_915)
TEXTS = ("a", "b", "c")
MAIL = [letter(text, message_id=f"{number:016x}") for number, text in enumerate(TEXTS, 1)]
IDS = [message.id for message in MAIL]

Start = Callable[[], None]


def open_store(home: Path, *, budget_ms: int = 2_000, fsync: bool = False) -> FileStore:
    """A store of this very process, with the real proof of death."""
    return FileStore(
        Disk(str(home), fsync=fsync),
        RealClock(),
        RandomIds(),
        received_max=1_000,
        pending_ask_ttl_ms=3_600_000,
        lock_budget_ms=budget_ms,
        owner=current_owner(),
        provably_dead=provably_dead,
        spares=Spares(PYTHON_MODE),
        trace=FakeTrace(),
    )


class Folders:
    """Fresh copies of one prepared state folder."""

    def __init__(self, root: Path, prepare: Callable[[Path], None]) -> None:
        self.root = root
        self.template = root / "template"
        prepare(self.template)
        self.count = 0

    def __call__(self) -> Path:
        self.count += 1
        home = self.root / "w"
        shutil.rmtree(home, ignore_errors=True)
        if self.template.exists():
            shutil.copytree(self.template, home, copy_function=shutil.copy2, symlinks=True)
        return home


def mailed(home: Path) -> None:
    store = open_store(home)
    for message in MAIL:
        store.put(TO_BOB, message)


def nothing(home: Path) -> None:
    """Start without a state folder."""


@functools.cache  # a ledger of thousands is read after each death, and few lines of it are new
def id_of(line: bytes) -> str:
    try:
        return decode(line).id
    except Exception:  # noqa: BLE001 - a torn line is what this looks past
        return "torn"


def ledger_ids(home: Path) -> list[str]:
    path = Disk(str(home)).layout.ledger(BOB)
    data = Path(path).read_bytes() if Path(path).exists() else b""
    return [id_of(bytes(line)) for line in split_lines(data)]


def no_lock_is_left(home: Path) -> bool:
    """Side files stay, and a marker of the dead is in nobody's way until the sweep."""
    names = [path.name for path in home.rglob("*.lock*")]
    return [name for name in names if not name.endswith((".flock", ".spare", ".steal"))] == []


@pytest.mark.parametrize("before", [pytest.param(nothing, marks=pytest.mark.slow), mailed])
def test_a_send(tmp_path: Path, before: Callable[[Path], None]) -> None:
    folders = Folders(tmp_path, before)
    old = len(MAIL) if before is mailed else 0

    def work(home: Path, start: Start) -> None:
        store = open_store(home, fsync=True)
        start()
        store.put(TO_BOB, NEW)

    for home, where in deaths(folders, work):
        store = open_store(home)
        for message in store.peek([BOX]).messages:
            assert store.lookup(BOB, message.id) == message, where
        store.put(TO_BOB, NEW, repeat=True)
        found = [m.id for m in store.peek([BOX]).messages]
        assert found == [*IDS[:old], NEW.id], where
        assert ledger_ids(home).count(NEW.id) == 1, where
        assert store.lookup(BOB, NEW.id) == NEW, where
        assert no_lock_is_left(home), where
        # A torn line is out of the way, not in it.
        claim = store.claim([BOX], found)
        store.ack(claim, "cli", BOB)
        assert not store.has_mail(BOX), where
    assert folders.count > 40


@pytest.mark.parametrize("wanted", [IDS, pytest.param(IDS[1:2], marks=pytest.mark.slow)])
def test_a_claim(tmp_path: Path, wanted: list[str]) -> None:
    folders = Folders(tmp_path, mailed)

    def work(home: Path, start: Start) -> None:
        store = open_store(home, fsync=True)
        start()
        store.claim([BOX], wanted)

    for home, where in deaths(folders, work):
        store = open_store(home)
        store.put(TO_BOB, NEW)
        found = [m.id for m in store.peek([BOX]).messages]
        assert sorted(found) == [*IDS, NEW.id], where
        assert found[-1] == NEW.id, where
        # Readers of other kinds do not drop copies, so there must be none.
        assert (home / "mailboxes" / f"{BOX}.jsonl").read_bytes().count(b"\n") == 4, where
        assert no_lock_is_left(home), where
        assert [p for p in home.glob("claimed/*") if ".tmp." not in p.name] == [], where
    assert folders.count > 30


def test_an_acknowledgement(tmp_path: Path) -> None:
    folders = Folders(tmp_path, mailed)

    def work(home: Path, start: Start) -> None:
        store = open_store(home, fsync=True)
        claim = store.claim([BOX], IDS)
        start()
        store.ack(claim, "cli", BOB)

    for home, where in deaths(folders, work):
        store = open_store(home)
        unread = {m.id for m in store.peek([BOX]).messages}
        shown = {i for i in IDS if store.receipt(i)}
        assert unread | shown == set(IDS), where
        assert unread & shown == set(), where
    assert folders.count > 15


def test_a_release(tmp_path: Path) -> None:
    folders = Folders(tmp_path, mailed)

    def work(home: Path, start: Start) -> None:
        store = open_store(home, fsync=True)
        claim = store.claim([BOX], IDS[:2])
        start()
        store.release(claim)

    for home, where in deaths(folders, work):
        store = open_store(home)
        assert bodies(store.peek([BOX]).messages) == list(TEXTS), where
        store.put(TO_BOB, NEW)
        assert no_lock_is_left(home), where
    assert folders.count > 20


@pytest.mark.parametrize("carried", [IDS, pytest.param(IDS[:2], marks=pytest.mark.slow)])
def test_mail_that_another_host_has_taken_over(tmp_path: Path, carried: list[str]) -> None:
    folders = Folders(tmp_path, mailed)

    def work(home: Path, start: Start) -> None:
        store = open_store(home, fsync=True)
        claim = store.claim([BOX], IDS)
        start()
        store.forward(claim, carried)

    kept = [message_id for message_id in IDS if message_id not in carried]
    finished = 0
    for home, where in deaths(folders, work):
        store = open_store(home)
        there = [m.id for m in store.peek([BOX]).messages]
        assert [m for m in there if m not in carried] == kept, where
        assert there == IDS[-len(there) or len(IDS) :], where
        assert not any(store.receipt(message_id) for message_id in IDS), where
        finished += there == kept
        store.put(TO_BOB, NEW)
        assert no_lock_is_left(home), where
    assert folders.count > 12
    assert finished


@pytest.mark.slow
def test_a_retraction(tmp_path: Path) -> None:
    folders = Folders(tmp_path, mailed)

    def work(home: Path, start: Start) -> None:
        store = open_store(home, fsync=True)
        claim = store.claim([BOX], IDS[:2])
        store.ack(claim, "cli", BOB)
        start()
        store.retract(claim)

    for home, where in deaths(folders, work):
        store = open_store(home)
        unread = {m.id for m in store.peek([BOX]).messages}
        shown = {i for i in IDS if store.receipt(i)}
        assert unread | shown == set(IDS), where
        assert unread & shown == set(), where
    assert folders.count > 20


@pytest.mark.slow
def test_the_return_of_a_dead_mans_claim(tmp_path: Path) -> None:
    def prepare(home: Path) -> None:
        mailed(home)
        program = (
            "import sys; sys.path[:0] = sys.argv[2:]\n"
            "from pathlib import Path\n"
            "from crash.test_crash_sweep import *\n"
            "open_store(Path(sys.argv[1])).claim([BOX], IDS[1:])"
        )
        subprocess.run(
            [sys.executable, "-c", program, str(home), *sys.path], check=True, timeout=60
        )

    folders = Folders(tmp_path, prepare)

    def work(home: Path, start: Start) -> None:
        store = open_store(home, fsync=True)
        start()
        assert len(store.peek([BOX]).messages) == 3

    for home, where in deaths(folders, work):
        assert sorted(bodies(open_store(home).peek([BOX]).messages)) == list(TEXTS), where
    assert folders.count > 20


@pytest.mark.slow
def test_a_box_that_moves(tmp_path: Path) -> None:
    def prepare(home: Path) -> None:
        store = open_store(home)
        for message in MAIL:
            store.put(Route("7", BOB, 7), message)

    folders = Folders(tmp_path, prepare)

    def work(home: Path, start: Start) -> None:
        store = open_store(home, fsync=True)
        start()
        store.adopt_box("7", BOX)

    for home, where in deaths(folders, work):
        store = open_store(home)
        store.adopt_box("7", BOX)
        assert bodies(store.peek([BOX, "7"]).messages) == list(TEXTS), where
        assert not store.has_mail("7"), where
    assert folders.count > 30


@pytest.mark.slow
def test_a_send_that_compacts_the_ledger(tmp_path: Path) -> None:
    old = [letter(str(n), message_id=f"{n + 4096:016x}") for n in range(ledger_limit(LEDGER_BOUND))]

    def prepare(home: Path) -> None:
        disk = Disk(str(home))
        disk.folder(disk.layout.received)
        Path(disk.layout.ledger(BOB)).write_bytes(b"".join(map(encode, old)))

    folders = Folders(tmp_path, prepare)
    newest = [message.id for message in old[-LEDGER_BOUND + 2 :]]
    kept = set(newest)

    def work(home: Path, start: Start) -> None:
        store = open_store(home, fsync=True)
        start()
        store.put(TO_BOB, NEW)

    compacted = 0
    for home, where in deaths(folders, work):
        store = open_store(home)
        store.put(TO_BOB, NEW, repeat=True)
        ids = ledger_ids(home)
        assert ids[-1] == NEW.id, where
        assert ids.count(NEW.id) == 1, where
        assert [i for i in ids if i in kept] == newest, where
        compacted += len(ids) == LEDGER_BOUND
        assert [m.id for m in store.peek([BOX]).messages] == [NEW.id], where
        assert no_lock_is_left(home), where
    assert folders.count > 40
    assert compacted > 10


def test_a_question_that_is_suspended(tmp_path: Path) -> None:
    folders = Folders(tmp_path, nothing)

    def work(home: Path, start: Start) -> None:
        store = open_store(home, fsync=True)
        store.open_ask(ASK)
        start()
        store.suspend_ask(ASK)

    for home, where in deaths(folders, work):
        store = open_store(home)
        assert len(store.pending_asks(ALICE)) == 1, where
        assert store.waiting_asks(ALICE) == (), where
        assert store.consume_pending_ask(ALICE, ASK.request_id), where
        assert not store.consume_pending_ask(ALICE, ASK.request_id), where
    assert folders.count > 8


def test_a_question_that_is_opened(tmp_path: Path) -> None:
    folders = Folders(tmp_path, nothing)

    def work(home: Path, start: Start) -> None:
        store = open_store(home, fsync=True)
        start()
        store.open_ask(ASK)

    recorded = 0
    for home, _where in deaths(folders, work):
        store = open_store(home)
        recorded += store.consume_pending_ask(ALICE, ASK.request_id)
        assert store.waiting_asks(ALICE) == store.pending_asks(ALICE) == ()
    assert 0 < recorded < folders.count


def entry(purpose: str, pid: int) -> Entry:
    return Entry(
        pid,
        1_795_357_142,
        Client("codex", BOB, None, "env", "/p"),
        "",
        capabilities=OURS,
        name=purpose,
    )


def test_a_registry_entry(tmp_path: Path) -> None:
    import json
    import os

    pid = os.getpid()

    def registry(home: Path) -> FileRegistry:
        store = open_store(home)
        return FileRegistry(
            Disk(str(home), fsync=True),
            RealClock(),
            has_mail=store.has_mail,
            adopt_box=store.adopt_box,
            quarantine_box=store.quarantine_box,
        )

    folders = Folders(tmp_path, lambda home: registry(home).publish(entry("old", pid)))

    def work(home: Path, start: Start) -> None:
        # The child publishes under the name of this process, which is the one that stays.
        os.getpid = lambda: pid  # type: ignore[method-assign]
        mine = registry(home)
        start()
        mine.publish(entry("new", pid))

    names = set()
    for home, where in deaths(folders, work):
        (path,) = home.glob("sessions/*.json")
        names.add(json.loads(path.read_text())["name"])
        assert len(registry(home).entries()) == 1, where
    assert names == {"old", "new"}
