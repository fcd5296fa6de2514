"""Policies, limits and groups between hosts: judged by the receiver's host, told to the sender."""

from __future__ import annotations

import threading

import pytest

from helpers.delegating import inbox
from helpers.fakes import ALICE, BOB, CAROL
from helpers.hosts import Between, MemoryHost
from helpers.waiting import until
from oxtail.app.ask import ask
from oxtail.app.context import Context
from oxtail.app.group import send_many
from oxtail.app.policy import held, release
from oxtail.app.results import AskResult
from oxtail.app.send import reply, send
from oxtail.app.status import message_status
from oxtail.app.work import complete
from oxtail.core.policy import ACCEPT, HOLD, REFUSE, Policy, Rule
from oxtail.errors import Damped, MailboxFull, Refused


class Two:
    """Alice on one host, Bob and Carol on another."""

    def __init__(self, **settings: int) -> None:
        here, there = MemoryHost("a"), MemoryHost("b")
        self.here, self.there = here, there
        self.alice: Context = here.session(ALICE, name="alice", **settings)
        self.bob: Context = there.session(BOB, name="bob")
        self.carol: Context = there.session(CAROL, name="carol")
        self.between = Between(here, there)

    def policy(self, *rules: tuple[str, str]) -> None:
        self.bob.policies.set_session(BOB, Policy(tuple(Rule(who, what) for who, what in rules)))

    def status(self, message_id: str) -> str:
        return message_status(self.alice, message_id).status


@pytest.fixture
def two() -> Two:
    return Two()


@pytest.mark.parametrize("who", ["alice", ALICE, "*"])
def test_held_mail_waits_for_a_person_there_and_its_sender_knows(two: Two, who: str) -> None:
    two.policy((who, HOLD))
    sent = send(two.alice, "bob", "hello").message_id
    two.between.carry()
    assert inbox(two.bob).messages == ()
    assert two.status(sent) == "held"
    (waiting,) = held(two.bob, (BOB,))
    assert waiting.message.id == sent
    release(two.bob, (BOB,), "alice")
    (got,) = inbox(two.bob).messages
    two.between.carry()
    assert (got.id, two.status(sent)) == (sent, "shown")


def test_refused_mail_is_nowhere_and_its_sender_is_told(two: Two) -> None:
    two.policy(("alice", REFUSE))
    sent = send(two.alice, "bob", "hello").message_id
    two.between.carry()
    assert inbox(two.bob).messages == ()
    assert held(two.bob, (BOB,)) == ()
    assert two.status(sent) == "refused"
    (word,) = inbox(two.alice).messages
    assert (word.source_message_id, word.from_session_id, word.reply_to) == (sent, None, None)
    assert dict(word.extra)["returned"] == "policy"


def test_a_rule_that_accepts_goes_before_one_that_refuses(two: Two) -> None:
    two.policy(("alice", ACCEPT), ("*", REFUSE))
    send(two.alice, "bob", "hello")
    two.between.carry()
    assert [message.body for message in inbox(two.bob).messages] == ["hello"]


def test_an_answer_passes_a_policy_that_refuses(two: Two) -> None:
    """Alice answers what Bob has asked, and closes what he has delegated."""
    two.policy(("*", REFUSE))
    work = send(two.bob, "alice", "do", action_required=True).message_id
    two.between.carry()
    complete(two.alice, work, "42")
    two.between.carry()
    assert [message.body for message in inbox(two.bob).messages] == ["42"]


@pytest.mark.parametrize("action", [HOLD, REFUSE])
def test_a_question_that_will_not_be_answered_ends_its_wait(two: Two, action: str) -> None:
    """The clock stands still, so nothing but the word of the other host ends it."""
    two.policy(("alice", action))
    results: list[AskResult] = []
    errors: list[Refused] = []

    def work() -> None:
        try:
            ask(two.alice, "bob", "ready?", results.append, timeout_ms=30_000)
        except Refused as error:
            errors.append(error)

    asking = threading.Thread(target=work, daemon=True)
    asking.start()
    store = two.here.world.store
    until(lambda: store.waiting_asks(ALICE) and store.has_mail("x-" + two.there.host_id))
    two.between.carry()
    asking.join(60)
    assert not asking.is_alive()
    if action == HOLD:
        (result,) = results
        assert (result.held, result.timed_out, result.wake_status) == (True, True, "skipped_held")
        assert len(store.pending_asks(ALICE)) == 1
    else:
        (error,) = errors
        assert error.fields["reason"] == "policy"
        assert store.pending_asks(ALICE) == store.waiting_asks(ALICE) == ()
        assert inbox(two.alice).messages == ()


