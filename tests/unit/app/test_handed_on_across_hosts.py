"""Work that is handed on between sessions of several hosts."""

from __future__ import annotations

import pytest

from helpers.delegating import inbox
from helpers.fakes import ALICE, BOB, CAROL
from helpers.hosts import Between, MemoryHost
from oxtail.app.context import Context
from oxtail.app.send import send
from oxtail.app.work import complete, open_work, reassign
from oxtail.core.names import reassigned_id
from oxtail.core.passing import HandedOn, handed_on, with_handed_on
from oxtail.core.policy import HOLD, REFUSE, Policy, Rule
from oxtail.core.remote import Mail
from oxtail.errors import PeerTakesNoWork, SelfSend, TargetNotFound

DAVE = "44444444-4444-4444-8444-444444444444"


class Place:
    """Alice, Bob, Carol and Dave on hosts of their own or shared, as *where* says."""

    def __init__(self, where: str) -> None:
        self.hosts = {letter: MemoryHost(letter) for letter in sorted(set(where))}
        self.of = {who: self.hosts[letter] for who, letter in zip("abcd", where, strict=False)}
        ids = {"a": ALICE, "b": BOB, "c": CAROL, "d": DAVE}
        self.ctx: dict[str, Context] = {
            who: host.session(ids[who], name=who) for who, host in self.of.items()
        }
        self.between = Between(*self.hosts.values())

    def delegate(self, **options: object) -> str:
        sent = send(self.ctx["a"], BOB, "do it", action_required=True, **options)
        self.between.carry()
        return sent.message_id


@pytest.mark.parametrize("where", ["aab", "aba", "abb", "abc", "aaa"])
def test_work_is_owed_by_the_other_wherever_the_three_are(where: str) -> None:
    place = Place(where)
    alice, bob, carol = (place.ctx[who] for who in "abc")
    work = place.delegate(deadline=1_800_000_500)
    (asked,) = place.of["a"].world.store.pending_asks(ALICE)

    result = reassign(bob, work, "c", "no time")
    place.between.carry()

    assert open_work(bob).items == ()
    (item,) = open_work(carol).items
    got = item.owed.message
    assert (got.id, got.body, got.from_session_id) == (reassigned_id(work), "do it", ALICE)
    assert (got.request_id, got.deadline) == (asked.request_id, 1_800_000_500)
    assert dict(got.extra)["reassigned_by"] == BOB
    assert result.reassigned_message_id == got.id
    (waits,) = place.of["a"].world.store.pending_asks(ALICE)
    assert (waits.target, waits.message_id) == (CAROL, got.id)
    (note,) = inbox(alice).messages
    assert note.body == f"[reassigned] to {CAROL}: no time"
    assert "handed_on" not in dict(note.extra)

    complete(carol, got.id, "42")
    place.between.carry()
    (answer,) = inbox(alice).messages
    assert (answer.body, answer.reply_to) == ("42", asked.request_id)
    assert place.of["a"].world.store.pending_asks(ALICE) == ()


@pytest.mark.parametrize("where", ["abcd", "abbc", "abcb", "abab", "abba"])
def test_work_is_handed_on_again(where: str) -> None:
    place = Place(where)
    work = place.delegate()
    there = reassign(place.ctx["b"], work, CAROL, "you").reassigned_message_id or ""
    place.between.carry()
    again = reassign(place.ctx["c"], there, DAVE, "no, you").reassigned_message_id or ""
    place.between.carry()
    assert open_work(place.ctx["c"]).items == ()
    assert [item.owed.message.id for item in open_work(place.ctx["d"]).items] == [again]
    complete(place.ctx["d"], again, "42")
    place.between.carry()
    assert "42" in [message.body for message in inbox(place.ctx["a"]).messages]
    assert place.of["a"].world.store.pending_asks(ALICE) == ()


def test_work_does_not_go_back_to_its_requester_and_not_to_nobody() -> None:
    place = Place("abc")
    work = place.delegate()
    for target, error in ((ALICE, SelfSend), ("nobody", TargetNotFound)):
        with pytest.raises(error):
            reassign(place.ctx["b"], work, target, "x")
    assert open_work(place.ctx["b"]).items


