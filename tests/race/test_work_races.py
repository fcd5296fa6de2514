"""Several that close or delegate the same work at once: one of them counts."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from helpers.crowds import crowd
from helpers.delegating import delegate, inbox
from helpers.fakes import ALICE, BOB, CAROL
from helpers.file_world import FileWorld
from oxtail.app.closing import finish_closings
from oxtail.app.work import block, complete, decline, reassign
from oxtail.core.names import completion_id, reassigned_id, reassignment_note_id
from oxtail.core.work import Closing, State
from oxtail.store.files.work import FileWork

CLOSERS = (complete, block, decline)


@pytest.fixture
def folder(home: Path) -> Path:
    return home / ".oxtail"


def shown(world: FileWorld) -> list[Any]:
    return list(inbox(world.alice).messages)


def test_of_many_closers_one_wins_and_its_result_is_what_arrives(folder: Path) -> None:
    work = delegate(FileWorld(folder).alice).message_id

    def close(number: int) -> str:
        result = CLOSERS[number % 3](FileWorld(folder).bob, work, f"result {number}")
        return json.dumps([number, result.already_closed, result.state.value])

    answers = [json.loads(text) for text in crowd(9, close)]

    world = FileWorld(folder)
    finish_closings(world.bob)
    ((winner, _, state),) = [answer for answer in answers if not answer[1]]
    assert {answer[2] for answer in answers} == {state}
    (message,) = shown(world)
    assert message.id == completion_id(work)
    assert message.body.endswith(f"result {winner}")
    owed = world.bob.work.find((BOB,), work)
    assert owed is not None
    assert (owed.state.value, owed.note) == (state, message.body)
    assert world.bob.work.closings((BOB,)) == ()


def test_a_closer_whose_intent_another_one_carries_out_at_once_has_closed_the_work(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = delegate(FileWorld(folder).alice).message_id
    world, finished = FileWorld(folder), []
    create = world.disk.create

    def create_and_be_overtaken(path: str, *arguments: Any, **options: Any) -> bool:
        made = create(path, *arguments, **options)
        if os.path.dirname(path) == world.disk.layout.work:
            finished.append(finish_closings(FileWorld(folder).bob))
        return made

    monkeypatch.setattr(world.disk, "create", create_and_be_overtaken)

    result = complete(world.bob, work, "42")

    assert finished == [1]
    assert (result.already_closed, result.state.value) == (False, "done")
    assert [m.body for m in shown(FileWorld(folder))] == ["42"]


def test_closers_and_finishers_send_one_result(folder: Path) -> None:
    work = delegate(FileWorld(folder).alice).message_id

    def act(number: int) -> str:
        world = FileWorld(folder)
        if number:
            for _ in range(20):
                finish_closings(world.bob)
        else:
            complete(world.bob, work, "42")
        return ""

    crowd(6, act)

    assert [m.id for m in shown(FileWorld(folder))] == [completion_id(work)]


def test_work_is_handed_on_or_closed_and_never_both(folder: Path) -> None:
    work = delegate(FileWorld(folder).alice).message_id

    def act(number: int) -> str:
        world = FileWorld(folder)
        if number % 2:
            return reassign(world.bob, work, CAROL, "busy").state.value
        return complete(world.bob, work, "42").state.value

    states = set(crowd(6, act))

    world = FileWorld(folder)
    assert len(states) == 1
    ids = [m.id for m in shown(world)]
    if states == {"done"}:
        assert ids == [completion_id(work)]
        assert world.carol.work.open_of((CAROL,)) == ()
    else:
        assert ids == [reassignment_note_id(work)]
        assert [o.message.id for o in world.carol.work.open_of((CAROL,))] == [reassigned_id(work)]


def test_many_tries_of_one_send_leave_one_obligation(folder: Path) -> None:
    FileWorld(folder)

    sent = crowd(8, lambda _: delegate(FileWorld(folder).alice, idempotency_key="k").message_id)

    world = FileWorld(folder)
    assert len(set(sent)) == 1
    assert [o.message.id for o in world.bob.work.open_of((BOB,))] == [sent[0]]
    assert Counter(m.id for m in inbox(world.bob).messages) == {sent[0]: 1}
    assert len(world.store.pending_asks(ALICE)) == 1


def test_ledger_and_closings_stay_whole_while_mail_comes_in(folder: Path) -> None:
    world = FileWorld(folder)
    works = [delegate(world.alice, body=str(n), wake="off").message_id for n in range(6)]

    def act(number: int) -> str:
        own = FileWorld(folder)
        if number < 6:
            complete(own.bob, works[number], f"done {number}", wake="off")
        else:
            for _ in range(10):
                delegate(own.alice, body="more", wake="off")
        return ""

    crowd(9, act)

    after = FileWorld(folder)
    assert len(after.bob.work.open_of((BOB,))) == 30
    assert sorted(m.body for m in shown(after)) == [f"done {n}" for n in range(6)]
    for work in works:
        owed = after.bob.work.find((BOB,), work)
        assert owed is not None
        assert owed.state is State.DONE


def test_a_closer_that_is_overtaken_before_its_name_is_free_finds_the_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst order: the winner finishes between the look of the loser and its intent."""
    world, other = FileWorld(folder), FileWorld(folder)
    work = delegate(world.alice).message_id
    begin = FileWork.begin

    def overtaken(self: FileWork, closing: Closing) -> Closing | None:
        monkeypatch.setattr(FileWork, "begin", begin)
        complete(other.bob, work, "faster")
        return begin(self, closing)

    monkeypatch.setattr(FileWork, "begin", overtaken)

    result = block(world.bob, work, "slower")

    assert (result.state, result.already_closed) == (State.DONE, True)
    assert [m.body for m in shown(world)] == ["faster"]
    assert world.bob.work.closings((BOB,)) == ()
