from __future__ import annotations

from typing import Any

import pytest

from helpers.stores import ALICE, BOB
from oxtail.core.envelope import Envelope
from oxtail.core.history import Record, Thread, Wanted, record_of, with_peer
from oxtail.core.names import hash32

CAROL = "33333333-3333-4333-8333-333333333333"


def record(
    message_id: str, sender: str | None = ALICE, receiver: str = BOB, **members: Any
) -> Record:
    message = Envelope(
        message_id, "text", members.pop("at", 100), from_session_id=sender, **members
    )
    return Record(receiver, hash32(receiver), message)


def members_of(name: str, *records: Record, **options: Any) -> list[str]:
    thread = Thread(name, **options)
    for each in records:
        thread.add(each)
    return [each.message.id for each in records if thread.has(each)]


QUESTION = record("q", request_id="r1")
ANSWER = record("a", BOB, ALICE, reply_to="r1", source_message_id="q")
FOLLOW_UP = record("f", source_message_id="a")
STRANGER = record("s", CAROL, BOB)


@pytest.mark.parametrize("name", ["q", "a", "f", "r1"])
def test_a_thread_is_named_by_any_of_its_messages_and_by_its_request(name: str) -> None:
    assert members_of(name, QUESTION, ANSWER, FOLLOW_UP, STRANGER) == ["q", "a", "f"]


def test_the_order_in_which_records_are_added_does_not_matter() -> None:
    assert members_of("q", FOLLOW_UP, STRANGER, ANSWER, QUESTION) == ["f", "a", "q"]


def test_answers_to_one_request_belong_together_where_the_question_is_gone() -> None:
    late = record("b", BOB, ALICE, reply_to="r1")

    assert members_of("b", record("a", BOB, ALICE, reply_to="r1"), late) == ["a", "b"]


def test_the_same_request_id_between_others_is_another_thread() -> None:
    other = record("o", CAROL, BOB, request_id="r1")

    assert members_of("q", QUESTION, ANSWER, other) == ["q", "a"]
    assert members_of("o", QUESTION, ANSWER, other) == ["o"]
    assert members_of("r1", QUESTION, other) == ["q", "o"]


def test_a_message_about_another_belongs_to_it_whoever_sent_it() -> None:
    handed_on = record("n", ALICE, CAROL, request_id="r1", source_message_id="q")
    done = record("d", CAROL, ALICE, reply_to="r1", source_message_id="n")

    assert members_of("q", QUESTION, handed_on, done) == ["q", "n", "d"]


def test_a_thread_goes_on_where_a_session_gets_a_new_id() -> None:
    later = record("a", "bob-2", ALICE, reply_to="r1")

    def heir(session_id: str) -> str:
        return "bob-2" if session_id == BOB else session_id

    assert members_of("q", QUESTION, later) == ["q"]
    assert members_of("q", QUESTION, later, same=heir) == ["q", "a"]


def test_a_ledger_whose_session_is_forgotten_counts_as_that_session() -> None:
    question = QUESTION._replace(receiver=None)

    assert members_of("q", question, record("a", BOB, ALICE, reply_to="r1")) == ["q", "a"]


def test_an_unknown_name_names_no_thread() -> None:
    thread = Thread("nothing")
    thread.add(QUESTION)

    assert not thread.is_known
    assert not thread.has(QUESTION)


def test_messages_without_sender_are_of_one_pair_with_their_receiver() -> None:
    one, two = record("1", None, reply_to="r"), record("2", None, reply_to="r")

    assert members_of("1", one, two, record("3", None, CAROL, reply_to="r")) == ["1", "2"]


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        ({"state": "done", "at": 5}, "done"),
        ({"state": "blocked", "at": 5, "outcome": "declined"}, "declined"),
        ({"state": "done", "outcome": "reassigned"}, "reassigned"),
        ({"state": "blocked", "outcome": ["x"]}, "blocked"),
        ({"state": "on fire"}, None),
        ({}, None),
        ("done", None),
    ],
)
def test_the_outcome_of_work_is_told_apart_from_the_message(ending: Any, outcome: str) -> None:
    message = Envelope("m", "text", 1, extra=(("x", 1), ("obligation", ending)))

    found = record_of(BOB, "hash", message)

    assert found.outcome == outcome
    assert found.message.extra == (("x", 1),)


def test_a_peer_is_a_sender_a_receiver_or_a_ledger() -> None:
    assert with_peer([ALICE])(QUESTION)
    assert with_peer([BOB])(QUESTION)
    assert with_peer([hash32(BOB)])(QUESTION._replace(receiver=None))
    assert not with_peer([CAROL])(QUESTION)


@pytest.mark.parametrize(("at", "has"), [(9, False), (10, True), (20, True), (21, False)])
def test_both_ends_of_a_time_belong_to_it(at: int, has: bool) -> None:
    assert Wanted((BOB,), since=10, until=20).has(record("m", at=at)) is has
