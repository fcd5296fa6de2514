"""The facts of a wait graph: from the asks, the ledgers and the registry of one project."""

from __future__ import annotations

import pytest

from helpers.delegating import delegate
from helpers.fakes import ALICE, BOB, CAROL, World
from oxtail.app.graph import wait_graph
from oxtail.app.policy import release
from oxtail.app.send import reply, send
from oxtail.app.work import complete, reassign
from oxtail.cli.graph import text_of
from oxtail.core.correlation import Ask
from oxtail.core.policy import HOLD, Policy, Rule
from oxtail.core.waits import Kind, Orphan, Stage, Standing, Wait

DAVE = "44444444-4444-4444-8444-444444444444"
REQUEST = "00112233445566ff"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def alice(world):
    return world.context(ALICE, pid=1, name="alice")


@pytest.fixture
def bob(world):
    return world.context(BOB, pid=2, name="bob")


def ask(world: World, waiter: str, target: str, request: str = REQUEST) -> Ask:
    at_ms = int(world.clock.now() * 1000)
    return Ask(waiter, request, target, "0123456789abcdef", 0, at_ms)


def waits(ctx, **options) -> tuple[Wait, ...]:
    return wait_graph(ctx, **options).graph.waits


def test_a_question_that_is_waited_on_is_a_wait(world, alice, bob):
    world.store.open_ask(ask(world, ALICE, BOB))
    world.clock.advance(12)
    (wait,) = waits(alice)

    assert (wait.waiter, wait.target, wait.kind, wait.stage) == (
        ALICE,
        BOB,
        Kind.QUESTION,
        Stage.WAITING,
    )
    assert wait_graph(alice).as_dict()["waits"][0]["age_seconds"] == 12


def test_a_question_is_as_old_after_its_wait_has_ended(world, alice, bob):
    asked_at = int(world.clock.now())
    question = ask(world, ALICE, BOB)._replace(message_id=send(alice, BOB, "well?").message_id)
    world.store.open_ask(question)
    world.clock.advance(60)
    world.store.suspend_ask(question)

    (wait,) = waits(alice)

    assert (wait.stage, wait.since) == (Stage.PENDING, asked_at)


def test_two_that_wait_for_each_other_are_found(world, alice, bob):
    world.store.open_ask(ask(world, ALICE, BOB))
    world.store.open_ask(ask(world, BOB, ALICE, "aa"))

    assert [each.members for each in wait_graph(alice).graph.deadlocks] == [(ALICE, BOB)]


def test_delegated_work_and_its_pending_ask_are_one_wait(world, alice, bob):
    send(alice, BOB, "do it", action_required=True, deadline=int(world.clock.now()) + 60)
    (wait,) = waits(bob)
    assert (wait.waiter, wait.target, wait.kind, wait.stage) == (ALICE, BOB, Kind.WORK, Stage.OPEN)
    assert not wait.overdue

    world.clock.advance(61)
    assert [wait.target for wait in wait_graph(bob).graph.overdue] == [BOB]


def test_mutual_delegation_is_no_deadlock(world, alice, bob):
    send(alice, BOB, "do it", action_required=True)
    send(bob, ALICE, "and you do that", action_required=True)
    graph = wait_graph(alice).graph

    assert graph.deadlocks == ()
    assert [(each.kind.value, each.members) for each in graph.circles] == [("mutual", (ALICE, BOB))]


def test_work_that_was_closed_is_no_wait(world, alice, bob):
    sent = send(alice, BOB, "do it", action_required=True)
    complete(bob, sent.message_id, "done")

    assert waits(alice) == ()


def test_work_that_was_handed_on_is_a_wait_for_its_new_owner(world, alice, bob):
    carol = world.context(CAROL, pid=3)
    sent = send(alice, BOB, "do it", action_required=True)
    reassign(bob, sent.message_id, CAROL, "she knows better")
    (wait,) = waits(carol)

    assert (wait.waiter, wait.target, wait.kind) == (ALICE, CAROL, Kind.WORK)


def test_an_answered_question_is_no_wait_though_its_record_is_left(world, alice, bob):
    question = ask(world, ALICE, BOB)
    world.store.suspend_ask(question)
    send(bob, ALICE, "the answer", reply_to=REQUEST, wake="off")
    world.store.suspend_ask(question)
    assert waits(alice) == ()

    world.store.suspend_ask(question._replace(request_id="other"))
    assert [wait.request_id for wait in waits(alice)] == ["other"]


def test_an_answer_of_somebody_else_ends_no_wait(world, alice, bob):
    carol = world.context(CAROL, pid=3)
    world.store.suspend_ask(ask(world, ALICE, BOB))
    send(carol, ALICE, "not mine to answer", reply_to="something")
    world.store.suspend_ask(ask(world, ALICE, BOB, "something"))

    assert {wait.request_id for wait in waits(alice)} == {REQUEST, "something"}


def test_a_session_that_has_gone_leaves_an_orphan(world, alice, bob):
    world.store.suspend_ask(ask(world, ALICE, BOB))
    bob.session.close()
    (wait,) = waits(alice)
    assert wait.orphan is Orphan.TARGET_AWAY

    world.known.pop(BOB)
    (wait,) = waits(alice)
    assert wait.orphan is Orphan.TARGET_GONE


def test_work_of_a_requester_that_nobody_knows_is_an_orphan(world, alice, bob):
    send(alice, BOB, "do it", action_required=True)
    alice.session.close()
    world.known.pop(ALICE)
    (wait,) = waits(bob)

    assert wait.orphan is Orphan.ASKER_GONE


