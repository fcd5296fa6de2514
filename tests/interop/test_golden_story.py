"""The story that live npm peers left behind, moment by moment, in both directions.

``../shared/golden`` holds a state folder per moment.  Here servers of ours take over at each moment
and go on, and play the same story from its beginning; what they write is compared with the
original's member by member, in order.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from helpers.capabilities import find, needs
from helpers.fakes import ALICE, BOB
from helpers.waiting import until
from helpers.wire import ServerProcess

pytestmark = [needs("golden"), pytest.mark.slow]

GOLDEN = find("golden") or Path("/nowhere")
VERSIONS = ("v0.14.0", "v0.32.1")
OURS_ONLY = ("name", "start_token", "doors", "hops")
PURPOSE = 'wiring "quotes" and naïve 🦊'
QUESTION = "a question"

# Pids of the story that no machine has, so that nobody alive is taken for a peer of it.
GONE = {"19245": "9919245", "19264": "9919264", "19284": "9919284", "19306": "9919306"}


def moment(version: str, number: int) -> Path:
    (folder,) = (GOLDEN / version).glob(f"{number}-*")
    return folder


def lay(version: str, number: int, home: Path) -> Path:
    """Put the state folder of one moment where it belongs, its processes surely dead."""
    state = home / ".oxtail"
    shutil.copytree(moment(version, number), state)
    for path in [p for p in state.rglob("*") if p.is_file()]:
        text = path.read_text(encoding="utf-8")
        for old, new in GONE.items():
            text = text.replace(f'"server_pid": {old}', f'"server_pid": {new}')
            text = text.replace(f'"target_server_pid":{old}', f'"target_server_pid":{new}')
        path.unlink()
        stem, dot, rest = path.name.partition(".")
        target = path.with_name(GONE.get(stem, stem) + dot + rest)
        target.write_text(text, encoding="utf-8")
        target.chmod(0o644)
    return state


def answer(version: str, number: int) -> dict[str, Any]:
    (path,) = moment(version, number).glob("answer-of-*")
    return json.loads(path.read_text(encoding="utf-8"))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def box_of(state: Path, session_id: str) -> Path:
    (path,) = (state / "mailboxes").glob(f"s-{session_id}-????????.jsonl")
    return path


def shown(state: Path, count: int) -> list[Path]:
    """Return the receipts, which are written once the answer is out."""

    def receipts() -> list[Path]:
        return [path for path in (state / "receipts").glob("*") if len(path.name) == 16]

    until(lambda: len(receipts()) == count)
    return receipts()


@pytest.fixture
def start(home: Path) -> Iterator[Any]:
    """Start our server for one of the two peers, in the same project."""
    project = home / "proj"
    project.mkdir()
    with ExitStack() as stack:

        def server(session_id: str) -> ServerProcess:
            process = stack.enter_context(ServerProcess(home, cwd=project))
            process.handshake("claude-code" if session_id == ALICE else "codex-mcp-client")
            claimed = process.call("claim_session", session_id=session_id)
            assert claimed["ok"], claimed
            return process

        yield server


@pytest.mark.parametrize("version", VERSIONS)
def test_mail_that_waits_is_read_as_the_original_read_it(version, home, start):
    state = lay(version, 2, home)
    ledger = next((moment(version, 2) / "received").iterdir())

    bob = start(BOB)

    result = bob.call("read_my_messages")

    assert list(result.items()) == list(answer(version, 4).items())
    assert (state / "received" / ledger.name).read_bytes() == ledger.read_bytes()
    assert bob.call("read_my_messages")["count"] == 0
    for receipt in shown(state, len(result["messages"])):
        record = json.loads(receipt.read_text())
        golden = next((moment("v0.32.1", 4) / "receipts").iterdir())
        assert list(record) == list(json.loads(golden.read_text()))
        assert record["via"] == "read_my_messages"


@pytest.mark.parametrize("version", VERSIONS)
def test_what_was_read_is_not_read_again(version, home, start):
    lay(version, 4, home)

    assert start(BOB).call("read_my_messages")["count"] == 0


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("number", [2, 3, 4])
def test_the_question_is_answered_by_its_id_at_each_moment(version, number, home, start):
    state = lay(version, number, home)
    alice, bob = start(ALICE), start(BOB)
    question = next(m for m in answer(version, 4)["messages"] if m["body"] == QUESTION)

    result = bob.call("reply_to_message", message_id=question["id"], body="late answer")

    golden = answer(version, 5)
    ours = {k: v for k, v in result.items() if not k.startswith("wake_")}
    assert list(ours) == [key for key in golden if not key.startswith("wake_")]
    assert (result["correlation"], result["target_session_id"]) == ("correlated", ALICE)
    (written,) = lines(box_of(state, ALICE))
    line = {name: value for name, value in written.items() if name not in OURS_ONLY}
    (original,) = lines(
        next(
            p
            for p in (moment(version, 5) / "mailboxes").iterdir()
            if p.read_text() and "late answer" in p.read_text()
        )
    )
    assert list(line) == list(original)
    changing = ("id", "enqueued_at")
    assert {k: v for k, v in line.items() if k not in changing} == {
        k: v for k, v in original.items() if k not in changing
    }
    if version == "v0.32.1" and number == 3:
        assert result["wake_reason"] == "late_reply_to_pending"
    if number >= 3:
        assert not list((state / "pending-ask").glob("*"))
    assert [m["body"] for m in alice.call("read_my_messages")["messages"]] == ["late answer"]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_answer_that_waits_reaches_its_asker(version, home, start):
    lay(version, 5, home)

    (message,) = start(ALICE).call("read_my_messages")["messages"]

    assert (message["body"], message["from_session_id"]) == ("late answer", BOB)


@pytest.mark.parametrize("number", [6, 7])
def test_work_of_the_original_is_shown_and_kept(number, home, start):
    state = lay("v0.32.1", number, home)
    before = {p.name: p.read_bytes() for p in (state / "received").iterdir()}
    bob = start(BOB)

    messages = bob.call("read_my_messages")["messages"]

    waiting = lines(next((moment("v0.32.1", number) / "mailboxes").glob(f"s-{BOB}-*")))
    assert messages == waiting
    assert {p.name: p.read_bytes() for p in (state / "received").iterdir()} == before


def ids_of_work() -> tuple[str, str]:
    first, second = (each["message_id"] for each in answers(6))
    return first, second


def answers(number: int) -> list[dict[str, Any]]:
    return json.loads((moment("v0.32.1", number) / "answers.json").read_text(encoding="utf-8"))


def timeless(path: Path) -> list[Any]:
    """Return the lines of a ledger or a box, members in order, without the times of this run."""
    text = re.sub(r'"(at|enqueued_at)":\d+', r'"\1":0', path.read_text(encoding="utf-8"))
    return [json.loads(line, object_pairs_hook=list) for line in text.split("\n") if line]


def without_waking(result: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return an answer without what the doors of a machine decide; a reason is no door's."""
    return [(k, v) for k, v in result.items() if k not in ("wake_status", "hint")]