def test_a_host_of_the_first_version_is_not_asked_to_pass_work_on() -> None:
    place = Place("abc")
    work = place.delegate()
    old = place.hosts["a"].open().describe()._replace(can=())
    place.hosts["b"].open().heard(old)
    with pytest.raises(PeerTakesNoWork):
        reassign(place.ctx["b"], work, CAROL, "x")
    assert open_work(place.ctx["b"]).items


@pytest.mark.parametrize("action", [REFUSE, HOLD])
def test_work_that_cannot_be_given_ends_and_its_requester_is_told(action: str) -> None:
    """Carol is a session of the requester's host, and lets nothing of Alice pass by itself."""
    place = Place("aba")
    place.ctx["c"].policies.set_session(CAROL, Policy((Rule("a", action),)))
    work = place.delegate()
    reassign(place.ctx["b"], work, CAROL, "you")
    place.between.carry()
    bodies = [message.body for message in inbox(place.ctx["a"]).messages]
    assert any(body.startswith("[blocked] The work was to be handed on") for body in bodies)
    assert place.of["a"].world.store.pending_asks(ALICE) == ()
    assert open_work(place.ctx["c"]).items == ()


def test_work_that_the_third_host_refuses_ends_and_its_requester_is_told() -> None:
    place = Place("abc")
    place.ctx["c"].policies.set_session(CAROL, Policy((Rule("a", REFUSE),)))
    work = place.delegate()
    reassign(place.ctx["b"], work, CAROL, "you")
    place.between.carry()
    bodies = [message.body for message in inbox(place.ctx["a"]).messages]
    assert any(body.startswith("[refused] The other host did not take") for body in bodies)
    assert place.of["a"].world.store.pending_asks(ALICE) == ()


@pytest.mark.parametrize("liar", ["c", "d"])
def test_whoever_does_not_owe_the_work_hands_nothing_on(liar: str) -> None:
    place = Place("abbc")
    work = place.delegate()
    sender = {"c": CAROL, "d": DAVE}[liar]
    note = with_handed_on(
        send(place.ctx[liar], ALICE, "mine").as_dict() and _note(sender),
        HandedOn(work, DAVE, place.of["d"].host_id, "pay me"),
    )
    here = place.hosts["a"].open()
    place.between.carry()
    assert here.arrive(Mail(ALICE, _project(place), note), place.of[liar].host_id).is_settled
    place.between.carry()
    (waits,) = place.of["a"].world.store.pending_asks(ALICE)
    assert waits.target == BOB
    assert open_work(place.ctx["d"]).items == ()


def test_one_note_counts() -> None:
    place = Place("abcd")
    work = place.delegate()
    reassign(place.ctx["b"], work, CAROL, "you")
    place.between.carry()
    second = with_handed_on(
        _note(BOB), HandedOn(work, DAVE, place.of["d"].host_id, "something else")
    )
    here = place.hosts["a"].open()
    here.arrive(Mail(ALICE, _project(place), second), place.of["b"].host_id)
    place.between.carry()
    assert open_work(place.ctx["d"]).items == ()
    assert len(open_work(place.ctx["c"]).items) == 1


def _note(sender: str):
    from oxtail.core.envelope import Envelope

    return Envelope("f" * 16, "note", 1_800_000_000, from_session_id=sender)


def _project(place: Place) -> str | None:
    return place.ctx["a"].projects.key("/project")


@pytest.mark.parametrize(
    "members",
    [
        None,
        [],
        {"message_id": "x", "to": BOB},
        {"message_id": "1" * 16, "to": "a\nb"},
        {"message_id": "1" * 16, "to": BOB, "host": "../x", "body": "b"},
        {"message_id": "1" * 16, "to": BOB, "host": "a" * 16, "body": ""},
        {"message_id": "1" * 16, "to": BOB, "host": "a" * 16, "body": "b" * 8193},
        {"message_id": "1" * 16, "to": BOB, "host": "a" * 16, "body": 5},
    ],
)
def test_what_is_no_such_member_says_nothing(members: object) -> None:
    assert handed_on(_note(BOB)._replace(extra=(("handed_on", members),))) is None
