"""One message to several peers: each gets its own, and what fails for one stops no other."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.fakes import ALICE, BOB, CAROL, World
from oxtail.app.context import Context
from oxtail.app.group import GROUP_MAX, GroupResult, is_group, send_many
from oxtail.app.read import read
from oxtail.app.results import ReadResult
from oxtail.app.rules import set_rule
from oxtail.errors import BadArgument, NoSessionId, StoreError, TargetNotFound


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def alice(world: World) -> Context:
    return world.context(ALICE, pid=1)


@pytest.fixture
def bob(world: World) -> Context:
    return world.context(BOB, pid=2, name="reviewer")


@pytest.fixture
def carol(world: World) -> Context:
    return world.context(CAROL, pid=3)


def inbox(ctx: Context) -> list[str]:
    shown: list[ReadResult] = []
    read(ctx, shown.append)
    return [message.body for message in shown[0].messages]


def codes(result: GroupResult) -> dict[str, Any]:
    return {row["target"]: row.get("error", row["ok"]) for row in result.as_dict()["results"]}


def test_each_target_gets_a_message_of_its_own(
    alice: Context, bob: Context, carol: Context
) -> None:
    result = send_many(alice, ["reviewer", CAROL], "news for both")

    members = result.as_dict()
    assert list(members) == ["schema_version", "ok", "results"]
    assert members["ok"] is True
    assert [list(row)[:3] for row in members["results"]] == [["target", "ok", "message_id"]] * 2
    assert [row["target"] for row in members["results"]] == ["reviewer", CAROL]
    assert [row["target_session_id"] for row in members["results"]] == [BOB, CAROL]
    assert len({row["message_id"] for row in members["results"]}) == 2
    assert inbox(bob) == inbox(carol) == ["news for both"]


def test_the_dead_the_foreign_oneself_and_the_unwilling_fail_in_their_rows(
    world: World, alice: Context, bob: Context, carol: Context
) -> None:
    world.context("foreign", pid=4, cwd="/elsewhere")
    world.context("twin-1", pid=5, name="twin")
    world.context("twin-2", pid=6, name="twin")
    set_rule(carol, "*", "refuse")
    targets = ["nobody", ALICE, "foreign", "twin", CAROL, BOB]

    result = send_many(alice, targets, "news for all")

    assert result.ok
    assert codes(result) == {
        "nobody": "target-not-found",
        ALICE: "self-send",
        "foreign": "cross-project",
        "twin": "ambiguous-target",
        CAROL: "refused",
        BOB: True,
    }
    assert result.as_dict()["results"][3]["candidates"] == ["twin-1", "twin-2"]
    assert inbox(bob) == ["news for all"]


def test_it_fails_as_a_whole_only_if_nobody_got_it(alice: Context) -> None:
    result = send_many(alice, ["nobody", ALICE], "news for all")

    assert result.as_dict()["ok"] is False
    assert not any(row.ok for row in result.rows)


def test_a_session_that_is_named_twice_gets_it_once(alice: Context, bob: Context) -> None:
    result = send_many(alice, [BOB, "reviewer", BOB], "news")

    assert inbox(bob) == ["news"]
    first, second, third = result.as_dict()["results"]
    assert first["message_id"] == second["message_id"] == third["message_id"]
    assert (second["target"], second["same_as"], third["same_as"]) == ("reviewer", BOB, BOB)


def test_a_session_that_returns_later_gets_it_too(alice: Context, bob: Context) -> None:
    bob.session.close()

    (row,) = send_many(alice, [BOB], "news").as_dict()["results"]

    assert row["stored"] is True


def test_all_is_every_other_running_session_of_the_project(
    world: World, alice: Context, bob: Context, carol: Context
) -> None:
    foreign = world.context("foreign", pid=4, cwd="/elsewhere")
    nameless = world.context(None, pid=5, name="nameless")
    world.context(None, pid=6)
    carol.session.close()

    result = send_many(alice, "all", "news for all")

    assert codes(result) == {
        BOB: True,
        "nameless": True,
        "process 6": "peer-has-no-session-id",
    }
    assert inbox(bob) == inbox(nameless) == ["news for all"]
    assert inbox(foreign) == inbox(alice) == []


def test_a_peer_named_all_is_addressed_by_its_id(world: World, alice: Context) -> None:
    tricky = world.context("tricky", pid=4, name="all")

    assert codes(send_many(alice, ["all"], "to the one of that name")) == {"all": True}
    assert is_group("all")
    assert not is_group("tricky")
    assert is_group(["tricky"])
    assert inbox(tricky) == ["to the one of that name"]


def test_all_without_anybody_is_nobody(alice: Context) -> None:
    with pytest.raises(TargetNotFound):
        send_many(alice, "all", "news for all")


@pytest.mark.parametrize(
    ("targets", "options", "field"),
    [
        ([], {}, "target"),
        (["x"] * (GROUP_MAX + 1), {}, "target"),
        ([BOB, ""], {}, "target"),
        ([BOB, "x" * 513], {}, "target"),
        ("reviewer", {}, "target"),
        ([BOB, CAROL], {"wake": "loudly"}, "wake"),
        ([BOB, CAROL], {"deadline": 1, "action_required": True}, "deadline"),
        ([BOB, CAROL], {"idempotency_key": "x" * 201}, "idempotency_key"),
        ([BOB, CAROL], {"idempotency_key": ""}, "idempotency_key"),
    ],
)
def test_an_argument_that_is_wrong_for_all_sends_nothing(
    alice: Context,
    bob: Context,
    carol: Context,
    targets: Any,
    options: dict[str, Any],
    field: str,
) -> None:
    with pytest.raises(BadArgument) as caught:
        send_many(alice, targets, "news", **options)

    assert caught.value.field == field
    assert inbox(bob) == inbox(carol) == []


@pytest.mark.parametrize("body", ["", "x" * 8193])
def test_a_body_that_cannot_be_sent_sends_nothing(alice: Context, bob: Context, body: str) -> None:
    with pytest.raises(BadArgument):
        send_many(alice, [BOB], body)


def test_a_retry_with_the_same_key_sends_to_those_only_that_have_it_not(
    world: World, alice: Context, bob: Context
) -> None:
    first = send_many(alice, [BOB, CAROL], "once", idempotency_key="k" * 200)
    carol = world.context(CAROL, pid=3)

    again = send_many(alice, [BOB, CAROL], "once", idempotency_key="k" * 200)

    assert codes(first) == {BOB: True, CAROL: "target-not-found"}
    assert again.rows[0].result
    assert first.rows[0].result
    assert again.rows[0].result.message_id == first.rows[0].result.message_id
    assert inbox(bob) == inbox(carol) == ["once"]


def test_a_retry_after_its_deadline_fails_only_for_those_that_have_it_not(
    world: World, alice: Context, bob: Context
) -> None:
    options: dict[str, Any] = {
        "idempotency_key": "k",
        "action_required": True,
        "deadline": int(world.clock.now()) + 60,
    }
    first = send_many(alice, [BOB, CAROL], "once", **options)
    world.context(CAROL, pid=3)
    world.clock.advance(61)

    again = send_many(alice, [CAROL, BOB], "once", **options)

    assert codes(first) == {BOB: True, CAROL: "target-not-found"}
    assert codes(again) == {CAROL: "bad-argument", BOB: True}


def test_a_deadline_that_passes_meanwhile_hides_nobody_who_has_it(
    world: World, alice: Context, bob: Context, carol: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = alice.store.put

    def slowly(*arguments: Any, **options: Any) -> None:
        put(*arguments, **options)
        world.clock.advance(61)

    monkeypatch.setattr(alice.store, "put", slowly)

    result = send_many(
        alice, [BOB, CAROL], "soon", action_required=True, deadline=int(world.clock.now()) + 60
    )

    assert codes(result) == {BOB: True, CAROL: "bad-argument"}


def test_a_key_needs_a_sender(world: World, bob: Context) -> None:
    nobody = world.context(None, pid=9)

    with pytest.raises(NoSessionId):
        send_many(nobody, [BOB], "once", idempotency_key="k")


def test_work_for_several_is_owed_by_each(alice: Context, bob: Context, carol: Context) -> None:
    result = send_many(alice, [BOB, CAROL], "do it", action_required=True)

    assert all(row["obligation_durable"] for row in result.as_dict()["results"])
    for ctx in (bob, carol):
        assert len(ctx.work.open_of(ctx.session.ids())) == 1


def test_a_disk_that_fails_for_one_stops_no_other(
    alice: Context, bob: Context, carol: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = alice.store.put

    def fail_for_bob(route: Any, *arguments: Any, **options: Any) -> None:
        if route.session_id == BOB:
            raise StoreError("no room")
        put(route, *arguments, **options)

    monkeypatch.setattr(alice.store, "put", fail_for_bob)

    assert codes(send_many(alice, [BOB, CAROL], "news")) == {BOB: "store-error", CAROL: True}


def test_the_limits_hold_for_each_of_them(world: World, bob: Context, carol: Context) -> None:
    alice = world.context(ALICE, pid=1, session_per_minute=3)

    assert codes(send_many(alice, "all", "line 1")) == {BOB: True, CAROL: True}
    assert codes(send_many(alice, "all", "line 2")) == {BOB: True, CAROL: "damped"}
