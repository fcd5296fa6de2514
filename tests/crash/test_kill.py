"""SIGKILL in full stream: nothing acknowledged is lost, and what repeats has the same id."""

from __future__ import annotations

import os
import random
import signal
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from crash.test_crash_sweep import ledger_ids, no_lock_is_left, open_store
from helpers.stores import BOB, BOX, TO_BOB, letter

pytestmark = pytest.mark.forks


def killed(work: Callable[[int], None], after: float) -> list[str]:
    """Run *work* in a child, kill it *after* seconds, and return the whole lines that it wrote."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            work(writer)
        finally:
            os._exit(1)
    os.close(writer)
    os.read(reader, 1)  # READY: it is in full stream from here
    time.sleep(after)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    data = b""
    while piece := os.read(reader, 65_536):
        data += piece
    os.close(reader)
    return data[: data.rfind(b"\n") + 1].decode().split()


def stream_of_sends(home: Path, prefix: int) -> Callable[[int], None]:
    def work(out: int) -> None:
        store = open_store(home, fsync=True)
        os.write(out, b"!")
        number = 0
        while True:
            number += 1
            message_id = f"{(prefix << 32) + number:016x}"
            os.write(out, f"try:{message_id}\n".encode())
            store.put(TO_BOB, letter(str(number), message_id=message_id))
            os.write(out, f"ok:{message_id}\n".encode())

    return work


@pytest.mark.parametrize("rounds", [15, pytest.param(200, marks=pytest.mark.slow)])
def test_a_killed_sender_loses_nothing_that_it_was_told_is_sent(
    tmp_path: Path, rounds: int
) -> None:
    home = tmp_path / ".oxtail"
    chance = random.Random(rounds)
    told: set[str] = set()
    shown: Counter[str] = Counter()
    for number in range(rounds):
        said = killed(stream_of_sends(home, number), chance.uniform(0, 0.02))
        done = {word[3:] for word in said if word.startswith("ok:")}
        tried = {word[4:] for word in said if word.startswith("try:")}
        told |= done
        store = open_store(home, budget_ms=1_000)
        # The sender's retry, after it was killed before it got its answer.
        for message_id in tried - done:
            store.put(
                TO_BOB, letter(str(int(message_id[8:], 16)), message_id=message_id), repeat=True
            )
            told.add(message_id)
        claim = store.claim([BOX], [m.id for m in store.peek([BOX]).messages])
        shown.update(message.id for message in claim.messages)
        for message in claim.messages:
            assert store.lookup(BOB, message.id) == message
        store.ack(claim, "cli", BOB)

    assert len(told) > rounds
    assert set(shown) == told
    assert set(shown.values()) == {1}
    assert no_lock_is_left(home)
    assert max(Counter(i for i in ledger_ids(home) if i != "torn").values()) == 1


def reading(home: Path) -> Callable[[int], None]:
    def work(out: int) -> None:
        store = open_store(home, fsync=True)
        os.write(out, b"!")
        while True:
            seen = [m.id for m in store.peek([BOX]).messages][:5]
            claim = store.claim([BOX], seen)
            for message in claim.messages:
                os.write(out, f"{message.id}\n".encode())
            store.ack(claim, "hook", BOB)

    return work


@pytest.mark.parametrize("rounds", [8, pytest.param(80, marks=pytest.mark.slow)])
def test_a_killed_reader_loses_nothing_of_twenty_that_were_queued(
    tmp_path: Path, rounds: int
) -> None:
    home = tmp_path / ".oxtail"
    chance = random.Random(rounds)
    repeated = 0
    for number in range(rounds):
        store = open_store(home, budget_ms=1_000)
        queued = [f"{(number << 32) + n:016x}" for n in range(20)]
        for message_id in queued:
            store.put(TO_BOB, letter(message_id, message_id=message_id))
        shown = Counter(killed(reading(home), chance.uniform(0, 0.015)))
        left = store.claim([BOX], [m.id for m in store.peek([BOX]).messages])
        assert left.skipped == ()
        # Unread mail keeps its order, and what was proved to be shown does not come again.
        unread = [message.id for message in left.messages]
        assert unread == sorted(unread)
        assert [i for i in unread if store.receipt(i)] == []
        shown.update(unread)
        store.ack(left, "cli", BOB)
        assert sorted(shown) == queued
        repeated += sum(count > 1 for count in shown.values())
        assert max(shown.values()) <= 2
        assert not store.has_mail(BOX)
    assert repeated <= rounds * 5