def test_sessions_of_other_projects_are_left_out_unless_all_are_wanted(world, alice, bob):
    world.context(CAROL, pid=3, cwd="/elsewhere", name="carol")
    world.context(DAVE, pid=4, cwd="/elsewhere")
    world.store.open_ask(ask(world, CAROL, DAVE))
    assert waits(alice) == ()
    assert wait_graph(alice).project_root == "/project"

    found = wait_graph(alice, everywhere=True)
    assert [wait.waiter for wait in found.graph.waits] == [CAROL]
    assert found.project_root is None
    assert [wait.waiter for wait in waits(alice, project_root="/elsewhere")] == [CAROL]


def test_a_wait_across_projects_is_seen_from_both_and_names_nobody_elsewhere(world, alice):
    carol = world.context(CAROL, pid=3, cwd="/elsewhere", name="carol")
    world.store.open_ask(ask(world, ALICE, CAROL))
    for ctx, shown in ((alice, "alice"), (carol, "carol")):
        graph = wait_graph(ctx).graph
        assert len(graph.waits) == 1
        assert {each.name for each in graph.sessions} == {shown, None}


def test_sessions_appear_under_the_ids_that_they_go_by_now(world, alice, bob):
    world.store.suspend_ask(ask(world, ALICE, "bob-before"))
    send(alice, BOB, "do it", action_required=True)
    world.store.open_ask(ask(world, "alice-before", BOB, "aa"))
    world.sides.lineage.record("bob-before", BOB, "clear")
    world.sides.lineage.record("alice-before", ALICE, "resume")
    graph = wait_graph(alice).graph

    assert {(wait.waiter, wait.target) for wait in graph.waits} == {(ALICE, BOB)}
    assert len(graph.waits) == 3
    assert [each.standing for each in graph.sessions] == [Standing.RUNNING] * 2


def test_work_in_the_ledger_of_an_earlier_id_is_owed_by_its_heir(world, alice, bob):
    send(alice, BOB, "do it", action_required=True)
    bob.session.close()
    world.known.pop(BOB)
    world.store.world.pending.clear()
    world.context(CAROL, pid=3)
    world.sides.lineage.record(BOB, CAROL, "clear")
    (wait,) = waits(alice)

    assert (wait.target, wait.kind, wait.orphan) == (CAROL, Kind.WORK, None)


def test_work_that_an_earlier_id_gave_is_waited_for_by_its_heir(world, alice, bob):
    send(alice, BOB, "do it", action_required=True)
    world.context(CAROL, pid=3)
    world.sides.lineage.record(ALICE, CAROL, "clear")
    (wait,) = waits(bob)

    assert (wait.waiter, wait.kind) == (CAROL, Kind.WORK)


def test_an_answer_to_an_earlier_id_ends_the_wait(world, alice, bob):
    world.store.suspend_ask(ask(world, "alice-before", BOB))
    send(bob, ALICE, "the answer", reply_to=REQUEST)
    assert len(waits(alice)) == 1
    world.sides.lineage.record("alice-before", ALICE, "clear")
    world.sides.lineage.record(ALICE, CAROL, "clear")

    assert waits(alice) == ()


def test_an_answer_under_the_next_id_ends_the_wait(world, alice, bob):
    world.store.suspend_ask(ask(world, ALICE, "bob-before"))
    send(bob, ALICE, "the answer", reply_to=REQUEST)
    world.store.suspend_ask(ask(world, ALICE, "bob-before"))
    assert len(waits(alice)) == 1

    world.sides.lineage.record("bob-before", BOB, "clear")
    assert waits(alice) == ()


def test_the_text_names_sessions_as_people_know_them(world, alice, bob):
    world.context(CAROL, pid=3, name="evil\x1b[31m\nname")
    world.store.open_ask(ask(world, ALICE, BOB))
    world.store.suspend_ask(ask(world, CAROL, BOB, "aa"))
    lines = text_of(wait_graph(alice)).split("\n")

    assert lines[0] == "/project: 2 waits"
    assert "alice (11111111)" in lines
    assert "\x1b" not in "".join(lines)
    assert [line for line in lines if line.startswith("evil")] == [
        "evil\\x1b[31m\\nname (33333333)"
    ]


def test_what_a_policy_holds_waits_for_a_person(world, alice, bob):
    bob.policies.set_session(BOB, Policy((Rule(ALICE, HOLD),)))
    due = int(world.clock.now()) + 60
    work = delegate(alice, deadline=due).message_id
    world.clock.advance(61)

    (wait,) = waits(alice)
    assert (wait.message_id, wait.kind, wait.stage) == (work, Kind.WORK, Stage.HELD)
    assert (wait.deadline, wait.overdue) == (due, True)
    result = wait_graph(alice)
    assert result.as_dict()["counts"]["held"] == 1
    assert "held: a person has to let it through" in text_of(result)

    release(bob, (BOB,))
    (wait,) = waits(alice)
    assert (wait.kind, wait.stage) == (Kind.WORK, Stage.OPEN)


def test_nothing_is_changed_by_looking(world, alice, bob):
    sent = send(alice, BOB, "hello")
    world.store.open_ask(ask(world, ALICE, BOB))
    before = (dict(world.store.world.waiting), dict(world.store.world.pending))
    wait_graph(alice)

    assert (world.store.world.waiting, world.store.world.pending) == before
    reply(bob, sent.message_id, "hello")
