"""Taking over what a session that does not come back has left."""

from __future__ import annotations

import pytest

from helpers.fakes import ALICE, BOB, CAROL, World
from oxtail.app.adopt import adopt
from oxtail.app.context import Context
from oxtail.app.read import read
from oxtail.app.send import reply, send
from oxtail.core.address import Route
from oxtail.core.correlation import Ask
from oxtail.core.entry import Known
from oxtail.core.envelope import Envelope
from oxtail.core.names import session_box
from oxtail.core.presence import Marker
from oxtail.errors import (
    BadArgument,
    CrossProject,
    HasHeir,
    NoSessionId,
    SessionRunning,
    TargetNotFound,
)


@pytest.fixture
def world() -> World:
    world = World()
    world.known[BOB] = Known(BOB, "bob", "claude-code", "/project", 1)
    return world


@pytest.fixture
def alice(world: World) -> Context:
    return world.context(ALICE, pid=1)


def shown(ctx: Context) -> list[str]:
    bodies: list[str] = []
    read(ctx, lambda result: bodies.extend(m.body for m in result.messages))
    return bodies


def test_mail_handles_questions_and_work_come_over(world: World, alice: Context) -> None:
    carol = world.context(CAROL, pid=3)
    sent = send(carol, BOB, "please do", action_required=True)
    question = Ask(BOB, "request-1", CAROL, "00000000000000aa", 1, 1)
    world.store.open_ask(question)
    world.store.suspend_ask(question)

    result = adopt(alice, BOB)

    assert result.as_dict() == {
        "schema_version": 1,
        "ok": True,
        "session_id": ALICE,
        "adopted": BOB,
        "moved": 1,
        "open_work": 1,
        "asks": 1,
    }
    assert shown(alice) == ["please do"]
    assert [owed.message.id for owed in alice.work.open_of(alice.session.ids())] == [
        sent.message_id
    ]
    assert reply(alice, sent.message_id, "done").target_session_id == CAROL
    late = send(carol, BOB, "late", reply_to="request-1")
    assert (late.target_session_id, late.wake.reason) == (ALICE, "late_reply_to_pending")


def test_what_the_orphan_had_inherited_comes_too(world: World, alice: Context) -> None:
    bob = world.context(BOB, pid=2)
    send(alice, BOB, "before the clear")
    bob.session.named_by_hook(CAROL)
    bob.session.close()

    assert adopt(alice, CAROL).moved == 1
    assert alice.session.ids() == (ALICE, CAROL, BOB)
    assert shown(alice) == ["before the clear"]


def test_to_do_it_again_is_harmless(world: World, alice: Context) -> None:
    adopt(alice, BOB)
    world.store.put_copy(session_box(BOB), Envelope("00000000000000ff", "late", 1))

    assert adopt(alice, BOB).moved == 1
    assert shown(alice) == ["late"]


def test_a_session_that_runs_is_left_alone(world: World, alice: Context) -> None:
    world.context(BOB, pid=2)

    with pytest.raises(SessionRunning) as caught:
        adopt(alice, BOB, force=True)
    assert caught.value.code == "session-running"
    assert alice.lineage.heir(BOB) == BOB


@pytest.mark.parametrize(("state", "minutes"), [("busy", 10), ("idle", 5)])
def test_one_whose_hooks_ran_a_moment_ago_seems_to_run(
    world: World, alice: Context, state: str, minutes: int
) -> None:
    world.presence.markers[BOB] = Marker(state, world.clock.now() - minutes * 60 + 1)
    with pytest.raises(SessionRunning):
        adopt(alice, BOB)

    world.clock.advance(2)
    assert adopt(alice, BOB).adopted == BOB


def test_force_does_not_wait_for_a_marker_to_age(world: World, alice: Context) -> None:
    world.presence.markers[BOB] = Marker("busy", world.clock.now())
    assert adopt(alice, BOB, force=True).adopted == BOB


def test_one_that_has_an_heir_names_it(world: World, alice: Context) -> None:
    alice.lineage.record(BOB, CAROL, "hook")

    with pytest.raises(HasHeir) as caught:
        adopt(alice, BOB, force=True)
    assert (caught.value.code, caught.value.fields["heir"]) == ("has-heir", CAROL)
    assert alice.lineage.heir(BOB) == CAROL


def test_one_that_loses_the_race_is_told_who_won(
    world: World, alice: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    lineage = alice.lineage
    lineage.heir(BOB)
    real = lineage._built.record  # type: ignore[attr-defined]

    def second(former: str, heir: str, source: str) -> bool:
        real(former, CAROL, "hook")
        return bool(real(former, heir, source))

    monkeypatch.setattr(lineage._built, "record", second)  # type: ignore[attr-defined]
    with pytest.raises(HasHeir) as caught:
        adopt(alice, BOB)
    assert caught.value.fields["heir"] == CAROL


def test_another_project_needs_force(world: World, alice: Context) -> None:
    world.known[BOB] = world.known[BOB]._replace(cwd="/elsewhere")

    with pytest.raises(CrossProject):
        adopt(alice, BOB)
    assert adopt(alice, BOB, force=True).adopted == BOB


def test_one_that_nobody_knows_must_have_left_something(world: World, alice: Context) -> None:
    for force in (False, True):
        with pytest.raises(TargetNotFound):
            adopt(alice, CAROL, force=force)
    world.store.put(Route(session_box(CAROL), CAROL, None), Envelope("00000000000000ff", "hi", 1))
    with pytest.raises(TargetNotFound):
        adopt(alice, CAROL)
    assert adopt(alice, CAROL, force=True).moved == 1


def test_whoever_acts_for_an_old_id_adopts_for_the_one_that_goes_on(
    world: World, alice: Context
) -> None:
    alice.session.named_by_hook(CAROL)
    command = world.context(ALICE, pid=9, announced=False, returns=False)

    assert adopt(command, BOB).session_id == CAROL
    assert alice.session.ids() == (CAROL, BOB, ALICE)


@pytest.mark.parametrize("bad", ["", "x" * 201, "a\nb", ALICE])
def test_what_is_no_other_session_is_refused(alice: Context, bad: str) -> None:
    with pytest.raises(BadArgument):
        adopt(alice, bad)


def test_nobody_adopts_nothing(world: World) -> None:
    with pytest.raises(NoSessionId):
        adopt(world.context(None, pid=9, announced=False), BOB)
