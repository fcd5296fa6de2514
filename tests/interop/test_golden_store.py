"""Mail and records of npm peers are read and continued, and ours have the same bytes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from helpers.capabilities import find
from helpers.fakes import FakeClock, FakeTrace
from helpers.stores import RandomIds
from oxtail.core.address import Route
from oxtail.core.correlation import Ask
from oxtail.core.envelope import decode, encode
from oxtail.core.names import hash32, session_box
from oxtail.core.owner import Owner
from oxtail.disk.atomic import Disk
from oxtail.store.files.store import FileStore

FIXTURES = Path(__file__).parent / "fixtures"
GOLDEN = find("golden")
FOLDERS = sorted(FIXTURES.glob("v*")) + (sorted(GOLDEN.glob("v*/*")) if GOLDEN else [])
SESSIONS = (
    "11111111-1111-4111-8111-111111111111",
    "22222222-2222-4222-8222-222222222222",
    "019e9e9b-765c-7e21-abd5-a0b649473c42",
    "3b0e2c1e-7d7a-4c55-9a42-0c4b7f0f9d11",
)
NOW = 1_795_357_200.0


@pytest.fixture(params=FOLDERS, ids=lambda path: f"{path.parent.name}-{path.name}")
def folder(request: pytest.FixtureRequest, home: Path) -> Path:
    """A state folder of npm peers, with the file modes that they leave."""
    state = home / ".oxtail"
    shutil.copytree(request.param, state)
    for path in state.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return state


def open_store(state: Path, clock: FakeClock | None = None) -> FileStore:
    return FileStore(
        Disk(str(state), fsync=False),
        clock or FakeClock(NOW),
        RandomIds(),
        received_max=1_000,
        pending_ask_ttl_ms=10**15,
        lock_budget_ms=2_000,
        owner=Owner(1, None, None, None, "here"),
        provably_dead=lambda _: False,
        trace=FakeTrace(),
    )


def records(state: Path, name: str) -> dict[str, dict[str, Any]]:
    return {path.name: json.loads(path.read_bytes()) for path in (state / name).glob("*")}


def mail(state: Path, name: str) -> dict[str, list[bytes]]:
    return {
        path.name.removesuffix(".jsonl"): path.read_bytes().split(b"\n")[:-1]
        for path in (state / name).glob("*.jsonl")
    }


def ledgers(state: Path) -> dict[str, list[bytes]]:
    by_hash = mail(state, "received")
    return {s: by_hash[hash32(s)] for s in SESSIONS if hash32(s) in by_hash}


def test_there_is_something_to_read() -> None:
    assert len(FOLDERS) >= 2
    assert any(mail(each, "mailboxes") for each in FOLDERS)


def test_every_message_in_every_box_is_seen_in_order(folder: Path) -> None:
    store = open_store(folder)
    for box, raws in mail(folder, "mailboxes").items():
        shown = set(records(folder, "receipts"))
        expected = [json.loads(raw) for raw in raws]
        found = [message.as_dict() for message in store.peek([box]).messages]
        assert found == [members for members in expected if members["id"] not in shown]
        assert store.has_mail(box) == bool(raws)


def test_every_line_comes_out_byte_for_byte(folder: Path) -> None:
    count = 0
    for name in ("mailboxes", "received"):
        for raws in mail(folder, name).values():
            for raw in raws:
                assert encode(decode(raw)) == raw + b"\n"
                count += 1
    assert count or not (folder / "mailboxes").exists()


def test_every_ledger_line_is_found_by_its_id(folder: Path) -> None:
    store = open_store(folder)
    for session_id, raws in ledgers(folder).items():
        for raw in raws:
            members = json.loads(raw)
            members.pop("obligation", None)
            found = store.lookup(session_id, members["id"])
            assert found is not None
            assert found.as_dict() == members


def test_answers_are_found(folder: Path) -> None:
    store = open_store(folder)
    for session_id, raws in ledgers(folder).items():
        for members in map(json.loads, raws):
            if "reply_to" in members:
                answers = store.answers(session_id, members["reply_to"], members["from_session_id"])
                assert members["id"] in answers


def test_receipts_and_senders_records_are_read(folder: Path) -> None:
    store = open_store(folder)
    for message_id, members in records(folder, "receipts").items():
        receipt = store.receipt(message_id)
        assert receipt is not None
        assert {"schema_version": 1, **receipt._asdict()} == members
    for message_id, members in records(folder, "outbox").items():
        sent = store.sent(message_id)
        assert sent is not None
        assert {"schema_version": 1, **sent._asdict()} == members


def test_pending_asks_are_listed_and_taken_once(folder: Path) -> None:
    store = open_store(folder)
    for members in records(folder, "pending-ask").values():
        session_id, request_id = members["sessionId"], members["requestId"]
        found = {ask.request_id: ask for ask in store.pending_asks(session_id)}
        assert found[request_id].target == members.get("target", "")
        assert found[request_id].message_id == members.get("messageId", "")
        assert store.consume_pending_ask(session_id, request_id)
        assert not store.consume_pending_ask(session_id, request_id)
    assert records(folder, "pending-ask") == {}


def test_mail_is_taken_and_acknowledged_as_peers_expect(folder: Path) -> None:
    store = open_store(folder)
    boxes = sorted(mail(folder, "mailboxes"))
    before = {json.loads(raw)["id"] for raws in mail(folder, "mailboxes").values() for raw in raws}
    claim = store.claim(boxes, [message.id for message in store.peek(boxes).messages])
    store.ack(claim, "read_my_messages", SESSIONS[0])

    for box in boxes:
        assert (folder / "mailboxes" / f"{box}.jsonl").stat().st_size == 0
    assert before <= records(folder, "receipts").keys()
    assert not [p for p in folder.rglob("*.lock*") if not p.name.endswith(".flock")]


def test_the_same_story_written_by_us_has_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    """Each box, sender's record, receipt and pending ask, member by member and in order."""
    ours = tmp_path / "ours"
    clock = FakeClock(NOW)
    store = open_store(ours, clock)
    sent = records(folder, "outbox")
    for box, raws in mail(folder, "mailboxes").items():
        for raw in raws:
            message = decode(raw)
            record = sent.get(message.id, {})
            pid = record.get("target_server_pid")
            store.put(Route(box, record.get("target_session_id"), pid), message)
        if raws:
            theirs = (folder / "mailboxes" / f"{box}.jsonl").read_bytes()
            assert (ours / "mailboxes" / f"{box}.jsonl").read_bytes() == theirs
    for path in (ours / "outbox").glob("*"):
        if path.name in sent:
            assert path.read_bytes() == (folder / "outbox" / path.name).read_bytes()

    for message_id, members in records(folder, "receipts").items():
        clock.time = float(members["delivered_at"])
        store.put(Route("99", None, None), decode(_line(message_id)))
        claim = store.claim(["99"], [message_id])
        store.ack(claim, members["via"], members["recipient_session_id"])
        theirs = (folder / "receipts" / message_id).read_bytes()
        assert (ours / "receipts" / message_id).read_bytes() == theirs

    for name, members in records(folder, "pending-ask").items():
        if "target" not in members:
            continue  # the form of older peers, which is read and not written
        clock.time = members["at"] / 1000
        ask = Ask(
            members["sessionId"],
            members["requestId"],
            members["target"],
            members["messageId"],
            members["ownerEpoch"],
            0,
        )
        store.suspend_ask(ask)
        assert (ours / "pending-ask" / name).read_bytes() == (
            folder / "pending-ask" / name
        ).read_bytes()
        assert abs((ours / "pending-ask" / name).stat().st_mtime - members["at"] / 1000) < 0.01


def _line(message_id: str) -> bytes:
    return f'{{"schema_version":1,"id":"{message_id}","body":"x","enqueued_at":1}}'.encode()


def test_ledgers_written_by_us_have_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    store = open_store(tmp_path / "ours")
    for session_id, raws in ledgers(folder).items():
        open_lines = [raw for raw in raws if b'"obligation"' not in raw]
        for raw in open_lines:
            store.put(Route(session_box(session_id), session_id, 1), decode(raw))
        name = f"{hash32(session_id)}.jsonl"
        written = (tmp_path / "ours" / "received" / name).read_bytes()
        assert written == b"".join(raw + b"\n" for raw in open_lines)


def test_a_ledger_of_npm_peers_is_continued(folder: Path) -> None:
    store = open_store(folder)
    for session_id, raws in ledgers(folder).items():
        new = decode(_line("00000000000000fe"))
        store.put(Route(session_box(session_id), session_id, 1), new)
        name = f"{hash32(session_id)}.jsonl"
        assert (folder / "received" / name).read_bytes() == b"".join(
            raw + b"\n" for raw in raws
        ) + encode(new)