def test_work_of_the_original_is_listed(home, start):
    lay("v0.32.1", 6, home)

    listed = start(BOB).call("my_open_work")

    assert [item["message_id"] for item in listed["open"]] == list(ids_of_work())
    assert [item["body"] for item in listed["open"]] == ["please do", "please do too"]
    assert {item["state"] for item in listed["open"]} == {"open"}


def test_work_that_the_original_closed_is_closed(home, start):
    lay("v0.32.1", 7, home)
    bob = start(BOB)

    assert bob.call("my_open_work")["count"] == 0
    for message_id, state in zip(ids_of_work(), ("done", "blocked"), strict=True):
        again = bob.call("complete_work", message_id=message_id, body="once more")
        assert (again["obligation_state"], again["already_closed"]) == (state, True)


@pytest.mark.parametrize("asker_runs", [True, False])
def test_work_of_the_original_is_closed_as_the_original_closed_it(home, start, asker_runs):
    state, after = lay("v0.32.1", 6, home), moment("v0.32.1", 7)
    first, second = ids_of_work()
    alice = start(ALICE) if asker_runs else None
    bob = start(BOB)

    done = bob.call("complete_work", message_id=first, body="done: 42")
    blocked = bob.call("block_work", message_id=second, reason="no key")

    if alice:
        assert [without_waking(each) for each in (done, blocked)] == [
            without_waking(each) for each in answers(7)
        ]
    ledgers = sorted(path.name for path in (after / "received").iterdir())
    for name in ledgers:
        assert timeless(state / "received" / name) == timeless(after / "received" / name)
    assert timeless(box_of(state, ALICE)) == timeless(box_of(after, ALICE))
    assert not list((state / "pending-ask").glob("*"))
    assert not list((state / "work").glob("*"))
    for name in ("79c5557fc385ab19", "1cb81f842dbecd72"):
        ours, theirs = (
            json.loads((folder / "outbox" / name).read_text()) for folder in (state, after)
        )
        assert list(ours) == list(theirs)
    results = (alice or start(ALICE)).call("read_my_messages")["messages"]
    assert [m["body"] for m in results] == ["late answer", "done: 42", "[blocked] no key"]


