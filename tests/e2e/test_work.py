"""Delegated work between real servers, one of which dies at the worst moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from helpers.fakes import ALICE, BOB, FakeTrace
from helpers.waiting import until
from helpers.wire import ServerProcess
from oxtail.core.work import Closing, State
from oxtail.disk.atomic import Disk
from oxtail.store.files.locks import Locks
from oxtail.store.files.work import FileWork

pytestmark = pytest.mark.slow


@pytest.fixture
def start(home: Path) -> Iterator[Any]:
    with ExitStack() as stack:

        def server(session_id: str) -> ServerProcess:
            environ = {"CLAUDECODE": "1", "CLAUDE_CODE_SESSION_ID": session_id}
            process = stack.enter_context(ServerProcess(home, env=environ))
            process.handshake("claude-code")
            return process

        yield server


def delegate(alice: ServerProcess, **options: Any) -> dict[str, Any]:
    return alice.call("send_message", target=BOB, body="do", action_required=True, **options)


def bodies(server: ServerProcess) -> list[str]:
    return [message["body"] for message in server.call("read_my_messages")["messages"]]


def test_a_requester_that_left_finds_the_result_when_it_returns(start: Any) -> None:
    alice, bob = start(ALICE), start(BOB)
    sent = delegate(alice, due_in_s=600)
    alice.__exit__(None, None, None)

    assert bob.call("my_open_work")["open"][0]["overdue"] is False
    done = bob.call("complete_work", message_id=sent["message_id"], body="42")

    assert (done["obligation_state"], done["stored"]) == ("done", True)
    assert bodies(start(ALICE)) == ["42"]


def test_a_server_finishes_what_the_one_before_it_had_begun(home: Path, start: Any) -> None:
    alice, bob = start(ALICE), start(BOB)
    sent = delegate(alice)
    bob.process.kill()
    bob.process.wait(60)
    disk = Disk(str(home / ".oxtail"))
    work = FileWork(disk, Locks(disk, 5.0, FakeTrace()))
    owed = work.find((BOB,), sent["message_id"])
    assert owed is not None
    closing = Closing(
        BOB,
        sent["message_id"],
        State.DONE,
        "42",
        owed.message.enqueued_at,
        requester=ALICE,
        request_id=owed.message.request_id,
    )
    assert work.begin(closing) is None

    start(BOB)

    until(lambda: work.closings((BOB,)) == ())
    ended = work.find((BOB,), sent["message_id"])
    assert ended is not None
    assert ended.state is State.DONE
    assert bodies(alice) == ["42"]
