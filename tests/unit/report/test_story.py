"""What ends what, who waits and works how long, and whose lane it is."""

from __future__ import annotations

from helpers.example_fleets import EXAMPLES
from helpers.fakes import ALICE, BOB, CAROL
from helpers.fleets import NOW, agent, ask, fleet, ledger, work
from oxtail.core.envelope import Envelope
from oxtail.core.history import Record
from oxtail.core.names import completion_id, hash32
from oxtail.report import story as module
from oxtail.report.facts import Past
from oxtail.report.story import BODY_MAX_CHARS, LANES_MAX, OPERATOR, OTHERS, Kind, story_of

AT = int(NOW)


def message(number: int, sender: str | None, receiver: str, body: str = "text", **members):
    outcome = members.pop("outcome", None)
    identity = members.pop("id", f"{number:016x}")
    envelope = Envelope(identity, body, AT + number, from_session_id=sender, **members)
    return Record(receiver, hash32(receiver), envelope, outcome)


def told(*records: Record, made=None, **facts):
    return story_of(Past(made or fleet(agent("alice"), agent("bob")), records, **facts))


def test_a_question_is_joined_to_its_first_answer_between_the_same_two():
    made = told(
        message(1, ALICE, BOB, request_id="r"),
        message(2, CAROL, ALICE, reply_to="r"),
        message(3, BOB, ALICE, reply_to="r"),
        message(4, BOB, ALICE, reply_to="r"),
    )
    assert [(each.ends, each.ended_by) for each in made.said] == [
        (None, 3), (None, None), (1, None), (None, None),
    ]  # fmt: skip
    (span,) = made.spans
    assert (span.kind, span.lane, span.first, span.last) == (Kind.QUESTION, f"={ALICE}", 1, 3)
    assert not span.is_open


def test_an_answer_that_asks_back_is_both():
    made = told(
        message(1, ALICE, BOB, request_id="r"),
        message(2, BOB, ALICE, reply_to="r", request_id="s"),
        message(3, ALICE, BOB, reply_to="s"),
    )
    assert [(each.ends, each.ended_by) for each in made.said] == [(None, 2), (1, 3), (2, None)]


def test_work_is_joined_to_its_result_by_the_id_that_each_result_has():
    first = message(1, ALICE, BOB, action_required=True, outcome="done")
    second = message(2, ALICE, BOB, action_required=True, request_id="w", outcome="blocked")
    made = told(
        first,
        second,
        message(3, BOB, ALICE, "done it", id=completion_id(first.message.id)),
        message(4, BOB, ALICE, "[blocked] no", reply_to="w"),
    )
    assert [(each.kind, each.ends) for each in made.said[2:]] == [
        (Kind.RESULT, 1), (Kind.RESULT, 2),
    ]  # fmt: skip
    assert [(span.lane, span.first, span.last) for span in made.spans] == [
        (f"={BOB}", 1, 3), (f"={BOB}", 2, 4),
    ]  # fmt: skip


def test_what_goes_on_now_is_told_from_what_has_no_known_end():
    owed = work("bob", f"{1:016x}")
    now = fleet(
        agent("alice"),
        agent("bob"),
        ledgers={BOB: ledger(owed)},
        asks=(ask("alice", "bob", "open", waited_on=True),),
    )
    made = told(
        message(1, ALICE, BOB, action_required=True),
        message(2, ALICE, BOB, action_required=True),
        message(3, ALICE, BOB, request_id="open"),
        message(4, ALICE, BOB, request_id="lapsed"),
        made=now,
    )
    assert [span.is_open for span in made.spans] == [True, False, True, False]


def test_only_provenance_makes_an_operator():
    named = fleet(agent("alice", name="operator"), agent("bob"))
    made = told(message(1, None, BOB, origin="operator"), message(2, ALICE, BOB), made=named)
    assert [each.sender_label for each in made.said] == [OPERATOR, "session operator"]
    assert [each.by_operator for each in made.said] == [True, False]
    assert [lane.key for lane in made.lanes] == [OPERATOR, f"={ALICE}", f"={BOB}"]


def test_a_session_that_got_a_new_id_keeps_its_lane():
    made = told(
        message(1, "old", BOB, request_id="r"),
        message(2, BOB, ALICE, reply_to="r"),
        heirs={"old": ALICE},
    )
    assert made.said[1].ends == 1
    assert [lane.label for lane in made.lanes] == ["alice", "bob"]


def test_few_get_a_lane_of_their_own_and_the_rest_share_one():
    records = [message(n, f"s{n:02d}", BOB) for n in range(1, LANES_MAX + 5)]
    made = told(*records)
    assert len(made.lanes) == LANES_MAX + 1
    assert made.lanes[-1].key == OTHERS
    assert made.lanes[-1].label == "5 others"


def test_a_message_in_two_ledgers_is_told_once():
    one = message(1, ALICE, BOB)
    assert len(told(one, one._replace(receiver=CAROL)).said) == 1


def test_what_is_too_much_is_left_out_from_the_oldest_and_said(monkeypatch):
    monkeypatch.setattr(module, "MESSAGES_MAX", 3)
    made = told(*(message(n, ALICE, BOB, str(n)) for n in range(5)))
    assert ([each.body for each in made.said], made.left_out) == (["2", "3", "4"], True)

    monkeypatch.setattr(module, "BODIES_MAX_BYTES", 50)
    # As it stands in the page, one of these is five bytes.
    made = told(*(message(n, ALICE, BOB, "&" * 5) for n in range(3)))
    assert (len(made.said), made.left_out) == (2, True)


def test_a_long_body_is_cut_and_that_is_said():
    made = told(message(1, ALICE, BOB, "x" * (BODY_MAX_CHARS + 7)))
    assert (len(made.said[0].body), made.said[0].missing, made.cut) == (BODY_MAX_CHARS, 7, 1)


def test_the_order_of_one_second_is_that_of_the_records():
    records = [message(n, ALICE, BOB, str(n)) for n in range(4)]
    records = [each._replace(message=each.message._replace(enqueued_at=AT)) for each in records]
    assert [each.body for each in told(*records).said] == ["0", "1", "2", "3"]


def test_the_example_in_trouble_is_told_whole():
    made = story_of(EXAMPLES["trouble"])
    assert sum(each.ended_by is not None for each in made.said) == 3
    assert sum(span.is_open for span in made.spans) == 6


def test_a_forgotten_ledger_is_that_of_the_session_whose_id_makes_its_name():
    question = message(1, ALICE, BOB, request_id="r")._replace(receiver=None)
    made = told(question, message(2, BOB, ALICE, reply_to="r"))
    assert (made.said[0].receiver_label, made.said[0].ended_by) == ("bob", 2)

    made = told(question)
    assert made.said[0].receiver_label == f"forgotten {hash32(BOB)[:8]}"


def test_lanes_are_those_of_the_messages_that_are_drawn(monkeypatch):
    monkeypatch.setattr(module, "DRAWN_MAX", 2)
    monkeypatch.setattr(module, "LANES_MAX", 2)
    records = [message(n, "old", "older") for n in range(5)]
    made = told(*records, message(6, "new", "newer"), message(7, "new", "newer"))
    assert [lane.key for lane in made.lanes] == ["=new", "=newer", OTHERS]
