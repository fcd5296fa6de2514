"""A session of another host that is cleared: its earlier ids lead to it, as on one host."""

from __future__ import annotations

import threading

import pytest

from helpers.delegating import inbox
from helpers.fakes import ALICE, BOB, CAROL
from helpers.hosts import Between, MemoryHost
from helpers.waiting import until
from oxtail.app.ask import ask
from oxtail.app.context import Context
from oxtail.app.fleet import Collector
from oxtail.app.graph import wait_graph
from oxtail.app.peers import list_peers
from oxtail.app.results import AskResult
from oxtail.app.send import reply, send
from oxtail.app.work import complete, open_work, reassign
from oxtail.core.names import held_box
from oxtail.core.neighbors import choose
from oxtail.core.policy import HOLD, REFUSE, Policy, Rule
from oxtail.core.remote import FORMER_BYTES, FORMER_SAID
from oxtail.core.waits import Orphan
from oxtail.errors import CrossProject, SelfSend, TargetNotFound

DAVE = "44444444-4444-4444-8444-444444444444"


class Two:
    """Alice on one host; Bob on another, who is cleared and is Dave then."""

    def __init__(self) -> None:
        self.here, self.there = MemoryHost("a"), MemoryHost("b")
        self.alice: Context = self.here.session(ALICE, name="alice")
        self.bob: Context = self.there.session(BOB, name="bob")
        self.between = Between(self.here, self.there)

    def clear(self, session_id: str = DAVE) -> None:
        self.bob.session.named_by_hook(session_id)
        self.between.meet()

    def question(self) -> tuple[str, str]:
        """Let Alice ask Bob and stop waiting; return the message and the request."""
        sent = send(self.alice, BOB, "ready?", action_required=True)
        self.between.carry()
        (waits,) = self.here.world.store.pending_asks(ALICE)
        return sent.message_id, waits.request_id


@pytest.fixture
def two() -> Two:
    return Two()


def rows(ctx: Context) -> dict[str | None, bool]:
    return {row.client_session_id: row.is_seen for row in list_peers(ctx).rows if row.host}


def test_the_earlier_id_is_a_target_and_no_peer_of_its_own(two: Two) -> None:
    two.clear()
    assert rows(two.alice) == {DAVE: True}
    assert send(two.alice, BOB, "hello").target_session_id == DAVE
    assert send(two.alice, "bob", "again").target_session_id == DAVE
    two.between.carry()
    assert [m.body for m in inbox(two.bob).messages] == ["hello", "again"]


def test_earlier_ids_of_one_that_has_ended_lead_to_it_too(two: Two) -> None:
    two.clear()
    two.bob.session.close()
    two.between.meet()
    assert rows(two.alice) == {DAVE: False}
    assert send(two.alice, BOB, "hello").target_session_id == DAVE


def test_only_the_youngest_earlier_ids_are_said_and_the_others_stay_sessions(two: Two) -> None:
    ids = [f"id-{number}" for number in range(FORMER_SAID + 2)]
    for session_id in ids:
        two.bob.session.named_by_hook(session_id)
    (said, *others) = two.there.open().describe().sessions
    assert (said.session_id, said.former) == (ids[-1], tuple(reversed(ids[1:-1])))
    assert {(each.session_id, each.is_live) for each in others} == {(BOB, False), (ids[0], False)}


def test_of_long_earlier_ids_fewer_are_said(two: Two) -> None:
    """What a host says must fit into what a server takes, whatever its sessions are called."""
    for number in range(FORMER_SAID):
        two.bob.session.named_by_hook(f"{number:0200}")
    (said, *others) = two.there.open().describe().sessions
    assert 0 < sum(map(len, said.former)) <= FORMER_BYTES
    assert said.former[0] == f"{FORMER_SAID - 2:0200}"
    assert len(said.former) + len(others) == FORMER_SAID


def test_a_fork_that_runs_under_an_earlier_id_is_a_session(two: Two) -> None:
    two.clear()
    two.there.world.context(BOB, pid=300, name="fork", returns=False)
    said = {each.session_id: each.former for each in two.there.open().describe().sessions}
    assert said == {DAVE: (), BOB: ()}


@pytest.mark.parametrize("project", [None, "0" * 32])
def test_an_earlier_id_of_another_project_is_refused_as_its_session_is(
    two: Two, project: str | None
) -> None:
    two.clear()
    with pytest.raises(CrossProject):
        choose(BOB, two.alice.hosts.neighbors(), project)


def test_an_answer_under_a_new_id_ends_the_wait(two: Two) -> None:
    results: list[AskResult] = []
    asking = threading.Thread(
        target=ask, args=(two.alice, BOB, "ready?", results.append), daemon=True
    )
    asking.start()
    until(lambda: two.here.world.store.has_mail("x-" + "b" * 16))
    two.between.carry()
    (question,) = inbox(two.bob).messages
    two.clear()
    reply(two.bob, question.id, "yes")
    two.between.carry()
    asking.join(60)
    (result,) = results
    assert result.reply is not None
    assert (result.reply.from_session_id, result.correlation) == (DAVE, "correlated")