def test_work_that_is_delegated_has_the_records_of_the_original(home, start):
    state = home / ".oxtail"
    alice, bob = start(ALICE), start(BOB)

    ours = [
        alice.call("send_message", target=BOB, body="please do", action_required=True, wake="off"),
        alice.call("send_message", target=BOB, body="please do too", action_required=True),
    ]

    before = moment("v0.32.1", 6)
    assert [[name for name, _ in without_waking(each)] for each in ours] == [
        [name for name, _ in without_waking(each)] for each in answers(6)
    ]
    hash_of_bob = "b454f82c5857ebabf342b7258e5cf7de.jsonl"
    mine = record(state, f"received/{hash_of_bob}", home)
    theirs = record(before, f"received/{hash_of_bob}", Path("/none"))
    assert mine == [each for each in theirs if ("action_required", True) in each]
    assert record(state, f"mailboxes/s-{BOB}-*.jsonl", home) == mine
    pending = record(state, "pending-ask/p-*", home)
    assert pending == record(before, "pending-ask/p-*", Path("/none"))
    assert [m["action_required"] for m in bob.call("read_my_messages")["messages"]] == [True, True]


def shape(text: str, home: Path) -> str:
    """Return *text* without what differs from run to run."""
    text = re.sub(r'"(server_pid|target_server_pid|pid)":( ?)\d+', r'"\1":\2 0', text)
    at = r'"(started_at|updated_at|enqueued_at|delivered_at|claimed_at|at|ownerEpoch)":( ?)\d+'
    text = re.sub(at, r'"\1":\2 0', text)
    text = re.sub(
        r'"(id|message_id|request_id|requestId|messageId|reply_to|source_message_id)":'
        r'("?)[0-9a-f]{16}"',
        r'"\1":\2x"',
        text,
    )
    text = re.sub(r'"(proc_sig|sig)":( ?)"[^"]+"', r'"\1":\2"x"', text)
    text = re.sub(r'"transcript_path":( ?)"[^"]+"', r'"transcript_path":\1"x"', text)
    return text.replace(str(home / "proj"), "/home/u/proj")


def record(folder: Path, pattern: str, home: Path) -> list[list[tuple[str, Any]]]:
    """Return the records of the files that *pattern* names, their members in order."""
    found = []
    for path in sorted(folder.glob(pattern)):
        for text in shape(path.read_text(encoding="utf-8"), home).split("\n\n"):
            pieces = text.split("\n") if text.count("\n{") or path.suffix == ".jsonl" else [text]
            found += [json.loads(piece, object_pairs_hook=list) for piece in pieces if piece]
    return sorted(found, key=json.dumps)


def without_ours(record: list[list[Any]]) -> list[list[Any]]:
    """Return a record as the original would write it."""
    return json.loads(json.dumps([member for member in record if member[0] not in OURS_ONLY]))


def until_filed(state: Path, count: int) -> None:
    """Wait until senders' records have their files, which a server makes when it rests."""
    until(lambda: len(list((state / "outbox").glob("?" * 16))) >= count)


def test_the_same_story_leaves_the_same_folder(home, start):
    state = home / ".oxtail"
    alice, bob = start(ALICE), start(BOB)

    def same(number: int, *patterns: str) -> None:
        for pattern in patterns:
            theirs = record(moment("v0.32.1", number), pattern, Path("/none"))
            theirs = json.loads(json.dumps(theirs))
            if pattern == "outbox/*":
                until_filed(state, len(theirs))
            mine = [without_ours(each) for each in record(state, pattern, home)]
            if pattern.startswith("claims"):
                # The processes above a server are the machine's, not the protocol's.
                for claim in (*mine, *theirs):
                    claim[:] = [m for m in claim if m[0] != "ancestors"]
            assert mine == theirs, (number, pattern)

    alice.call("set_my_state", purpose=PURPOSE)
    same(1, "sessions/*.json", "claims/*.json")

    sent = [m["body"] for m in answer("v0.32.1", 4)["messages"] if m["body"] != QUESTION]
    for body in sent:
        alice.call("send_message", target=BOB, body=body, wake="off")
    asked = alice.call("ask_peer", target=BOB, body=QUESTION, timeout_ms=900)
    assert asked["timed_out"]
    same(3, "mailboxes/s-*.jsonl", "received/*.jsonl", "outbox/*", "pending-ask/p-*")

    read = bob.call("read_my_messages")
    shown(state, len(read["messages"]))
    same(4, "mailboxes/s-*.jsonl", "received/*.jsonl", "receipts/*", "pending-ask/p-*")

    question = next(m for m in read["messages"] if m["body"] == QUESTION)
    bob.call("reply_to_message", message_id=question["id"], body="late answer", wake="off")
    same(5, "mailboxes/s-*.jsonl", "received/*.jsonl", "outbox/*", "pending-ask/p-*")
