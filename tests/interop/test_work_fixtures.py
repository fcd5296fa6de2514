"""Work of npm peers, from files written by the specification: listed, closed, and left readable."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from helpers.fakes import FakeTrace
from oxtail.core.names import completion_id, hash32
from oxtail.core.work import Closing, State
from oxtail.disk.atomic import Disk
from oxtail.store.files.locks import Locks
from oxtail.store.files.work import FileWork

FIXTURE = Path(__file__).parent / "fixtures" / "v0.32.1"
OWNER = "019e9e9b-765c-7e21-abd5-a0b649473c42"
REQUESTER = "3b0e2c1e-7d7a-4c55-9a42-0c4b7f0f9d11"
OPEN, CLOSED = "00000000000000ac", "00000000000000ad"


@pytest.fixture
def state(home: Path) -> Path:
    state = home / ".oxtail"
    shutil.copytree(FIXTURE, state)
    return state


@pytest.fixture
def work(state: Path) -> FileWork:
    disk = Disk(str(state), fsync=False)
    return FileWork(disk, Locks(disk, 2.0, FakeTrace()))


def test_open_work_is_listed_and_closed_work_is_known(work: FileWork) -> None:
    (owed,) = work.open_of((OWNER,))
    assert (owed.message.id, owed.message.from_session_id) == (OPEN, REQUESTER)

    done = work.find((OWNER,), CLOSED)
    assert done is not None
    assert (done.state, done.closed_at, done.note) == (State.DONE, 1_780_000_100, "done")
    assert completion_id(OPEN) == "8095d1cfacf2d450"


@pytest.mark.parametrize("outcome", [State.DONE, State.BLOCKED, State.DECLINED])
def test_what_is_closed_here_is_closed_by_the_rule_of_the_original(
    state: Path, work: FileWork, outcome: State
) -> None:
    path = state / "received" / f"{hash32(OWNER)}.jsonl"
    before = path.read_bytes().split(b"\n")
    closing = Closing(OWNER, OPEN, outcome, "done: 42", 1_780_000_200, requester=REQUESTER)

    assert work.begin(closing) is None
    assert work.finish(closing)

    after = path.read_bytes().split(b"\n")
    assert after[:-2] == before[:-2]
    members = json.loads(after[-2])
    assert list(members)[-2:] == ["action_required", "obligation"]
    # Done or blocked, a time in seconds, a note: more is ours, and the original ignores it.
    obligation = members["obligation"]
    assert list(obligation)[:3] == ["state", "at", "note"]
    assert obligation["state"] in ("done", "blocked")
    assert isinstance(obligation["at"], int)
    assert after[-2].startswith(before[-2][:-1])