def test_mail_that_was_sent_under_an_earlier_id_is_believed(two: Two) -> None:
    send(two.bob, ALICE, "from before")
    two.clear()
    two.between.carry()
    assert [m.body for m in inbox(two.alice).messages] == ["from before"]


def test_an_answer_reaches_the_new_id_of_its_asker(two: Two) -> None:
    send(two.bob, ALICE, "ready?", action_required=True)
    two.between.carry()
    two.clear()
    (work,) = open_work(two.alice).items
    assert complete(two.alice, work.owed.message.id, "42").requester == BOB
    two.between.carry()
    assert [m.body for m in inbox(two.bob).messages] == ["42"]
    assert two.there.world.store.pending_asks(BOB) == ()


@pytest.mark.parametrize("action", [HOLD, REFUSE])
def test_what_is_owed_passes_a_policy_under_a_new_id(two: Two, action: str) -> None:
    work, request = two.question()
    two.alice.policies.set_session(ALICE, Policy((Rule("*", action),)))
    two.clear()
    complete(two.bob, work, "42")
    two.between.carry()
    (answer,) = inbox(two.alice).messages
    assert (answer.body, answer.reply_to) == ("42", request)


@pytest.mark.parametrize("where", ["arriving", "reading"])
def test_a_rule_about_an_earlier_id_holds_for_the_session(two: Two, where: str) -> None:
    two.clear()
    policy = Policy((Rule(BOB, HOLD),))
    if where == "arriving":
        two.alice.policies.set_session(ALICE, policy)
    send(two.bob, ALICE, "psst")
    two.between.carry()
    is_held = two.here.world.store.has_mail(held_box(ALICE))
    assert is_held is (where == "arriving")
    two.alice.policies.set_session(ALICE, policy)
    assert inbox(two.alice).messages == ()


def test_work_is_handed_on_under_a_new_id(two: Two) -> None:
    work, _ = two.question()
    third = MemoryHost("c")
    carol = third.session(CAROL, name="carol")
    two.between.hosts = (*two.between.hosts, third)
    two.clear()
    reassign(two.bob, work, CAROL, "no time")
    two.between.carry()
    (item,) = open_work(carol).items
    assert item.owed.message.from_session_id == ALICE


def test_work_does_not_go_back_to_its_requester_under_a_new_id(two: Two) -> None:
    send(two.bob, ALICE, "do it", action_required=True)
    two.between.carry()
    two.clear()
    (work,) = open_work(two.alice).items
    with pytest.raises(SelfSend):
        reassign(two.alice, work.owed.message.id, DAVE, "you do it")


def test_a_message_that_is_sent_again_is_one_message(two: Two) -> None:
    first = send(two.alice, "bob", "once", idempotency_key="k")
    two.clear()
    again = send(two.alice, "bob", "once", idempotency_key="k")
    assert (again.message_id, again.repeated) == (first.message_id, True)
    two.between.carry()
    assert len(inbox(two.bob).messages) == 1


@pytest.mark.parametrize(("silence", "orphan"), [(0, None), (100, Orphan.TARGET_AWAY)])
def test_whoever_runs_on_another_host_is_not_gone(
    two: Two, silence: int, orphan: Orphan | None
) -> None:
    two.question()
    two.clear()
    two.here.world.clock.advance(silence)
    fleet = Collector(two.alice).look()
    for graph in (wait_graph(two.alice).graph, fleet.graph):
        (wait,) = graph.waits
        assert (wait.target, wait.orphan) == (DAVE, orphan)


def test_another_host_takes_no_session_over_by_naming_it_as_an_earlier_id(two: Two) -> None:
    """Host c says that a session of its own went by the ids of Alice and of Bob."""
    evil = MemoryHost("c")
    eve = evil.session(BOB, name="eve")
    eve.session.named_by_hook(ALICE)
    eve.session.named_by_hook(CAROL)
    two.between.hosts = (*two.between.hosts, evil)
    two.between.meet()
    assert send(two.alice, BOB, "hello").as_dict()["remote"]["host_id"] == "b" * 16
    assert two.alice.hosts.ids_of(ALICE) == ()
    assert two.alice.hosts.ids_of(CAROL) == (CAROL,)
    assert {notice.kind for notice in two.alice.notices.recent(10)} == {"session_of_two_hosts"}


def test_an_id_that_nobody_had_is_no_target(two: Two) -> None:
    two.clear()
    with pytest.raises(TargetNotFound):
        send(two.alice, CAROL, "hello")
