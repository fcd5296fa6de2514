"""Die at each step of holding mail, letting it through, and changing a policy.

Whatever the step: held mail is shown to nobody before it is let through, and then exactly once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crash.test_crash_sweep import Folders
from helpers.crashes import deaths
from helpers.fakes import ALICE, BOB, CAROL
from helpers.file_world import FileWorld
from oxtail.app.context import Context
from oxtail.app.policy import held, release
from oxtail.app.read import read
from oxtail.app.results import ReadResult
from oxtail.app.rules import set_rule
from oxtail.app.send import send
from oxtail.core.address import Route
from oxtail.core.envelope import Envelope
from oxtail.core.governor import Passed
from oxtail.core.names import session_box
from oxtail.core.policy import Policy, Rule

pytestmark = [pytest.mark.slow, pytest.mark.forks]

OLD_MAIL = Envelope("00000000000000aa", "from Carol", 1_800_000_000, from_session_id=CAROL)
HELD = Policy((Rule("*", "hold"),))

Start = Callable[[], None]


def inbox(ctx: Context) -> list[str]:
    shown: list[ReadResult] = []
    read(ctx, shown.append)
    return [message.body for message in shown[0].messages]


def waiting(ctx: Context) -> list[str]:
    return [each.message.body for each in held(ctx, (BOB,))]


def ledger(ctx: Context) -> list[str]:
    found = (*ctx.store.latest_from(BOB, ALICE, 0), *ctx.store.latest_from(BOB, CAROL, 0))
    return sorted(message.body for message in found)


def with_a_rule(home: Path) -> None:
    set_rule(FileWorld(home).bob, "*", "hold")


def test_a_message_that_is_held(tmp_path: Path) -> None:
    folders = Folders(tmp_path, with_a_rule)

    def act(home: Path) -> None:
        assert send(FileWorld(home).alice, BOB, "hello there", idempotency_key="k").held

    def work(home: Path, start: Start) -> None:
        world = FileWorld(home, fsync=True)
        start()
        send(world.alice, BOB, "hello there", idempotency_key="k")

    for home, where in deaths(folders, work):
        act(home)
        bob = FileWorld(home).bob
        assert waiting(bob) == ["hello there"], where
        assert inbox(bob) == ledger(bob) == [], where
    assert folders.count > 10


def test_mail_that_is_held_back(tmp_path: Path) -> None:
    def prepare(home: Path) -> None:
        world = FileWorld(home)
        world.store.put(Route(session_box(BOB), BOB, 2), OLD_MAIL)
        with_a_rule(home)

    folders = Folders(tmp_path, prepare)

    def work(home: Path, start: Start) -> None:
        world = FileWorld(home, fsync=True)
        start()
        assert inbox(world.bob) == []

    for home, where in deaths(folders, work):
        bob = FileWorld(home).bob
        assert inbox(bob) == [], where
        assert waiting(bob) == ["from Carol"], where
        assert not bob.store.has_mail(session_box(BOB)), where
    assert folders.count > 20


def test_held_mail_that_is_let_through(tmp_path: Path) -> None:
    def prepare(home: Path) -> None:
        with_a_rule(home)
        world = FileWorld(home)
        world.store.put(Route(session_box(BOB), BOB, 2), OLD_MAIL)
        assert inbox(world.bob) == []
        assert len(waiting(world.bob)) == 1

    folders = Folders(tmp_path, prepare)

    def work(home: Path, start: Start) -> None:
        world = FileWorld(home, fsync=True)
        start()
        release(world.bob, (BOB,))

    for number, (home, where) in enumerate(deaths(folders, work)):
        bob = FileWorld(home).bob
        early = inbox(bob) if number % 2 else []
        release(bob, (BOB,))
        assert early + inbox(bob) == ["from Carol"], where
        assert waiting(bob) == inbox(bob) == [], where
        assert ledger(bob) == ["from Carol"], where
    assert folders.count > 30


@pytest.mark.parametrize("after", [Policy((Rule(ALICE, "refuse"),)), Policy()])
def test_a_policy_that_changes(tmp_path: Path, after: Policy) -> None:
    folders = Folders(tmp_path, with_a_rule)

    def work(home: Path, start: Start) -> None:
        world = FileWorld(home, fsync=True)
        start()
        world.bob.policies.set_session(BOB, after)

    for home, where in deaths(folders, work):
        world = FileWorld(home)
        assert world.bob.policies.of_session(BOB) in (HELD, after), where
        assert not (home / "damaged").exists(), where
        world.bob.policies.set_session(BOB, after)
        assert world.bob.policies.of_session(BOB) == after, where
    assert folders.count > 1


def test_traffic_that_is_noted(tmp_path: Path) -> None:
    def prepare(home: Path) -> None:
        FileWorld(home).alice.traffic.note(ALICE, BOB, Passed(1, False))

    folders = Folders(tmp_path, prepare)

    def work(home: Path, start: Start) -> None:
        traffic = FileWorld(home).alice.traffic
        start()
        traffic.note(ALICE, BOB, Passed(2, False))

    for home, where in deaths(folders, work):
        traffic = FileWorld(home).alice.traffic
        traffic.note(ALICE, BOB, Passed(3, False))
        for found in (traffic.between(ALICE, BOB, 9), traffic.of(ALICE, 9)):
            assert found[-1].at_ms == 3, where
            assert {found[place].at_ms for place in range(len(found))} <= {1, 2, 3}, where
    assert folders.count > 4
