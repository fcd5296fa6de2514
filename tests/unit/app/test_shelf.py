"""How much mail waits for a session that is not running, for how long, and who is told."""

from __future__ import annotations

import pytest

from helpers.fakes import ALICE, BOB, CAROL, World
from oxtail.app.context import Context
from oxtail.app.send import send
from oxtail.app.shelf import keep_house
from oxtail.app.status import message_status
from oxtail.core.entry import Known
from oxtail.core.names import session_box
from oxtail.errors import MailboxFull, StoreError

DAY = 86_400


@pytest.fixture
def world() -> World:
    world = World()
    world.known[BOB] = Known(BOB, "bob", "claude-code", "/project", 1)
    return world


@pytest.fixture
def alice(world: World) -> Context:
    return world.context(ALICE, pid=1, stored_max_messages=3)


def test_a_full_box_refuses_more_and_nothing_is_stored(world: World, alice: Context) -> None:
    for number in range(3):
        send(alice, BOB, f"letter {number}")

    with pytest.raises(MailboxFull) as caught:
        send(alice, "bob", "one too many", action_required=True)

    assert caught.value.code == "mailbox-full"
    assert (caught.value.fields["waiting"], caught.value.fields["target_session_id"]) == (3, BOB)
    assert len(world.store.peek([session_box(BOB)]).messages) == 3
    assert len(world.store.world.ledgers[BOB]) == 3
    assert alice.work.open_of((BOB,)) == ()


def test_the_bytes_are_bounded_as_well(world: World) -> None:
    alice = world.context(ALICE, pid=1, stored_max_bytes=10_000)
    send(alice, BOB, "x" * 8_000)
    send(alice, BOB, "x" * 8_000)

    with pytest.raises(MailboxFull):
        send(alice, BOB, "small")


def test_a_session_that_runs_has_no_such_bound(world: World, alice: Context) -> None:
    world.context(BOB, pid=2)
    for number in range(5):
        send(alice, BOB, f"letter {number}")


def test_a_retry_of_what_is_stored_is_not_refused(world: World, alice: Context) -> None:
    first = send(alice, BOB, "once", idempotency_key="k")
    send(alice, BOB, "two")
    send(alice, BOB, "three")

    again = send(alice, BOB, "once", idempotency_key="k")

    assert (again.message_id, again.repeated) == (first.message_id, True)


def test_expired_mail_is_told_to_the_sender_and_to_the_human_once(
    world: World, alice: Context
) -> None:
    result = send(alice, BOB, "nobody came")
    world.clock.advance(31 * DAY)
    young = send(alice, BOB, "still young")

    keep_house(alice)
    keep_house(alice)

    assert message_status(alice, result.message_id).status == "expired"
    assert message_status(alice, young.message_id).status == "stored"
    (notice,) = alice.notices.recent(10)
    assert (notice.kind, notice.session_id) == ("expired", BOB)
    assert f"1 message for {BOB} expired unread after 30 days" in notice.text
    assert world.trace.named("mail_expired")


def test_mail_of_a_session_that_runs_stays_under_all_its_ids(world: World, alice: Context) -> None:
    bob = world.context(BOB, pid=2)
    send(alice, BOB, "old")
    bob.session.named_by_hook(CAROL)
    world.clock.advance(31 * DAY)

    keep_house(alice)

    assert [m.body for m in world.store.peek(bob.session.boxes()).messages] == ["old"]
    assert alice.notices.recent(10) == ()


def test_the_age_is_a_setting(world: World) -> None:
    alice = world.context(ALICE, pid=1, stored_max_age_s=60)
    result = send(alice, BOB, "short-lived")
    world.clock.advance(61)

    keep_house(alice)

    assert message_status(alice, result.message_id).status == "expired"


def test_a_disk_that_refuses_ends_nothing(
    world: World, alice: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("no space")

    alice.shelf.load(session_box(BOB))
    monkeypatch.setattr(alice.shelf, "expire", refuse)

    keep_house(alice)

    assert world.trace.named("housekeeping_failed")