def test_work_that_is_refused_pulls_its_requester_back(two: Two) -> None:
    two.policy(("alice", REFUSE))
    sent = send(two.alice, "bob", "do", action_required=True).message_id
    (pending,) = two.here.world.store.pending_asks(ALICE)
    two.between.carry()
    assert two.here.world.store.pending_asks(ALICE) == ()
    (word,) = inbox(two.alice).messages
    assert word.reply_to == pending.request_id
    assert two.status(sent) == "refused"


def test_held_mail_has_a_bound_there_too(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(ctx: Context, session_id: str) -> None:
        raise MailboxFull

    monkeypatch.setattr("oxtail.app.policy.check_held_room", full)
    two.policy(("alice", HOLD))
    sent = send(two.alice, "bob", "hello").message_id
    two.between.carry()
    assert (two.status(sent), held(two.bob, (BOB,))) == ("refused", ())


def test_a_flood_is_stopped_by_a_host_whose_sender_has_no_limits() -> None:
    """The limit there is twice that at home: times come in whole seconds."""
    two = Two(pair_per_minute=0, session_per_minute=0)
    limit = two.bob.settings.pair_per_minute
    ids = [send(two.alice, "bob", f"spam {n}").message_id for n in range(2 * limit + 3)]
    two.between.carry()
    assert [two.status(each) for each in ids[-3:]] == ["refused"] * 3
    assert {two.status(each) for each in ids[:-3]} <= {"carried", "offered"}
    (word,) = inbox(two.alice).messages
    assert dict(word.extra)["returned"] == "pair-rate"


def test_the_senders_own_limits_count_messages_to_other_hosts() -> None:
    two = Two(pair_per_minute=3)
    for number in range(3):
        send(two.alice, "bob", f"{number}")
    with pytest.raises(Damped):
        send(two.alice, "bob", "4")


def test_two_that_thank_each_other_across_hosts_are_stopped(two: Two) -> None:
    send(two.alice, "bob", "the build is green")
    people = [(two.bob, "alice"), (two.alice, "bob")]

    def thank() -> None:
        for number in range(30):
            two.between.carry()
            who, to = people[number % 2]
            inbox(who)
            send(who, to, "thanks!")

    with pytest.raises(Damped) as stopped:
        thank()
    assert stopped.value.reason == "acknowledgements"


def test_hops_are_counted_across_hosts(two: Two) -> None:
    first = send(two.alice, "bob", "one")
    two.between.carry()
    (got,) = inbox(two.bob).messages
    reply(two.bob, got.id, "two")
    two.between.carry()
    (back,) = inbox(two.alice).messages
    assert back.source_message_id == first.message_id
    assert dict(back.extra)["hops"] == 1


def test_all_reaches_the_project_on_every_host_and_nobody_else(two: Two) -> None:
    two.there.session("elsewhere", cwd="/other")
    two.here.session("near")
    two.between.meet()
    rows = send_many(two.alice, "all", "hello").as_dict()["results"]
    assert {row["target"]: bool(row.get("remote")) for row in rows} == {
        BOB: True,
        CAROL: True,
        "near": False,
    }
    two.between.carry()
    assert [m.body for ctx in (two.bob, two.carol) for m in inbox(ctx).messages] == ["hello"] * 2


def test_a_group_names_sessions_of_several_hosts_and_each_gets_it_once(two: Two) -> None:
    two.here.session("near")
    rows = send_many(two.alice, ["near", "bob", f"bob@{two.there.host_id}", "nobody"], "hi").rows
    assert [row.ok for row in rows] == [True, True, True, False]
    assert rows[2].same_as == "bob"
    two.between.carry()
    assert len(inbox(two.bob).messages) == 1


def test_one_that_is_refused_stops_no_other_of_a_group(two: Two) -> None:
    two.policy(("*", REFUSE))
    rows = send_many(two.alice, "all", "hello").rows
    two.between.carry()
    found = {row.target: two.status(row.result.message_id) for row in rows if row.result}
    assert found[BOB] == "refused"
    assert found[CAROL] != "refused"
