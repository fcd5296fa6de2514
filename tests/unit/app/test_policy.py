"""Policies at work: what a sender is told, what is not shown, and letting mail through."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from helpers.fakes import ALICE, BOB, CAROL, World
from helpers.file_world import FileWorld
from oxtail.app import work
from oxtail.app.ask import ask
from oxtail.app.context import Context
from oxtail.app.drain import waiting_mail
from oxtail.app.held_mail import held_in_project
from oxtail.app.policy import held, release
from oxtail.app.read import read
from oxtail.app.results import AskResult, ReadResult
from oxtail.app.rules import remove_rule, rules, set_rule
from oxtail.app.send import reply, send
from oxtail.app.status import message_status
from oxtail.core.address import Route
from oxtail.core.envelope import Envelope
from oxtail.core.names import held_box, session_box
from oxtail.core.policy import Policy, Rule
from oxtail.errors import (
    BadArgument,
    MailboxFull,
    MessageNotFound,
    NoSessionId,
    Refused,
    StoreError,
)


@pytest.fixture(params=["memory", "files"])
def world(request: pytest.FixtureRequest, home: Path) -> World:
    return World() if request.param == "memory" else FileWorld(home / ".oxtail")


@pytest.fixture
def alice(world: World) -> Context:
    return world.context(ALICE, pid=1, name="builder")


@pytest.fixture
def bob(world: World) -> Context:
    return world.context(BOB, pid=2, name="reviewer")


def inbox(ctx: Context) -> list[str]:
    shown: list[ReadResult] = []
    read(ctx, shown.append)
    return [message.body for message in shown[0].messages]


def from_npm(ctx: Context, sender: str | None, body: str, **members: Any) -> str:
    """Put mail of a peer that knows no policy into the box of *ctx*."""
    message_id = ctx.ids.new_id()
    message = Envelope(message_id, body, int(ctx.clock.now()), from_session_id=sender, **members)
    assert ctx.session.id
    ctx.store.put(Route(session_box(ctx.session.id), ctx.session.id, 2), message)
    return message_id


# ---------------------------------------------------------------------- what a sender is told


@pytest.mark.parametrize("who", [ALICE, "builder", "*", "/project"])
def test_a_refused_sender_is_told_and_nothing_is_stored(
    world: World, alice: Context, bob: Context, who: str
) -> None:
    set_rule(bob, who, "refuse")

    for act in (
        lambda: send(alice, BOB, "hello there"),
        lambda: send(alice, BOB, "do it", action_required=True),
        lambda: ask(alice, BOB, "why?", lambda _: None),
    ):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.code == "refused"

    assert inbox(bob) == []
    assert bob.store.latest_from(BOB, ALICE, 0) == ()
    assert alice.store.waiting_asks(ALICE) == alice.store.pending_asks(ALICE) == ()
    assert world.waker.woken == []


def test_held_mail_is_stored_and_shown_to_nobody(
    world: World, alice: Context, bob: Context
) -> None:
    set_rule(bob, ALICE, "hold")

    sent = send(alice, BOB, "hello there", wake="auto")

    assert sent.as_dict()["held"] is True
    assert "wake_status" not in sent.as_dict()
    assert world.waker.woken == []
    assert inbox(bob) == []
    assert not bob.store.has_mail(session_box(BOB))
    assert message_status(alice, sent.message_id).status == "held"
    with pytest.raises(MessageNotFound):
        reply(bob, sent.message_id, "how do you know?")
    assert [each.message.id for each in held(bob, (BOB,))] == [sent.message_id]


def test_held_work_is_not_owed_until_it_is_let_through(alice: Context, bob: Context) -> None:
    set_rule(bob, ALICE, "hold")
    sent = send(alice, BOB, "do it", action_required=True)
    assert work.open_work(bob).items == ()

    release(bob, (BOB,))

    assert [item.owed.message.id for item in work.open_work(bob).items] == [sent.message_id]
    assert message_status(alice, sent.message_id).status == "stored"


def test_a_held_question_is_not_waited_for_and_its_answer_comes_late(
    world: World, alice: Context, bob: Context
) -> None:
    set_rule(bob, ALICE, "hold")
    results: list[AskResult] = []

    ask(alice, BOB, "why?", results.append)

    members = results[0].as_dict()
    assert (members["held"], members["timed_out"], members["reply"]) == (True, True, None)
    assert members["wake_status"] == "skipped_held"
    assert [a.request_id for a in alice.store.pending_asks(ALICE)] == [results[0].request_id]
    release(bob, (BOB,))
    assert inbox(bob) == ["why?"]
    answer = reply(bob, results[0].message_id, "because")
    assert answer.wake.reason == "late_reply_to_pending"
    assert inbox(alice) == ["because"]


def test_answers_and_the_end_of_work_are_neither_held_nor_refused(
    alice: Context, bob: Context
) -> None:
    question = from_npm(alice, BOB, "why?", request_id="r1")
    delegated = send(bob, ALICE, "do it", action_required=True)
    set_rule(bob, "*", "refuse")

    assert not reply(alice, question, "because").held
    work.complete(alice, delegated.message_id, "it is done")
    assert inbox(bob) == ["because", "it is done"]
    with pytest.raises(Refused):
        reply(alice, question, "because, I said")


def test_the_first_rule_that_matches_decides_the_sessions_before_the_projects(
    alice: Context, bob: Context
) -> None:
    set_rule(bob, "*", "refuse", project=".")
    world_root = rules(bob).project_root
    bob.policies.set_project(world_root, Policy())
    bob.policies.set_project("/project", Policy((Rule("*", "refuse"),)))
    with pytest.raises(Refused):
        send(alice, BOB, "hello there")

    set_rule(bob, "builder", "accept")

    assert not send(alice, BOB, "hello there").held


def test_a_rule_is_about_nobody_else(world: World, alice: Context, bob: Context) -> None:
    set_rule(bob, ALICE, "refuse")
    carol = world.context(CAROL, pid=3)

    send(carol, BOB, "hello there")
    send(bob, ALICE, "hello there")


def test_a_session_that_is_away_has_a_policy_too(alice: Context, bob: Context) -> None:
    set_rule(bob, ALICE, "hold")
    bob.session.close()

    assert send(alice, BOB, "for your return").held


def test_a_receiver_without_an_id_cannot_hold(world: World, alice: Context) -> None:
    nameless = world.context(None, pid=9, name="nameless")
    alice.policies.set_project("/project", Policy((Rule("*", "hold"),)))

    with pytest.raises(Refused):
        send(alice, "nameless", "hello there")
    assert inbox(nameless) == []


def test_a_policy_follows_a_session_to_its_new_id(
    world: World, alice: Context, bob: Context
) -> None:
    set_rule(bob, ALICE, "refuse")
    bob.lineage.record(BOB, "bob-after-clear", "test")
    world.context("bob-after-clear", pid=2)

    with pytest.raises(Refused):
        send(alice, "bob-after-clear", "hello there")


def test_a_retry_of_held_mail_is_held_still(alice: Context, bob: Context) -> None:
    set_rule(bob, ALICE, "hold")
    first = send(alice, BOB, "once", idempotency_key="k")

    again = send(alice, BOB, "once", idempotency_key="k")

    assert (again.message_id, again.held) == (first.message_id, True)
    assert len(held(bob, (BOB,))) == 1


def test_there_is_a_bound_of_held_mail(world: World, bob: Context) -> None:
    alice = world.context(ALICE, pid=1, stored_max_messages=3)
    set_rule(bob, ALICE, "hold")
    for number in range(3):
        send(alice, BOB, f"line {number}")

    with pytest.raises(MailboxFull) as caught:
        send(alice, BOB, "line 3")

    assert caught.value.fields["waiting"] == 3
    assert len(held(bob, (BOB,))) == 3
    release(bob, (BOB,))
    assert send(alice, BOB, "line 3").held


def test_the_human_is_told_once_of_held_mail(alice: Context, bob: Context) -> None:
    set_rule(bob, ALICE, "hold")
    for number in range(5):
        send(alice, BOB, f"line {number}")

    (notice,) = bob.notices.recent(10)
    assert (notice.kind, notice.session_id) == ("held", BOB)


# ---------------------------------------------------------------------- what is not shown


@pytest.mark.parametrize("action", ["hold", "refuse"])
def test_mail_of_a_sender_that_knows_no_policy_is_moved_before_it_is_shown(
    bob: Context, action: str
) -> None:
    set_rule(bob, CAROL, action)
    from_npm(bob, CAROL, "from Carol")
    from_npm(bob, ALICE, "from Alice")

    assert [m.body for m in waiting_mail(bob, bob.session.boxes()).messages] == ["from Alice"]
    assert [each.message.body for each in held(bob, (BOB,))] == ["from Carol"]
    assert inbox(bob) == ["from Alice"]
    assert not bob.store.has_mail(session_box(BOB)), "a shell hook must see no mail"
    assert [notice.kind for notice in bob.notices.recent(5)] == ["held"]


@pytest.mark.parametrize("who", ["carol", "/project", "*"])
def test_a_sender_is_known_by_name_and_project_too(world: World, bob: Context, who: str) -> None:
    world.context(CAROL, pid=3, name="carol")
    set_rule(bob, who, "hold")
    from_npm(bob, CAROL, "from Carol")

    assert inbox(bob) == []


def test_a_sender_that_is_gone_is_known_by_what_it_left(world: World, bob: Context) -> None:
    world.context(CAROL, pid=3, name="carol").session.close()
    set_rule(bob, "carol", "hold")
    from_npm(bob, CAROL, "from Carol")

    assert inbox(bob) == []


def test_a_rule_for_everybody_is_about_the_nameless_and_not_about_the_human(bob: Context) -> None:
    set_rule(bob, "*", "hold")
    from_npm(bob, None, "from nobody")
    from_npm(bob, None, "from the human", origin="operator", operator_source="cockpit")

    assert inbox(bob) == ["from the human"]


def test_what_was_asked_for_is_shown_whatever_the_rule(alice: Context, bob: Context) -> None:
    set_rule(bob, ALICE, "refuse")
    asked = from_npm(alice, BOB, "why?", request_id="r1")
    from_npm(bob, ALICE, "because", reply_to="r1", source_message_id=asked)
    from_npm(bob, ALICE, "and another thing", reply_to="r1", source_message_id=asked)
    from_npm(bob, ALICE, "forged", reply_to="r2", source_message_id="f" * 16)

    assert inbox(bob) == ["because"]


def test_mail_that_cannot_be_moved_is_not_shown(
    bob: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_rule(bob, CAROL, "hold")
    from_npm(bob, CAROL, "from Carol")

    def refuse(*arguments: object) -> int:
        raise StoreError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(type(bob.store), "adopt_box", refuse)
        assert inbox(bob) == []
    assert bob.store.has_mail(session_box(BOB))
    assert inbox(bob) == []
    assert not bob.store.has_mail(session_box(BOB))


def test_a_rule_that_goes_shows_what_comes_later(bob: Context) -> None:
    set_rule(bob, CAROL, "hold")
    from_npm(bob, CAROL, "before")
    assert inbox(bob) == []
    remove_rule(bob, CAROL)
    from_npm(bob, CAROL, "after")

    assert inbox(bob) == ["after"]
    assert len(held(bob, (BOB,))) == 1


# ---------------------------------------------------------------------- letting through


def test_what_is_let_through_is_shown_although_the_rule_stands(
    alice: Context, bob: Context
) -> None:
    set_rule(bob, "*", "hold")
    sent = send(alice, BOB, "hello there")
    from_npm(bob, CAROL, "from Carol")
    assert inbox(bob) == []

    released = release(bob, (BOB,))

    assert released[0].id == sent.message_id
    assert inbox(bob) == ["hello there", "from Carol"]
    assert held(bob, (BOB,)) == ()
    assert reply(bob, sent.message_id, "hello yourself").target_session_id == ALICE
    assert release(bob, (BOB,)) == ()
    assert inbox(bob) == []


@pytest.mark.parametrize("who", [ALICE, "builder"])
def test_only_mail_of_one_sender_is_let_through(alice: Context, bob: Context, who: str) -> None:
    set_rule(bob, "*", "hold")
    send(alice, BOB, "hello there")
    from_npm(bob, CAROL, "from Carol")
    inbox(bob)

    release(bob, (BOB,), who)

    assert inbox(bob) == ["hello there"]
    assert [each.message.body for each in held(bob, (BOB,))] == ["from Carol"]


def test_a_release_that_is_cut_off_in_between_repeats_nothing(
    alice: Context, bob: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_rule(bob, ALICE, "hold")
    sent = send(alice, BOB, "hello there")

    def die(*arguments: object) -> int:
        raise StoreError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(type(bob.store), "adopt_box", die)
        with pytest.raises(StoreError):
            release(bob, (BOB,))
    assert inbox(bob) == ["hello there"]
    release(bob, (BOB,))

    assert inbox(bob) == []
    assert held(bob, (BOB,)) == ()
    assert [m.id for m in bob.store.latest_from(BOB, ALICE, 0)] == [sent.message_id]


def test_held_mail_of_an_earlier_id_is_found(world: World, alice: Context, bob: Context) -> None:
    set_rule(bob, ALICE, "hold")
    sent = send(alice, BOB, "hello there")
    bob.lineage.record(BOB, "bob-after-clear", "test")
    ids = ("bob-after-clear", BOB)

    assert [each.box for each in held(bob, ids)] == [held_box(BOB)]
    assert [message.id for message in release(bob, ids)] == [sent.message_id]
    assert bob.store.has_mail(session_box("bob-after-clear"))


def test_held_mail_of_all_sessions_is_one_list_the_longest_waiting_first(
    world: World, alice: Context, bob: Context
) -> None:
    carol = world.context(CAROL, pid=3, name="carol")
    away = world.context("away", pid=4)
    foreign = world.context("foreign", pid=5, cwd="/elsewhere")
    for ctx in (bob, carol, away):
        set_rule(ctx, ALICE, "hold")
    away.session.close()
    ids = []
    for target in (CAROL, BOB, "away", BOB):
        ids.append(send(alice, target, f"for {target}").message_id)
        world.clock.advance(1)
    bob.lineage.record(BOB, "bob-after-clear", "test")

    found = held_in_project(alice, project=None, everywhere=False, who=None)

    assert [(row.session_id, row.name, [m.id for m in row.messages]) for row in found.rows] == [
        (CAROL, "carol", [ids[0]]),
        ("bob-after-clear", "reviewer", [ids[1], ids[3]]),
        ("away", None, [ids[2]]),
    ]
    assert found.as_dict()["count"] == 4
    assert not held_in_project(foreign, project=None, everywhere=False, who=None).rows
    assert len(held_in_project(foreign, project=None, everywhere=True, who=ALICE).rows) == 3
    assert not held_in_project(foreign, project=None, everywhere=True, who=CAROL).rows


# ---------------------------------------------------------------------- rules


def test_rules_are_shown_changed_and_removed(bob: Context) -> None:
    set_rule(bob, "*", "hold")
    set_rule(bob, ALICE, "accept")
    set_rule(bob, "carol", "refuse")
    assert rules(bob).session == Policy(
        (Rule(ALICE, "accept"), Rule("carol", "refuse"), Rule("*", "hold"))
    )

    set_rule(bob, ALICE, "refuse")
    assert rules(bob).session.rules[0] == Rule(ALICE, "refuse")
    for who in ("*", ALICE, "carol"):
        remove_rule(bob, who)
    assert not bob.policies.are_set()
    with pytest.raises(BadArgument):
        remove_rule(bob, ALICE)


def test_a_folder_means_its_project(bob: Context) -> None:
    assert set_rule(bob, "/else/where/deep", "hold").who == "/else"
    assert set_rule(bob, ".", "hold").who == "/" + os.getcwd().strip("/").split("/")[0]
    assert rules(bob, "/else/where").project_root == "/else"


@pytest.mark.parametrize(("who", "action"), [("", "hold"), ("a\nb", "hold"), ("x", "explode")])
def test_what_is_no_rule_is_refused_by_name(bob: Context, who: str, action: str) -> None:
    with pytest.raises(BadArgument):
        set_rule(bob, who, action)
    assert not bob.policies.are_set()


def test_there_is_a_bound_of_rules(bob: Context) -> None:
    bob.policies.set_session(BOB, Policy(tuple(Rule(f"r{n}", "hold") for n in range(200))))

    set_rule(bob, "r7", "refuse")
    with pytest.raises(BadArgument):
        set_rule(bob, "one-more", "hold")


def test_rules_need_an_owner(world: World) -> None:
    nobody = world.context(None, pid=9)

    with pytest.raises(NoSessionId):
        set_rule(nobody, ALICE, "hold")
    set_rule(nobody, ALICE, "hold", project="/project")
    assert rules(nobody, "/project").project == Policy((Rule(ALICE, "hold"),))


def test_rules_of_an_earlier_id_move_with_the_first_change(world: World, bob: Context) -> None:
    set_rule(bob, ALICE, "hold")
    set_rule(bob, "*", "refuse")
    bob.lineage.record(BOB, "bob-after-clear", "test")
    heir = world.context("bob-after-clear", pid=2)
    everybody = Rule("*", "refuse")
    assert heir.session.ids() == ("bob-after-clear", BOB)
    assert rules(heir).session == Policy((Rule(ALICE, "hold"), everybody))

    set_rule(heir, "carol", "accept")

    merged = Policy((Rule(ALICE, "hold"), Rule("carol", "accept"), everybody))
    assert heir.policies.of_session("bob-after-clear") == merged
    assert heir.policies.of_session(BOB) == Policy()
