"""Mail for sessions that are not running: what both stores say of it, and what files keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from helpers.fakes import ALICE, BOB, CAROL, FakeClock, FakeIds, FakeTrace
from helpers.stores import HERE, letter
from oxtail.core.address import Route
from oxtail.core.envelope import Envelope
from oxtail.core.mail import Load
from oxtail.core.names import session_box
from oxtail.core.owner import Owner
from oxtail.disk.atomic import Disk
from oxtail.ports import Shelf, Store
from oxtail.store.files.locks import Locks
from oxtail.store.files.shelf import FileShelf
from oxtail.store.files.store import FileStore
from oxtail.store.memory.shelf import MemoryShelf
from oxtail.store.memory.store import MemoryStore
from oxtail.store.retention import EXPIRED_KEEP_SECONDS

BOX = session_box(BOB)
OLD, NEW = 1_000, 3_000
BETWEEN = 2_000.0


class Place(NamedTuple):
    """One store and its shelf."""

    store: Store
    shelf: Shelf
    clock: FakeClock
    trace: FakeTrace
    home: Path

    def put(self, body: str, at: int = OLD, box: str = BOX, **members: Any) -> Envelope:
        message = letter(body, **members)._replace(enqueued_at=at)
        self.store.put(Route(box, BOB, None), message)
        return message

    def waiting(self, box: str = BOX) -> list[str]:
        return [message.body for message in self.store.peek([box]).messages]


def on_files(home: Path) -> Place:
    clock, trace = FakeClock(), FakeTrace()
    disk = Disk(str(home / ".oxtail"), fsync=False, trace=trace)
    store = FileStore(
        disk,
        clock,
        FakeIds(),
        received_max=1_000,
        pending_ask_ttl_ms=1_000,
        lock_budget_ms=2_000,
        owner=Owner(1, None, None, HERE, "here"),
        provably_dead=lambda _: False,
        trace=trace,
    )
    shelf = FileShelf(disk, clock, Locks(disk, 2.0, trace))
    return Place(store, shelf, clock, trace, home / ".oxtail")


@pytest.fixture(params=["files", "memory"])
def place(request: pytest.FixtureRequest, home: Path) -> Place:
    if request.param == "files":
        return on_files(home)
    clock, trace = FakeClock(), FakeTrace()
    store = MemoryStore(clock, FakeIds(), trace)
    return Place(store, MemoryShelf(store, clock), clock, trace, home)


@pytest.fixture
def files(home: Path) -> Place:
    return on_files(home)


class TestBothStores:
    def test_the_load_of_a_box_is_counted(self, place: Place) -> None:
        assert place.shelf.load(BOX) == Load(0, 0)

        place.put("one")
        place.put("two")

        load = place.shelf.load(BOX)
        assert load.messages == 2
        assert load.size > 2 * len('{"id":""}')

    def test_only_what_is_too_old_is_set_apart(self, place: Place) -> None:
        old, young = place.put("old"), place.put("young", NEW)

        (expired,) = place.shelf.expire((), BETWEEN)

        assert (expired.box, expired.message_ids) == (BOX, (old.id,))
        assert place.waiting() == ["young"]
        assert place.shelf.expired_at(old.id) == int(place.clock.now())
        assert place.shelf.expired_at(young.id) is None
        assert place.shelf.expire((), BETWEEN) == ()

    def test_what_is_spared_stays(self, place: Place) -> None:
        place.put("old")
        place.put("old, too", box=session_box(CAROL))

        (expired,) = place.shelf.expire({BOX}, BETWEEN)

        assert expired.box == session_box(CAROL)
        assert place.waiting() == ["old"]

    def test_the_boxes_of_processes_are_left_alone(self, place: Place) -> None:
        place.put("old", box="4242")

        assert place.shelf.expire((), BETWEEN) == ()
        assert place.waiting("4242") == ["old"]

    def test_what_was_shown_does_not_expire(self, place: Place) -> None:
        message = place.put("old")
        place.store.put_copy(session_box(CAROL), message)
        place.store.ack(place.store.claim([BOX], [message.id]), "cli", BOB)

        assert place.shelf.expire((), BETWEEN) == ()
        assert place.shelf.expired_at(message.id) is None

    def test_a_proof_is_forgotten_in_time(self, place: Place) -> None:
        message = place.put("old")
        place.shelf.expire((), BETWEEN)

        place.clock.advance(EXPIRED_KEEP_SECONDS - 10)
        place.shelf.expire((), BETWEEN)
        assert place.shelf.expired_at(message.id) is not None
        place.clock.advance(20)
        place.shelf.expire((), BETWEEN)
        assert place.shelf.expired_at(message.id) is None

    @pytest.mark.parametrize("bad", ["", "../../etc/passwd", "x" * 16, "0" * 17])
    def test_what_is_no_message_id_has_no_proof(self, place: Place, bad: str) -> None:
        assert place.shelf.expired_at(bad) is None


class TestFiles:
    def test_expired_mail_is_kept_as_it_lay_there(self, files: Place) -> None:
        messages = [files.put(body, from_session_id=ALICE) for body in ("one", "two")]
        lay = (files.home / "mailboxes" / f"{BOX}.jsonl").read_bytes()

        (expired,) = files.shelf.expire((), BETWEEN)

        assert Path(expired.path).read_bytes() == lay
        assert Path(expired.path).parent == files.home / "expired"
        assert Path(expired.path).stat().st_mode & 0o077 == 0
        for message in messages:
            assert (files.home / "evidence" / f"e-{message.id}").is_file()

    def test_expired_mail_is_removed_in_time(self, files: Place) -> None:
        files.put("old")
        (expired,) = files.shelf.expire((), BETWEEN)
        stranger = files.home / "expired" / "a person's notes"
        stranger.write_text("keep")

        files.clock.advance(EXPIRED_KEEP_SECONDS + 10)
        files.shelf.expire((), BETWEEN)

        assert not Path(expired.path).exists()
        assert stranger.exists()

    def test_a_damaged_line_stays_for_the_reader_who_sets_it_aside(self, files: Place) -> None:
        files.put("old")
        with (files.home / "mailboxes" / f"{BOX}.jsonl").open("ab") as box:
            box.write(b"{torn\n")

        (expired,) = files.shelf.expire((), BETWEEN)

        assert len(expired.message_ids) == 1
        assert (files.home / "mailboxes" / f"{BOX}.jsonl").read_bytes() == b"{torn\n"

    def test_a_box_that_cannot_be_changed_keeps_its_mail_and_the_others_go_on(
        self, files: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import os

        files.put("old")
        files.put("old, too", box=session_box(CAROL))
        real = os.rename

        def refuse(source: str, target: str) -> None:
            if BOX in target:
                raise OSError(28, "no space")
            real(source, target)

        monkeypatch.setattr(os, "rename", refuse)
        found = files.shelf.expire((), BETWEEN)

        assert [each.box for each in found] == [session_box(CAROL)]
        assert files.waiting() == ["old"]
        assert files.trace.named("expiry_failed")

    @pytest.mark.parametrize(
        "proof", [b"", b"{", b"null", b'{"schema_version":1,"message_id":"x"}', b"9" * 100_000]
    )
    def test_a_forged_proof_is_none(self, files: Place, proof: bytes) -> None:
        message = files.put("old")
        (files.home / "evidence").mkdir()
        (files.home / "evidence" / f"e-{message.id}").write_bytes(proof)

        assert files.shelf.expired_at(message.id) is None
